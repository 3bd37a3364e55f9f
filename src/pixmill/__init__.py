"""The version, nothing else: every worker process executes this file."""

__version__ = "0.1.0"
