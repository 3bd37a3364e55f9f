"""The registrable domain of a host name, by the Public Suffix List: all names in it have one owner.

The list is part of the wheel ``publicsuffixlist``; nothing is downloaded. Must never resolve a name.
"""

from functools import cache, lru_cache
from ipaddress import ip_address
from typing import Final

from publicsuffixlist import PublicSuffixList

_CACHED_HOSTS: Final = 4096


@lru_cache(_CACHED_HOSTS)
def registrable_domain(host: str) -> str:
    """Return the domain that limits are shared out by: ``example.co.uk`` for ``a.b.example.co.uk``.

    An address, a public suffix and a name without a dot stand for themselves. The private section of the list counts,
    so each bucket of ``s3.amazonaws.com`` and each ``github.io`` site has its own. ``host`` has no port.
    """
    name = host.rstrip(".").lower()
    try:
        return str(ip_address(name.strip("[]")))
    except ValueError:
        return _public_suffixes().privatesuffix(name) or name


@cache
def _public_suffixes() -> PublicSuffixList:
    """Parse the list on first use: it takes 2.4 MB and 0.1 s, in vain where all originals come from stores."""
    return PublicSuffixList()


def load_public_suffixes() -> None:
    """Parse the list now, in a thread, rather than in the event loop at the first use."""
    _public_suffixes()
