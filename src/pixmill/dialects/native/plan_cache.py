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

_PER_IMAGE_PARAMS: Final = (b"url=", b"v=", b"expires=", b"sig=")


@dataclass(frozen=True, slots=True)
class CachedPlan:
    """What the shared part of a query says."""

    plan: Plan
    filename: str
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class PlanCache:
    """What was read from each shared part."""

    _plans: dict[bytes, CachedPlan] = field(default_factory=dict)

    def get(self, shared: bytes) -> CachedPlan | None:
        return self._plans.get(shared)

    def put(self, shared: bytes, cached_plan: CachedPlan) -> None:
        if len(shared) > MAX_SHARED_BYTES:
            return
        if len(self._plans) >= MAX_PLANS:
            self._plans.clear()
        self._plans[shared] = cached_plan


def split_query(query: bytes) -> tuple[bytes, bytes]:
    """What a query says of its own picture and access, and the rest, each in its order."""
    per_image: list[bytes] = []
    shared: list[bytes] = []
    for piece in query.split(b"&"):
        (per_image if piece.startswith(_PER_IMAGE_PARAMS) else shared).append(piece)
    return b"&".join(per_image), b"&".join(shared)
