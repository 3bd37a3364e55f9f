"""Disk tier of originals. ``disk/tier.py`` runs the folder, ``format/original.py`` defines the file.

Knows the memory that a body needs. A thread works on its own file descriptors: it cannot be stopped, and its caller may
have been cancelled and closed theirs.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from io import FileIO
from math import inf
from pathlib import Path
from time import time
from typing import Final, Self

from pixmill.cache.disk.tier import DiskTier
from pixmill.cache.format.original import OriginalHeader, copy_body, decode_header, encode, read_header
from pixmill.cache.tier import Miss, Selection
from pixmill.plan.key import Key
from pixmill.ports.observe import Observer
from pixmill.ports.values import CachedOriginal, HasPurgeKeys, Original
from pixmill.runtime.memory_budget import UNLIMITED_BUDGET, MemoryBudget
from pixmill.runtime.spool import Spool

_ASSUMED_SIZE_BYTES: Final = 2**62  # a purge reads the beginning of a file only


@dataclass(frozen=True, slots=True)
class _OpenFile:
    file: FileIO
    header: OriginalHeader


class DiskOriginalTier(DiskTier):
    """``Tier[CachedOriginal]`` in a folder.

    Bodies are read into memory of ``budget``. Larger ones than ``max_source_bytes`` are not read: the limit may have
    been lowered since they were written.
    """

    remote = False

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        observer: Observer | None = None,
        *,
        name: str = "disk",
        clock: Callable[[], float] = time,
        budget: MemoryBudget = UNLIMITED_BUDGET,
        max_source_bytes: float = inf,
    ) -> None:
        super().__init__(path, max_bytes, observer, name=name, clock=clock)
        self._budget = budget
        self._max_source_bytes = max_source_bytes

    @classmethod
    async def open(
        cls,
        path: Path,
        max_bytes: int,
        observer: Observer | None = None,
        *,
        name: str = "disk",
        clock: Callable[[], float] = time,
        budget: MemoryBudget = UNLIMITED_BUDGET,
        max_source_bytes: float = inf,
    ) -> Self:
        """Create the folder if it is missing and check that it is writable. Raises StoreError."""
        tier = cls(path, max_bytes, observer, name=name, clock=clock, budget=budget, max_source_bytes=max_source_bytes)
        return await tier._started()

    async def get(self, key: Key) -> CachedOriginal | Miss:
        """Returns UNAVAILABLE also when the budget has no memory at once: a fetch of the source waits for some."""
        open_file = await self._read(lambda: self._open_file(key), _close_file)
        if isinstance(open_file, Miss):
            return open_file
        with open_file.file:
            return await self._read_body(key, open_file)

    async def put(self, key: Key, cached_original: CachedOriginal) -> None:
        await self._store(key, lambda: encode(key, cached_original), cached_original.retained_until)

    async def purge(self, selection: Selection) -> int:
        def read_keys(name: str, head: bytes) -> HasPurgeKeys | None:
            return decode_header(name, head, _ASSUMED_SIZE_BYTES)

        return await self.remove_selected(selection, read_keys)

    def _open_file(self, key: Key) -> _OpenFile | Miss:
        file_and_size = self._folder.open(key)
        if file_and_size is None:
            return Miss.ABSENT
        file, size = file_and_size
        header = read_header(key, file, size)
        if header is not None and header.body_bytes <= min(self._max_source_bytes, self._quota.margin_bytes):
            return _OpenFile(file, header)
        file.close()
        return Miss.ABSENT if header else self._remove_damaged(key)

    async def _read_body(self, key: Key, open_file: _OpenFile) -> CachedOriginal | Miss:
        header, reservation = open_file.header, self._budget.new_reservation()
        spool = Spool(header.body_bytes, reservation=reservation)
        try:
            if not reservation.try_reserve(header.body_bytes):
                spool.close()
                return Miss.UNAVAILABLE
            destination, cached_file = _duplicate(spool.fd), _duplicate(open_file.file.fileno())
            outcome = await self._read(lambda: self._copy_body(key, destination, cached_file, header))
            if isinstance(outcome, Miss):
                spool.close()
                return outcome
        except BaseException:
            spool.close()
            raise
        spool.mark_received(header.body_bytes)
        spool.seal()
        original = Original(
            spool,
            header.version,
            sources=header.sources,
            tags=header.tags,
        )
        return CachedOriginal(original, header.validated_at, header.retained_until)

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
