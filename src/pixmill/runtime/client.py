"""The client on whose behalf the current task works, for limits that are shared out by client.

Knows an opaque key. Must never know addresses, nor HTTP: the API layer sets the key, and tasks inherit it.
"""

from collections.abc import Hashable
from contextvars import ContextVar
from typing import Final

CURRENT_CLIENT: Final[ContextVar[Hashable]] = ContextVar("client", default=None)
"""The key of the client, as the rate limiter counts it (IPv6: by /64); None for work that no request has started.

Background work, such as the revalidation of a stale result, belongs to the client whose request started it. So does a
shared computation (single flight); if it is rejected because of that client,
the others start it again (``services/singleflight.py``).
"""
