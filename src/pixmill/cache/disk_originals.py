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

from pixmill.budget import UNBOUNDED, Budget
from pixmill.cache.deposit import Label, fill, label, packed, read_label
from pixmill.cache.room import Room
from pixmill.cache.tier import Absent
from pixmill.plan.key import Key
from pixmill.ports import Deposit, Original, Traced
from pixmill.spool import Spool

_ANY_SIZE: Final = 2**62  # a purge looks at the beginning only


@dataclass(frozen=True, slots=True)
class _Opened:
    file: FileIO
    label: Label


class DiskOriginals(Room):
    """Deposits as files, one each."""

    remote = False
    budget: Budget = UNBOUNDED
    """The account of the memory that bodies are read into."""

    max_source_bytes: float = inf
    """What is larger is not read: the limit may have been lowered since it was written."""

    async def get(self, key: Key) -> Deposit | Absent:
        """Skipped as well where there is no memory for it at once: whoever fetches it waits for some."""
        opened = await self._read(lambda: self._opened(key), _close) or Absent.SKIPPED
        if isinstance(opened, Absent):
            return opened
        with opened.file:
            return await self._body(key, opened)

    async def put(self, key: Key, deposit: Deposit) -> None:
        await self._store(key, lambda: packed(key, deposit), deposit.kept_until)

    async def purge(self, is_gone: Callable[[Traced], bool]) -> int:
        def is_file_gone(name: str, beginning: bytes) -> bool:
            said = label(name, beginning, _ANY_SIZE)
            return said is not None and is_gone(said)

        return await self.remove_if(is_file_gone)

    def _opened(self, key: Key) -> _Opened | Absent:
        opened = self._folder.open(key)
        if opened is None:
            return Absent.MISS
        file, size = opened
        said = read_label(key, file, size)
        if said is not None and said.body_bytes <= min(self.max_source_bytes, self._ledger.margin):
            return _Opened(file, said)
        file.close()
        return Absent.MISS if said else self._damaged(key)

    async def _body(self, key: Key, opened: _Opened) -> Deposit | Absent:
        said, claim = opened.label, self.budget.claim()
        spool = Spool(said.body_bytes, claim=claim)
        try:
            if not claim.at_once(said.body_bytes):
                spool.close()
                return Absent.SKIPPED
            place, file = _another(spool.fd), _another(opened.file.fileno())
            found = await self._read(lambda: self._filled(key, place, file, said)) or Absent.SKIPPED
            if found is not said:
                spool.close()
                return found if isinstance(found, Absent) else Absent.DAMAGED
        except BaseException:
            spool.close()
            raise
        spool.received(said.body_bytes)
        spool.seal()
        original = Original(
            spool,
            said.validator,
            said.vouched,
            sources=said.sources,
            tags=said.tags,
            heeds=said.heeds,
            modified=said.modified,
        )
        return Deposit(original, said.checked_at, said.kept_until)

    def _filled(self, key: Key, place: FileIO, file: FileIO, said: Label) -> Label | Absent:
        with place, file:
            return said if fill(place, file, said) else self._damaged(key)


def _close(opened: _Opened | Absent) -> None:
    if isinstance(opened, _Opened):
        opened.file.close()


def _another(fd: int) -> FileIO:
    return FileIO(os.dup(fd), "rb+")
