"""Shared purge log: append-only segments in a folder or a bucket, compacted when there are more than 32.

Knows the format of a segment, and when to compact. Must never know which rules are in force. A segment is written once
and never changed, so no server can overwrite what another has written; the rules are the union of all segments, in any
order. Compaction writes the new segment before it deletes the old ones: a concurrent reader sees each rule twice rather
than not at all.

    TIER/purges/0001700000000000000-1f2e3d4c     a list of rules; the number is the time of the latest, in microseconds
"""

import asyncio
import logging
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from errno import EISDIR
from math import isfinite
from pathlib import Path
from secrets import token_hex
from stat import S_ISREG
from time import time
from typing import Final, Protocol, TypeVar

import msgspec

from pixmill.errors import ObjectNotFound, ObjectTooLarge, StoreDenied, StoreUnavailable
from pixmill.plan.freshness import YEAR_S
from pixmill.plan.purge import Purge
from pixmill.ports.storage import Store

MAX_SEGMENTS: Final = 32
MAX_SEGMENT_BYTES: Final = 64 * 2**20
"""Far more than all rules that a server holds."""

PURGES_FOLDER: Final = "purges"
_SEGMENT_NAME: Final = re.compile("[0-9]{19}-[0-9a-f]{8}")
_TEMPORARY_SUFFIX: Final = ".tmp"
_NONBLOCKING_FLAGS: Final = os.O_NONBLOCK | os.O_NOCTTY
_LOG = logging.getLogger(__name__)
_DECODER = msgspec.json.Decoder(list[Purge])

ReturnType = TypeVar("ReturnType")


class SegmentStore(Protocol):
    """Stores segments by name."""

    async def names(self) -> list[str]: ...

    async def get(self, name: str) -> bytes:
        """Raises ObjectNotFound, ObjectTooLarge."""

    async def put(self, name: str, data: bytes) -> None: ...

    async def delete(self, name: str) -> None: ...


class SegmentedPurgeLog:
    """``PurgeLog`` of segments. Each is read once; one that is unreadable is skipped with one warning. Ignores other
    files.
    """

    def __init__(self, segments: SegmentStore, *, name: str, poll_s: float, clock: Callable[[], float] = time) -> None:
        self.name = name
        self.poll_s = poll_s
        self._segments = segments
        self._clock = clock
        self._rules_by_segment: dict[str, list[Purge]] = {}
        self._unreadable: set[str] = set()

    async def read(self) -> Sequence[Purge]:
        names = [name for name in await self._segments.names() if _SEGMENT_NAME.fullmatch(name)]
        self._rules_by_segment = {
            name: self._rules_by_segment[name] for name in names if name in self._rules_by_segment
        }
        self._unreadable.intersection_update(names)
        for name in names:
            if name not in self._rules_by_segment:
                with suppress(ObjectNotFound):  # compacted meanwhile: another segment has its rules
                    await self._load_segment(name)
        return [rule for rules in self._rules_by_segment.values() for rule in rules]

    async def write(self, rules: Sequence[Purge]) -> None:
        latest_us = max(0, int(max(rule.at for rule in rules) * 1e6))
        name = f"{latest_us:019d}-{token_hex(4)}"
        await self._segments.put(name, msgspec.json.encode(rules))
        self._rules_by_segment[name] = list(rules)

    async def compact(self, rules: Sequence[Purge]) -> None:
        old = list(self._rules_by_segment)
        if len(old) > MAX_SEGMENTS and rules:
            await self.write(rules)
            for name in old:
                await self._segments.delete(name)
                self._rules_by_segment.pop(name, None)

    async def close(self) -> None:
        """Holds nothing open."""

    async def _load_segment(self, name: str) -> None:
        """Load one segment; one that is unavailable now hides no other, and is tried again."""
        try:
            self._rules_by_segment[name] = await self._decode_segment(name)
        except (StoreDenied, StoreUnavailable) as error:
            if name not in self._unreadable:
                self._unreadable.add(name)
                _LOG.warning("Purge log segment %s on %s is unavailable: %s", name, self.name, error.detail)

    async def _decode_segment(self, name: str) -> list[Purge]:
        try:
            rules = _DECODER.decode(await self._segments.get(name))
        except (msgspec.MsgspecError, ObjectTooLarge, ValueError, RecursionError) as error:
            _LOG.warning("Purge log segment %s on %s is corrupt: %s", name, self.name, error)
            return []
        latest = self._clock() + YEAR_S
        return [rule for rule in rules if isfinite(rule.at) and 0 < rule.at < latest]


class ObjectSegments:
    """Segments as objects below the prefix of a cache tier."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def names(self) -> list[str]:
        return [stat.path.rpartition("/")[2] async for stat in self._store.list(PURGES_FOLDER)]

    async def get(self, name: str) -> bytes:
        return await self._store.get(f"{PURGES_FOLDER}/{name}", MAX_SEGMENT_BYTES)

    async def put(self, name: str, data: bytes) -> None:
        await self._store.put(f"{PURGES_FOLDER}/{name}", data)

    async def delete(self, name: str) -> None:
        await self._store.delete(f"{PURGES_FOLDER}/{name}")


class FileSegments:
    """Segments as files in the folder of a cache tier; written to a temporary file and renamed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / PURGES_FOLDER

    async def names(self) -> list[str]:
        return await _run(self._names)

    async def get(self, name: str) -> bytes:
        try:
            return await _run(lambda: self._read_bytes(name))
        except FileNotFoundError as error:
            raise ObjectNotFound(detail=name) from error

    async def put(self, name: str, data: bytes) -> None:
        await _run(lambda: self._write(name, data))

    async def delete(self, name: str) -> None:
        await _run(lambda: (self._folder / name).unlink(missing_ok=True))

    def _names(self) -> list[str]:
        try:
            return [file.name for file in self._folder.iterdir() if file.suffix != _TEMPORARY_SUFFIX]
        except FileNotFoundError:
            return []

    def _read_bytes(self, name: str) -> bytes:
        """Raises IsADirectoryError for everything that is no regular file: a pipe must not block."""
        with open(
            self._folder / name, "rb", opener=lambda file, flags: os.open(file, flags | _NONBLOCKING_FLAGS)
        ) as file:
            status = os.fstat(file.fileno())
            if not S_ISREG(status.st_mode):
                raise IsADirectoryError(EISDIR, "No file", name)
            if status.st_size > MAX_SEGMENT_BYTES:
                raise ObjectTooLarge(detail=name)
            return file.read(status.st_size)

    def _write(self, name: str, data: bytes) -> None:
        """Write and fsync: a purge that was confirmed must survive a power cut."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path, temporary = self._folder / name, self._folder / f"{name}{_TEMPORARY_SUFFIX}"
        try:
            with open(temporary, "xb", opener=lambda file, flags: os.open(file, flags, 0o600)) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


async def _run(work: Callable[[], ReturnType]) -> ReturnType:
    try:
        return await asyncio.to_thread(work)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoreUnavailable(detail=f"{type(error).__name__}: {error}") from error
