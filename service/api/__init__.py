"""The service over HTTP: closed from the first day, an agency sees its own and nothing else, and no answer echoes input."""
