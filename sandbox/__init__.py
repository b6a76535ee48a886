"""A state endpoint that we can run, break and trust. It shares with us the published specification and nothing else."""
