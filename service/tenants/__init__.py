"""Tenants: an agency is the container of everything, and whose transaction it is decides what is there."""
