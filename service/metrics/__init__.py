"""Figures about the running service: what it counts itself, and what the database knows."""
