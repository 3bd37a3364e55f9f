"""Interfaces of a cache tier.

A tier may fail with a StoreError; ``tiered.py`` turns a failure into a miss.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from secrets import token_bytes
from time import time
from typing import Final, Protocol, TypeAlias, TypeVar, runtime_checkable

from pixmill.cache.purge_log import PurgeLog
from pixmill.errors import StoreUnavailable
from pixmill.media import Format
from pixmill.plan.freshness import Lifetime
from pixmill.plan.key import Key
from pixmill.plan.purge_rule import PurgeRule
from pixmill.ports.values import Entry, EntryMetadata, HasPurgeKeys, OriginalVersion

PROBE_TTL_S: Final = 60.0
"""Lifetime of a probe: long enough that a tier which expires entries itself does not reject it."""


class Miss(StrEnum):
    """Why a tier returned no entry; the values are outcomes of a CACHE_LOOKUP.

    UNAVAILABLE: the tier was not asked, because its circuit is open or it has too many reads already.
    """

    ABSENT = "miss"
    DAMAGED = "damaged"
    UNAVAILABLE = "unavailable"


class HasSize(Protocol):
    """What tiers store: entries and originals."""

    @property
    def size(self) -> int:
        """Bytes of the body."""


Item = TypeVar("Item", bound=HasSize)


class Tier(Protocol[Item]):
    """One level of a cache. It limits its own size, and may drop expired items, but does not check freshness."""

    @property
    def name(self) -> str:
        """For metrics, ``Cache-Status`` and readiness; unique among the tiers."""

    async def get(self, key: Key) -> Item | Miss:
        """Returns the item last put, unless it was evicted or is damaged. Raises StoreError."""

    async def put(self, key: Key, item: Item, /) -> None:
        """Store or replace; an item that is too large for the tier removes what is under its key. Raises StoreError."""

    async def delete(self, key: Key) -> None:
        """Remove the item, if there is one. Raises StoreError."""

    async def ping(self) -> None:
        """Make a real round trip. Raises StoreError."""

    async def close(self) -> None:
        """Finish running work and release everything; the tier is not used afterwards."""


ResultTier: TypeAlias = Tier[Entry]
"""A tier of the result cache."""


@runtime_checkable
class HasUsedBytes(Protocol):
    """A tier that knows how full it is."""

    @property
    def used_bytes(self) -> int: ...


class Selection(Protocol):
    """The items that new purges remove."""

    @property
    def new(self) -> Sequence[PurgeRule] | None:
        """The hard purges since the last one; None for all in force."""

    @property
    def times_by_source(self) -> Mapping[str, float]:
        """The times of new purges of sources, by the digits with which keys begin."""

    @property
    def times_by_tag(self) -> Mapping[str, float]:
        """The times of new purges of tags, by the digits of their digest."""

    @property
    def names_sources_only(self) -> bool: ...

    @property
    def is_narrow(self) -> bool:
        """Whether only sources and tags are named."""

    def may_match(self, key: str, item: HasPurgeKeys) -> bool:
        """Exclude most items, at less cost than ``is_purged``."""

    def is_purged(self, item: HasPurgeKeys) -> bool: ...


@runtime_checkable
class Purgeable(Protocol):
    """A tier that can remove purged items."""

    @property
    def name(self) -> str: ...

    async def purge(self, selection: Selection) -> int:
        """Remove the selected items, at low priority; returns their number. Raises StoreError.

        The items may be passed without their bodies, and do not count as used.
        """


@runtime_checkable
class SharedTier(Protocol):
    """A tier that other servers use too, or this server after a restart: it holds a purge log.

    In a ``remote`` tier each read costs money or time, so only the server that received a purge removes purged items
    there.
    """

    remote: bool

    def purge_log(self) -> PurgeLog: ...


@runtime_checkable
class Peekable(Protocol):
    """A tier that can answer without waiting."""

    name: str

    def peek(self, key: Key) -> Entry | Miss:
        """Returns what ``get`` returns, at once."""


def probe_entry() -> tuple[Key, Entry]:
    """Returns an entry unlike any other, for ``ping`` to put, get and delete."""
    token = token_bytes(16)
    entry = Entry(
        body=token,
        format=Format.PNG,
        width=1,
        height=1,
        meta=EntryMetadata('"probe"', OriginalVersion("probe"), Lifetime(0.0, 0.0, time() + PROBE_TTL_S)),
    )
    return Key(sha256(token).hexdigest()), entry


async def check_round_trip(tier: ResultTier) -> None:
    """Put, get and delete a probe. Raises StoreError if it comes back changed."""
    key, entry = probe_entry()
    await tier.put(key, entry)
    found = await tier.get(key)
    await tier.delete(key)
    if found != entry:
        raise StoreUnavailable(detail=f"A probe put into {tier.name} came back as {found!r}")
