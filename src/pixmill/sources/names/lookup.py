"""The type of a resolver of host names. A module of its own, so that it can be named before a resolver is loaded."""

from collections.abc import Awaitable, Callable

Lookup = Callable[[str, int], Awaitable[list[str]]]
"""Returns the addresses of a host name and port. Raises OSError, also as TimeoutError, and SourceBusy."""
