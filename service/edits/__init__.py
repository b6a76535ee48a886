"""Edits: what to write in the sender's own file to mend a mechanical fault, only where the answer is certain."""
