"""A store in a bucket of S3, GCS or Azure: one adapter over obstore.

Must never know which service it is, nor its credentials (``object_store_clients.py``). Translates every foreign
exception (``errors.py``).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

import obstore
from obstore.exceptions import PermissionDeniedError
from obstore.store import AzureStore, GCSStore, S3Store

from pixmill.errors import ObjectNotFound, ObjectTooLarge, StoreError
from pixmill.ports.values import Stat
from pixmill.runtime.bounded import BoundedDict
from pixmill.storage.errors import OBSTORE_ERRORS, translate
from pixmill.storage.paths import NO_PATH, check_readable, check_readable_key, check_writable, is_valid_path

if TYPE_CHECKING:  # names that exist in stub files only
    from obstore import GetResult, ObjectMeta

T = TypeVar("T")

ObstoreClient = S3Store | GCSStore | AzureStore

_MAX_FOLDERS: Final = 16
"""Clients of folders with empty segments; the least recently used is dropped."""

CHUNK_BYTES: Final = 2**20
_MIN_READ_BYTES: Final = 2**18
"""Minimum size of a chunk, gathered from network reads; the last read may exceed it."""

_MAX_DELETED: Final = 1_000
"""Objects of one request, as S3 limits it."""

_PROBE_PATH: Final = ".pixmill-probe"
"""An object that does not exist: one small request for it checks the whole path to the bucket."""


class ObjectStore:
    """A bucket, or the part of it below a prefix.

    ``timeout_s`` limits every operation, and every chunk of a stream and page of a listing. ``open_folder`` builds the
    client of a part of it, by keys with empty segments: obstore has no such keys, and drops slashes at their ends.
    ``open_bulk`` builds one that deletes many objects by one request.
    """

    on_unlisted: Callable[[str, str], None] | None = None
    """Called with the key and the reason of what a listing leaves out."""

    def __init__(
        self,
        client: ObstoreClient,
        timeout_s: float,
        open_folder: Callable[[str], ObstoreClient] | None = None,
        open_bulk: Callable[[], ObstoreClient] | None = None,
    ) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._open_folder = open_folder
        self._open_bulk = open_bulk
        self._bulk_client: ObstoreClient | None = None
        self._folders: BoundedDict[str, ObstoreClient] = BoundedDict(_MAX_FOLDERS)

    async def get(self, path: str, max_bytes: int) -> bytes:
        check_readable(path)
        return await self._with_timeout(self._get(path, max_bytes))

    async def put(self, path: str, data: bytes) -> None:
        """Store in one request, which is atomic; a multipart upload could leave parts behind."""
        check_writable(path)
        await self._with_timeout(self._put(path, data))

    async def delete(self, path: str) -> None:
        check_writable(path)
        with suppress(ObjectNotFound):
            await self._with_timeout(self._delete(path))

    async def delete_all(self, paths: Sequence[str]) -> None:
        """Delete up to a thousand objects by one request where the service can, else one by one."""
        for path in paths:
            check_writable(path)
        for first in range(0, len(paths), _MAX_DELETED):
            batch = paths[first : first + _MAX_DELETED]
            try:
                await self._with_timeout(self._delete_all(batch))
            except StoreError:  # a service without this request, or a reason that a single deletion names
                for path in batch:
                    await self.delete(path)

    async def stat(self, path: str) -> Stat:
        """Also of an object whose key is no path, such as ``a//b``."""
        check_readable_key(path)
        return await self._with_timeout(self._stat(path))

    async def list(self, prefix: str = "") -> AsyncIterator[Stat]:
        """Skip names that no other operation accepts."""
        if prefix:
            check_readable(prefix)
            with suppress(ObjectNotFound):
                yield await self.stat(prefix)
        pages = obstore.list(self._client, prefix or None)
        while page := await self._with_timeout(_next(pages)):
            for meta in page:
                if not is_valid_path(meta["path"]):
                    if self.on_unlisted is not None:
                        self.on_unlisted(meta["path"], NO_PATH)
                elif meta["path"] != prefix:
                    yield _stat_of(meta["path"], meta)

    async def stream(self, path: str) -> tuple[Stat, AsyncIterator[bytes]]:
        """Also an object whose key is no path, such as ``a//b``."""
        check_readable_key(path)
        result = await self._with_timeout(self._open(path))
        return _stat_of(path, result.meta), self._chunks(result)

    async def ping(self) -> None:
        """Check access. Without the permission to list, S3 reports a missing object as forbidden: StoreDenied."""
        with suppress(ObjectNotFound):
            await self._with_timeout(self._open(_PROBE_PATH))

    async def close(self) -> None:
        """Drop the clients, which close their connections with the last reference."""
        self._folders.clear()
        self._bulk_client = None
        del self._client

    async def _with_timeout(self, operation: Coroutine[Any, Any, T]) -> T:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await operation
        except OBSTORE_ERRORS as error:
            raise translate(error) from error

    async def _open(self, path: str) -> "GetResult":
        return await obstore.get_async(*self._locate(path))

    def _locate(self, path: str) -> tuple[ObstoreClient, str]:
        """Return a client and the path there that together name the object, for keys with empty segments too."""
        segments = path.split("/")
        if "" not in segments:
            return self._client, path
        if self._open_folder is None:
            raise ObjectNotFound(detail=f"Invalid path: {path!r}")
        end = len(segments) - segments[::-1].index("")
        folder = "/".join(segments[:end])
        client = self._folders.get(folder) or self._open_folder(folder)
        self._folders[folder] = client
        return client, "/".join(segments[end:])

    async def _get(self, path: str, max_bytes: int) -> bytes:
        result = await self._open(path)
        if result.meta["size"] > max_bytes:
            raise ObjectTooLarge(detail=f"{path} has {result.meta['size']} bytes, more than {max_bytes}")
        return bytes(await result.bytes_async())

    async def _put(self, path: str, data: bytes) -> None:
        await obstore.put_async(self._client, path, data, use_multipart=False)

    async def _delete(self, path: str) -> None:
        await obstore.delete_async(self._client, path)

    async def _delete_all(self, paths: Sequence[str]) -> None:
        if self._open_bulk and self._bulk_client is None:
            self._bulk_client = self._open_bulk()
        await obstore.delete_async(self._bulk_client or self._client, paths)

    async def _stat(self, path: str) -> Stat:
        try:
            return _stat_of(path, await obstore.head_async(*self._locate(path)))
        except (FileNotFoundError, PermissionDeniedError):
            # A response to HEAD has no body, which distinguishes a missing bucket from a missing object, and wrong
            # credentials; one to GET has.
            return _stat_of(path, (await self._open(path)).meta)

    async def _chunks(self, result: "GetResult") -> AsyncIterator[bytes]:
        stream = aiter(result.stream(min_chunk_size=_MIN_READ_BYTES))
        while (buffer := await self._with_timeout(_next(stream))) is not None:
            view = memoryview(buffer)
            for start in range(0, len(view), CHUNK_BYTES):
                yield bytes(view[start : start + CHUNK_BYTES])


async def _next(stream: AsyncIterator[T]) -> T | None:
    return await anext(stream, None)


def _stat_of(path: str, meta: "ObjectMeta") -> Stat:
    modified = meta["last_modified"].timestamp()
    return Stat(
        path=path, size=meta["size"], modified=modified, validator=meta["e_tag"] or f"{modified}-{meta['size']}"
    )
