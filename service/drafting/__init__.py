"""Drafts of mappings: what a sample's columns are likely to be, how sure that is, and what only a person can tell."""
