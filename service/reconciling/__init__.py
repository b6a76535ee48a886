"""What the Virtual Gateway holds, by its exports, beside what is here: per child and day."""
