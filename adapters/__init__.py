"""Payload and mapping in, reading out: adapters read what agencies send; they never judge, and never raise for bad data."""
