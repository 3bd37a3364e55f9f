"""Ports of storage backends: one to three methods each, and ``Store``, which has them all.

Knows no backend. The contract tests in ``tests/contracts`` hold every backend to these docstrings. All failures are
those of ``errors.py``.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

from pixmill.ports.observe import Pingable
from pixmill.ports.values import Stat


class Reader(Protocol):
    async def get(self, path: str, max_bytes: int) -> bytes:
        """Return the object's bytes.

        Raises ObjectNotFound, ObjectTooLarge (before reading more than ``max_bytes``), StoreError.
        """


class Writer(Protocol):
    async def put(self, path: str, data: bytes) -> None:
        """Store or replace atomically: a reader sees the old bytes or the new, never a part. Raises StoreError."""


class Deleter(Protocol):
    async def delete(self, path: str) -> None:
        """Delete the object; a missing one is no error. Raises StoreError."""


@runtime_checkable
class BulkDeleter(Protocol):
    """A store that deletes many objects by few requests."""

    async def delete_all(self, paths: Sequence[str]) -> None:
        """Delete the objects; missing ones are no error. Raises StoreError."""


class Stater(Protocol):
    async def stat(self, path: str) -> Stat:
        """Return size, mtime and validator without the bytes. Raises ObjectNotFound, StoreError."""


class Lister(Protocol):
    def list(self, prefix: str = "") -> AsyncIterator[Stat]:
        """Yield every object whose path is ``prefix`` or lies below it as a folder, in no particular order."""


class Streamer(Protocol):
    async def stream(self, path: str) -> tuple[Stat, AsyncIterator[bytes]]:
        """Return the stat and the bytes in chunks of at most 1 MiB, which the caller counts.

        Raises ObjectNotFound, StoreError.
        """


class Store(Reader, Writer, Deleter, Stater, Lister, Streamer, Pingable, Protocol):
    """A complete storage backend.

    Paths are relative, ``/``-separated, without empty, ``.`` or ``..`` segments; any other path raises ObjectNotFound
    on reading and StoreDenied on writing.
    """

    async def close(self) -> None:
        """Close connections; the store is not used afterwards."""
