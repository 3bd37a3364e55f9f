"""Plans that were read before, by the part of a query that most URLs of a site share.

What differs from picture to picture is ``url``, its version ``v``, and where URLs are signed ``expires`` and ``sig``; all else is the same for thousands of them.
Reading it takes 0.5 ms, which is more than fetching the original from nearby. Knows queries as bytes.
"""

from dataclasses import dataclass, field
from typing import Final

from pixmill.plan.ops import Plan

MAX_PLANS: Final = 1_024
"""When so many are known, all are forgotten: each is read again once."""

MAX_SHARED_BYTES: Final = 1_024
"""Longer ones are not kept, so that strangers cannot fill the memory with them."""

_OWN: Final = (b"url=", b"v=", b"expires=", b"sig=")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the shared part of a query says."""

    plan: Plan
    filename: str
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class FamiliarPlans:
    """What was read from each shared part."""

    _known: dict[bytes, Wanted] = field(default_factory=dict)

    def recall(self, shared: bytes) -> Wanted | None:
        return self._known.get(shared)

    def remember(self, shared: bytes, wanted: Wanted) -> None:
        if len(shared) > MAX_SHARED_BYTES:
            return
        if len(self._known) >= MAX_PLANS:
            self._known.clear()
        self._known[shared] = wanted


def parted(query: bytes) -> tuple[bytes, bytes]:
    """What a query says of its own picture and access, and the rest, each in its order."""
    own: list[bytes] = []
    shared: list[bytes] = []
    for piece in query.split(b"&"):
        (own if piece.startswith(_OWN) else shared).append(piece)
    return b"&".join(own), b"&".join(shared)
