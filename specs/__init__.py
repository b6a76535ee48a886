"""What the state published, as data, and one reader of it. It parses and checks; it evaluates nothing."""
