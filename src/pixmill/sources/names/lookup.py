"""What a resolver of host names is. Apart from the rest, so that it can be named before anything is loaded."""

from collections.abc import Awaitable, Callable

Lookup = Callable[[str, int], Awaitable[list[str]]]
"""Returns the addresses of a host name and port. Raises OSError, also as TimeoutError, and SourceBusy."""
