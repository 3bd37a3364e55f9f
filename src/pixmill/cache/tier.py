"""What every tier of the cache can do.

A tier may fail (with a StoreError); ``tiered.py`` is where failing becomes having nothing.
"""

from collections.abc import Callable
from enum import StrEnum
from hashlib import sha256
from secrets import token_bytes
from time import time
from typing import Final, Protocol, TypeAlias, TypeVar, runtime_checkable

from pixmill.cache.breaker import Breaker
from pixmill.cache.purge.file_log import PurgeLog
from pixmill.errors import StoreUnavailable
from pixmill.media import Format
from pixmill.plan.key import Key
from pixmill.ports.values import Entry, HasPurgeKeys

PROBE_TTL_S: Final = 60.0
"""For so long a probe is good; a tier that sees to the ends of entries by itself must not refuse it."""


class Miss(StrEnum):
    """Why a tier has no entry to give; the values are outcomes of a CACHE_LOOKUP.

    Skipped: it was not even looked, because the tier is down or too much is asked of it already.
    """

    ABSENT = "miss"
    DAMAGED = "damaged"
    UNAVAILABLE = "unavailable"


class HasSize(Protocol):
    """What tiers keep: entries, and originals."""

    @property
    def size(self) -> int:
        """Bytes of the body."""


Item = TypeVar("Item", bound=HasSize)


class Tier(Protocol[Item]):
    """One place for items. Bounded by itself; whether an item is still fresh is not its business, though it may
    forget those whose time is over.
    """

    @property
    def name(self) -> str:
        """For metrics, ``Cache-Status`` and readiness; unique among the tiers."""

    async def get(self, key: Key) -> Item | Miss:
        """The item last put, unless it was evicted or is damaged. Raises StoreError."""

    async def put(self, key: Key, item: Item, /) -> None:
        """Store or replace; an item that is too large for the tier leaves nothing under its key. Raises StoreError."""

    async def delete(self, key: Key) -> None:
        """Forget the item, if there is one. Raises StoreError."""

    async def ping(self) -> None:
        """A real round trip. Raises StoreError."""

    async def close(self) -> None:
        """Finish what was begun and let go; the tier is not used afterwards."""


ResultTier: TypeAlias = Tier[Entry]
"""A tier of the cache of results."""


@runtime_checkable
class HasUsedBytes(Protocol):
    """A tier that knows how full it is."""

    @property
    def used_bytes(self) -> int: ...


@runtime_checkable
class HasBreaker(Protocol):
    """A tier that is left out while it does not work."""

    @property
    def breaker(self) -> Breaker: ...


@runtime_checkable
class Purgeable(Protocol):
    """A tier that can look for what was purged."""

    @property
    def name(self) -> str: ...

    async def purge(self, is_purged: Callable[[HasPurgeKeys], bool]) -> int:
        """Forget all items of which this is true, without hurry; how many they were. Those it looks at may come without
        their bodies, and looking is no use. Raises StoreError.
        """


@runtime_checkable
class SharedTier(Protocol):
    """A tier that others may use too, or this server after its next start: with it goes a place where purges are written up.

    In a ``remote`` one, each look costs: what was purged is looked for by the server that was told to purge, and no other.
    """

    remote: bool

    def purge_log(self) -> PurgeLog: ...


@runtime_checkable
class Peekable(Protocol):
    """A tier that can answer without waiting."""

    name: str

    def peek(self, key: Key) -> Entry | Miss:
        """What ``get`` gives, at once."""


def probe_entry() -> tuple[Key, Entry]:
    """An entry that is unlike any other, to be put, got and deleted by a ``ping``."""
    token = token_bytes(16)
    entry = Entry(
        body=token,
        format=Format.PNG,
        width=1,
        height=1,
        etag='"probe"',
        source_validator="probe",
        stored_at=0.0,
        fresh_until=0.0,
        stale_until=time() + PROBE_TTL_S,
    )
    return Key(sha256(token).hexdigest()), entry


async def check_round_trip(tier: ResultTier) -> None:
    """Put, get and delete a probe; raises StoreError when it does not come back as it went."""
    key, entry = probe_entry()
    await tier.put(key, entry)
    found = await tier.get(key)
    await tier.delete(key)
    if found != entry:
        raise StoreUnavailable(detail=f"A probe put into {tier.name} came back as {found!r}")
