"""Reports of a run, for people and for machines. A writer turns a run into text; it never judges and holds no value."""
