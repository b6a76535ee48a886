"""Reports of a run, for people and for machines. A writer turns a run into text; it never judges. Only edits hold values."""
