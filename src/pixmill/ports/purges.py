"""What servers tell each other of purges over HTTP, without a Redis between them.

Knows values and the port of their exchange.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from msgspec import Struct

from pixmill.plan.purge_rule import PurgeRule

PEER_PATH: Final = "/admin/peers/purges"


class PeerPurges(Struct, array_like=True, frozen=True):
    """Purges that a server announces to another."""

    server: str
    rules: Sequence[PurgeRule]


class PeerUpdates(Struct, array_like=True, frozen=True):
    """What a server has learned after a place of its journal. ``place`` is where to go on, at the same server."""

    server: str
    place: int
    rules: Sequence[PurgeRule]


class PurgeExchange(Protocol):
    """Exchanges purges with other servers."""

    @property
    def server(self) -> str:
        """The name of this server, another one after each start."""

    async def accept(self, rules: Sequence[PurgeRule]) -> bool:
        """Apply purges that another server has issued; whether all processes of this one do."""

    def updates(self, server: str, after: int) -> PeerUpdates:
        """Return the rules since a place of this server's journal, or all of them."""
