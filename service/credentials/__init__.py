"""Who may ask for what: API keys, vendors' clients and their tokens, roles."""
