"""The journal of a batch: which originals are done, so that a batch that was killed goes on where it was.

A folder of any store: ``job.json`` says which job it belongs to, and each finished shard puts one object into
``done/``, with the digests of its originals. Every write is one atomic put under a name that its content gives it, so
that no kill can tear it, and two runs that share a journal cannot harm each other. Knows digests; must never know
names.
"""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from pixmill import __version__
from pixmill.batch.index import DIGEST_BYTES
from pixmill.batch.locations import retried
from pixmill.errors import InvalidParameter, ObjectNotFound
from pixmill.ports.storage import Store

FOLDER: Final = ".pixmill-batch"
"""Beside the results, in a folder of its own for each job."""

_VERSION: Final = 1
_MAX_RECORD_BYTES: Final = 2**22
_READS: Final = 16
"""Records that are read at a time."""


class _Header(Struct, frozen=True):
    version: int
    fingerprint: str
    pixmill: str
    job: dict[str, str]


class _Record(Struct, frozen=True):
    digests: str


class Journal:
    """The records of one job below ``prefix`` of a store."""

    def __init__(self, store: Store, prefix: str, fingerprint: str) -> None:
        self._store = store
        self._prefix = prefix
        self._fingerprint = fingerprint
        self.ignored = 0
        """Records that could not be read: their originals are done again."""

    async def open(self, described: Mapping[str, str]) -> bool:
        """Begin, or return True if the job was begun before. Raises InvalidParameter for another job, StoreError."""
        try:
            header = msgspec.json.decode(await self._get(self._path("job.json")), type=_Header)
        except ObjectNotFound:
            header = None
        except msgspec.MsgspecError as error:
            raise InvalidParameter(
                "The journal cannot be read: it is none, or of another version of Pixmill", param="journal"
            ) from error
        if header is None:
            new = _Header(_VERSION, self._fingerprint, __version__, dict(described))
            await self._put("job.json", msgspec.json.encode(new))
            return False
        if header.version != _VERSION or header.fingerprint != self._fingerprint:
            raise InvalidParameter(_difference(header.job, described), param="journal")
        return True

    async def done(self) -> AsyncIterator[list[bytes]]:
        """Yield the digests of each record."""
        names: list[str] = []
        async for stat in self._store.list(self._path("done")):
            names.append(stat.path)
            if len(names) == _READS:
                for digests in await asyncio.gather(*map(self._read, names)):
                    yield digests
                names.clear()
        for digests in await asyncio.gather(*map(self._read, names)):
            yield digests

    async def record(self, digests: Sequence[bytes]) -> None:
        """Note that these originals are done. Raises StoreError."""
        if not digests:
            return
        packed = b"".join(sorted(digests))
        body = msgspec.json.encode(_Record(b64encode(packed).decode()))
        await self._put(f"done/{sha256(packed).hexdigest()[:24]}.json", body)

    async def clear(self) -> None:
        """Remove it all. Raises StoreError."""
        prefix = self._path("done")
        paths = [stat.path async for stat in self._store.list(prefix)]
        for path in (*paths, self._path("job.json")):
            await self._store.delete(path)

    async def _get(self, path: str) -> bytes:
        return await retried(lambda: self._store.get(path, _MAX_RECORD_BYTES))

    async def _put(self, name: str, body: bytes) -> None:
        await retried(lambda: self._store.put(self._path(name), body))

    async def _read(self, path: str) -> list[bytes]:
        try:
            record = msgspec.json.decode(await self._get(path), type=_Record)
            packed = b64decode(record.digests, validate=True)
        except (msgspec.MsgspecError, ValueError, ObjectNotFound):
            self.ignored += 1
            return []
        return [packed[start : start + DIGEST_BYTES] for start in range(0, len(packed), DIGEST_BYTES)]

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name


def _difference(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Say in what the job of a journal and this one differ."""
    names = [name for name in dict.fromkeys((*before, *now)) if before.get(name) != now.get(name)]
    shown = "; ".join(f"{name} was {before.get(name, 'not given')}, now {now.get(name, 'not given')}" for name in names)
    return (
        f"The journal belongs to another job ({shown or 'of another version of Pixmill'}): give that job again, "
        "another journal, or --restart to begin again"
    )
