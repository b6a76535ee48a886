"""The rosters of assessors and their certification keys: files, tables, edits, and what is told from them."""
