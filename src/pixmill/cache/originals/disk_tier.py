"""A tier of originals on a file system. How a folder works is in ``room.py``, and what a file says in ``deposit.py``.

Knows memory that a body needs. A thread works on descriptors of its own: it cannot be stopped, and whoever waited for it may have
left and closed theirs.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from io import FileIO
from math import inf
from typing import Final

from pixmill.cache.disk.tier import DiskTier
from pixmill.cache.format.original import OriginalHeader, copy_body, decode_header, encode, read_header
from pixmill.cache.tier import Miss
from pixmill.plan.key import Key
from pixmill.ports.values import CachedOriginal, HasPurgeKeys, Original
from pixmill.runtime.memory_budget import UNLIMITED_BUDGET, MemoryBudget
from pixmill.runtime.spool import Spool

_ASSUMED_SIZE_BYTES: Final = 2**62  # a purge looks at the beginning only


@dataclass(frozen=True, slots=True)
class _OpenFile:
    file: FileIO
    header: OriginalHeader


class DiskOriginalTier(DiskTier):
    """Deposits as files, one each."""

    remote = False
    budget: MemoryBudget = UNLIMITED_BUDGET
    """The account of the memory that bodies are read into."""

    max_source_bytes: float = inf
    """What is larger is not read: the limit may have been lowered since it was written."""

    async def get(self, key: Key) -> CachedOriginal | Miss:
        """Skipped as well where there is no memory for it at once: whoever fetches it waits for some."""
        open_file = await self._read(lambda: self._open_file(key), _close_file) or Miss.UNAVAILABLE
        if isinstance(open_file, Miss):
            return open_file
        with open_file.file:
            return await self._read_body(key, open_file)

    async def put(self, key: Key, cached_original: CachedOriginal) -> None:
        await self._store(key, lambda: encode(key, cached_original), cached_original.retained_until)

    async def purge(self, is_purged: Callable[[HasPurgeKeys], bool]) -> int:
        def is_file_purged(name: str, head: bytes) -> bool:
            header = decode_header(name, head, _ASSUMED_SIZE_BYTES)
            return header is not None and is_purged(header)

        return await self.remove_if(is_file_purged)

    def _open_file(self, key: Key) -> _OpenFile | Miss:
        file_and_size = self._folder.open(key)
        if file_and_size is None:
            return Miss.ABSENT
        file, size = file_and_size
        header = read_header(key, file, size)
        if header is not None and header.body_bytes <= min(self.max_source_bytes, self._quota.margin_bytes):
            return _OpenFile(file, header)
        file.close()
        return Miss.ABSENT if header else self._remove_damaged(key)

    async def _read_body(self, key: Key, open_file: _OpenFile) -> CachedOriginal | Miss:
        header, reservation = open_file.header, self.budget.new_reservation()
        spool = Spool(header.body_bytes, reservation=reservation)
        try:
            if not reservation.try_reserve(header.body_bytes):
                spool.close()
                return Miss.UNAVAILABLE
            destination, cached_file = _duplicate(spool.fd), _duplicate(open_file.file.fileno())
            outcome = (
                await self._read(lambda: self._copy_body(key, destination, cached_file, header)) or Miss.UNAVAILABLE
            )
            if outcome is not header:
                spool.close()
                return outcome if isinstance(outcome, Miss) else Miss.DAMAGED
        except BaseException:
            spool.close()
            raise
        spool.mark_received(header.body_bytes)
        spool.seal()
        original = Original(
            spool,
            header.validator,
            header.directives,
            sources=header.sources,
            tags=header.tags,
            purge_watermark=header.purge_watermark,
            modified=header.modified,
        )
        return CachedOriginal(original, header.checked_at, header.retained_until)

    def _copy_body(
        self, key: Key, destination: FileIO, cached_file: FileIO, header: OriginalHeader
    ) -> OriginalHeader | Miss:
        with destination, cached_file:
            return header if copy_body(destination, cached_file, header) else self._remove_damaged(key)


def _close_file(open_file: _OpenFile | Miss) -> None:
    if isinstance(open_file, _OpenFile):
        open_file.file.close()


def _duplicate(fd: int) -> FileIO:
    return FileIO(os.dup(fd), "rb+")
