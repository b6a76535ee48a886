"""Whether a mapping keeps its word: against a package, and by cases of its own."""
