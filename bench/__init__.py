"""Figures, each beside a baseline measured in the same run: machines are noisy, ratios are what to trust."""
