"""Shared purge log of immutable segments in a folder or a bucket, merged in levels as in a log-structured merge tree.

Knows the format of a segment, and when to merge. Must never know which rules are in force. A segment is written once
and never changed, so no server can overwrite what another has written; the rules are the union of all segments, in any
order. More than 32 segments of a level become one of the next level: a million purges lie in at most 130 segments, and
a server reads each rule once a level. The merged segment is written before the others are deleted: a concurrent reader
sees each rule twice rather than not at all.

    TIER/purges/0001700000000000000-1f2e3d4c      level 0, JSON: targets and times; the number is the time of the latest
    TIER/purges/0001700000000000000-1f2e3d4c-2    level 2: magic, then length 2 · id · microseconds 8 of each rule
"""

import asyncio
import logging
import re
import struct
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from math import isfinite
from secrets import token_hex
from time import time
from typing import Final

import msgspec

from pixmill.cache.purge.segments import SegmentStore
from pixmill.cache.purge_log import LogPart
from pixmill.errors import ObjectNotFound, ObjectTooLarge, StoreDenied, StoreUnavailable
from pixmill.plan.freshness import YEAR_S
from pixmill.plan.purge import PurgeTarget
from pixmill.plan.purge_rule import PurgeRule, from_ticks, is_rule_id, rule_of, to_ticks

MAX_SEGMENTS: Final = 32
"""Of a level."""

MAX_LEVEL: Final = 3

_SEGMENT_NAME: Final = re.compile("[0-9]{19}-[0-9a-f]{8}(?:-([1-9]))?")
_MAGIC: Final = b"PXMP\x01"
_LENGTH, _TICKS = struct.Struct(">H"), struct.Struct(">Q")
_MAX_LISTINGS: Final = 5
_LOG = logging.getLogger(__name__)


class _Purge(msgspec.Struct, frozen=True):
    target: PurgeTarget
    at: float


_DECODER = msgspec.json.Decoder(list[_Purge])
_DECODE_ERRORS = (msgspec.MsgspecError, ObjectTooLarge, ValueError, RecursionError, struct.error, IndexError)


class SegmentedPurgeLog:
    """``PurgeLog`` of segments. Each is read once; one that is unreadable is skipped with one warning. Ignores other
    files.
    """

    def __init__(self, segments: SegmentStore, *, name: str, poll_s: float, clock: Callable[[], float] = time) -> None:
        self.name = name
        self.poll_s = poll_s
        self._segments = segments
        self._clock = clock
        self._known: set[str] | None = None
        self._first: set[str] = set()
        self._unreadable: set[str] = set()
        self._has_written = False

    async def read(self) -> AsyncIterator[LogPart]:
        """Yield each new segment. One that vanishes meanwhile was merged: the listing is repeated then."""
        for _ in range(_MAX_LISTINGS):
            names = await self._names()
            if self._has_lost(names):
                self._known = None
            is_complete, self._known = self._known is None, (self._known or set()).intersection(names)
            if is_complete:
                self._first = set(names)
                yield LogPart((), complete=True)
            has_vanished = False
            for name in names:
                if name in self._known:
                    continue
                try:
                    rules = await self._load(name)
                except ObjectNotFound:
                    has_vanished = True
                    continue
                if rules is not None:
                    self._known.add(name)
                    yield LogPart(rules)
            if not has_vanished:
                return

    def rewind(self) -> None:
        self._known = None

    async def write(self, rules: Sequence[PurgeRule]) -> Sequence[PurgeRule]:
        targets = [(rule.target, rule.at) for rule in rules if rule.target]
        if len(targets) == len(rules):
            data, level = msgspec.json.encode([_Purge(target, at) for target, at in targets]), 0
        else:
            data, level = await asyncio.to_thread(_pack, rules), _level_of(len(rules))
        await self._write(data, level, max(rule.at for rule in rules))
        return rules

    async def compact(self, is_in_force: Callable[[PurgeRule], bool]) -> None:
        """Merge the segments of a level that has too many, after this server has written."""
        if not self._has_written:
            return
        self._has_written = False
        names_by_level: dict[int, list[str]] = defaultdict(list)
        for name in self._known or ():
            names_by_level[_level(name)].append(name)
        for level, names in sorted(names_by_level.items()):
            if len(names) > MAX_SEGMENTS:
                await self._merge(names, min(level + 1, MAX_LEVEL), is_in_force)

    async def trim(self, marker: PurgeRule) -> None:
        """Add the marker; rules that it replaces go when their segments are merged."""
        await self.write([marker])

    async def close(self) -> None:
        """Holds nothing open."""

    async def _names(self) -> list[str]:
        names = [name for name in await self._segments.names() if _SEGMENT_NAME.fullmatch(name)]
        self._unreadable.intersection_update(names)
        return names

    def _has_lost(self, names: list[str]) -> bool:
        """Whether segments are missing, and none that was merged since the first listing can have their rules."""
        missing = (self._known or set()).difference(names)
        if not missing:
            return False
        lowest = min(map(_level, missing))
        merged = {_level(name) for name in set(names).difference(self._first)}
        return not any(level > lowest or level == MAX_LEVEL for level in merged)

    async def _merge(self, names: list[str], level: int, is_in_force: Callable[[PurgeRule], bool]) -> None:
        merged: dict[bytes, PurgeRule] = {}
        read = []
        for name in names:
            try:
                rules = await self._load(name)
            except ObjectNotFound:
                continue  # another server has merged it
            if rules is not None:
                read.append(name)
                merged |= {rule.id: rule for rule in rules if is_in_force(rule)}
        if merged:
            data = await asyncio.to_thread(_pack, list(merged.values()))
            await self._write(data, level, max(rule.at for rule in merged.values()))
        for name in read:
            await self._segments.delete(name)
            (self._known or set()).discard(name)

    async def _write(self, data: bytes, level: int, latest: float) -> None:
        name = f"{max(0, to_ticks(latest)):019d}-{token_hex(4)}{f'-{level}' if level else ''}"
        await self._segments.put(name, data)
        self._has_written = True
        if self._known is not None:
            self._known.add(name)

    async def _load(self, name: str) -> list[PurgeRule] | None:
        """Return the rules of a segment; None if it is unavailable now, which hides no other, and is tried again."""
        try:
            data = await self._segments.get(name)
            return await asyncio.to_thread(self._decode, data) if _level(name) else self._decode(data)
        except (StoreDenied, StoreUnavailable) as error:
            if name not in self._unreadable:
                self._unreadable.add(name)
                _LOG.warning("Purge log segment %s on %s is unavailable: %s", name, self.name, error.detail)
            return None
        except _DECODE_ERRORS as error:
            _LOG.warning("Purge log segment %s on %s is corrupt: %s", name, self.name, error)
            return []

    def _decode(self, data: bytes) -> list[PurgeRule]:
        latest = self._clock() + YEAR_S
        if data.startswith(_MAGIC):
            rules = _unpack(data)
        else:
            purges = _DECODER.decode(data)
            rules = (rule_of(one.target, one.at) for one in purges if isfinite(one.at))
        return [rule for rule in rules if 0 < rule.at < latest]


def _level(name: str) -> int:
    found = _SEGMENT_NAME.fullmatch(name)
    return int(found[1] or 0) if found else 0


def _level_of(count: int) -> int:
    """Return the level at which segments have as many rules."""
    return next((level for level in range(1, MAX_LEVEL) if count <= MAX_SEGMENTS ** (level + 1)), MAX_LEVEL)


def _pack(rules: Sequence[PurgeRule]) -> bytes:
    return b"".join((_MAGIC, *(_LENGTH.pack(len(one.id)) + one.id + _TICKS.pack(to_ticks(one.at)) for one in rules)))


def _unpack(data: bytes) -> Iterator[PurgeRule]:
    """Yield the rules. Raises struct.error if the data are cut off."""
    position = len(_MAGIC)
    while position < len(data):
        (length,) = _LENGTH.unpack_from(data, position)
        position += _LENGTH.size
        (ticks,) = _TICKS.unpack_from(data, position + length)
        identifier = data[position : position + length]
        position += length + _TICKS.size
        if is_rule_id(identifier):
            yield PurgeRule(identifier, from_ticks(ticks))
