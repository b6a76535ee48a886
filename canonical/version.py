"""The one version of everything here: the distribution, the reports, the user agent."""

__version__ = "2026.11.0"
