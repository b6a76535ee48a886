"""Webhooks: an agency's own endpoints are told when its submissions change their state."""
