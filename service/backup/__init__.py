"""Backups: taken while the service works, sealed, checked, and restored into a copy that sends nothing unasked."""
