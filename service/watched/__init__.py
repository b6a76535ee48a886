"""The watched folder: files are claimed by a rename, and each ends beside its result."""
