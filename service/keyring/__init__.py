"""The keys: the master wraps the agencies' keys, those wrap the data keys, and these seal the records."""
