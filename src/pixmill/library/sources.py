"""Where originals of a call come from: bytes, paths, file objects, URLs.

A ``str`` is a URL if it has a scheme and ``//``, or is a ``canvas:``; otherwise it is a path. A ``Path`` is always a
path, and ``bytes`` are always an image.
"""

import asyncio
import errno
import inspect
import os
import re
import stat
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeAlias, cast
from urllib.parse import unquote_to_bytes

from pixmill.errors import InvalidParameter, PixmillError, SourceDenied, SourceError, SourceNotFound
from pixmill.plan.source import SourceKind, SourceRef, parse_source
from pixmill.runtime.spool import Spool


class Readable(Protocol):
    """A file object, open for reading bytes."""

    def read(self, size: int, /) -> bytes: ...


class AsyncReadable(Protocol):
    """A file object whose ``read`` is a coroutine, such as the upload of a web framework."""

    async def read(self, size: int, /) -> bytes: ...


Bytes: TypeAlias = bytes | bytearray | memoryview
Source: TypeAlias = str | os.PathLike[str] | Bytes | Readable
"""What a call takes an original from."""

AsyncSource: TypeAlias = Source | AsyncReadable

_CHUNK_BYTES: Final = 2**20
_MAX_NAME_CHARS: Final = 200
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|canvas:", re.IGNORECASE)
_FILE_URL: Final = re.compile(r"file://([^/?#]*)([^?#]*)", re.IGNORECASE | re.DOTALL)
_FETCHED_KINDS: Final = frozenset((SourceKind.HTTP, SourceKind.STORE, SourceKind.CANVAS))
_KINDS: Final = "bytes, a path, a URL or an open binary file"
_OPEN_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe without a writer must not block
_ERRORS: Final[dict[int, type[SourceError]]] = {
    errno.ENOENT: SourceNotFound,
    errno.ENOTDIR: SourceNotFound,
    errno.EACCES: SourceDenied,
    errno.EPERM: SourceDenied,
}


def url_of(source: object) -> SourceRef | None:
    """Return the reference of a URL; None if the source is none. Raises InvalidParameter."""
    if not isinstance(source, str) or not _URL.match(source) or _is_file_url(source):
        return None
    try:
        ref = parse_source(source)
    except PixmillError as error:
        hint = "A path that looks like a URL is given as a Path"
        raise InvalidParameter(error.message, param="source", hint=hint) from None
    if ref.kind not in _FETCHED_KINDS:
        raise InvalidParameter("The source must be " + _KINDS, param="source")
    return ref


def describe(source: object) -> str:
    """Name a source for a message, in a few words."""
    if isinstance(source, str | os.PathLike):
        text = str(os.fspath(source))
        return text if len(text) <= _MAX_NAME_CHARS else f"{text[:_MAX_NAME_CHARS]}…"
    return f"{len(source):,} bytes" if isinstance(source, bytes | bytearray) else type(source).__name__


def check(source: object) -> None:
    """Refuse what is no source. Raises InvalidParameter."""
    is_known = isinstance(source, str | os.PathLike | bytes | bytearray | memoryview)
    if not is_known and not callable(getattr(source, "read", None)):
        raise InvalidParameter(f"The source must be {_KINDS}, not of type {type(source).__name__}", param="source")


def read(source: Source, max_bytes: int) -> Spool:
    """Read a source that is no URL. Raises SourceError, InvalidParameter, and what a file object raises."""
    return _filled(max_bytes, lambda spool: _read_into(spool, source))


async def aread(source: AsyncSource, max_bytes: int) -> Spool:
    """Read without blocking the event loop: files in a thread. Raises as ``read``."""
    read_method = getattr(source, "read", None)
    if inspect.iscoroutinefunction(read_method):
        return await _aread_file(cast("Callable[[int], Awaitable[object]]", read_method), max_bytes)
    if isinstance(source, bytes | bytearray | memoryview) and len(source) <= _CHUNK_BYTES:
        return read(source, max_bytes)
    return await asyncio.to_thread(read, cast("Source", source), max_bytes)


def _filled(max_bytes: int, fill: Callable[[Spool], None]) -> Spool:
    spool = Spool(max_bytes)
    try:
        fill(spool)
    except BaseException:
        spool.close()
        raise
    return spool


async def _aread_file(read_method: Callable[[int], Awaitable[object]], max_bytes: int) -> Spool:
    spool = Spool(max_bytes)
    try:
        while chunk := await _achunk_of(read_method):
            spool.write(_as_bytes(chunk))
    except BaseException:
        spool.close()
        raise
    return spool


async def _achunk_of(read_method: Callable[[int], Awaitable[object]]) -> object:
    try:
        return await read_method(_CHUNK_BYTES)
    except OSError as error:
        raise _file_error(error) from error


def _read_into(spool: Spool, source: Source) -> None:
    if isinstance(source, memoryview):
        spool.write(source.cast("B") if source.contiguous else source.tobytes())
    elif isinstance(source, bytes | bytearray):
        spool.write(source)
    elif isinstance(source, str | os.PathLike):
        _read_path(spool, os.fspath(source))
    else:
        while chunk := _chunk_of(source):
            spool.write(_as_bytes(chunk))


def _chunk_of(file: Readable) -> object:
    try:
        return file.read(_CHUNK_BYTES)
    except OSError as error:
        raise _file_error(error) from error


def _file_error(error: OSError) -> SourceError:
    return SourceError(f"The file object could not be read: {error.strerror or type(error).__name__}", param="source")


def _as_bytes(chunk: object) -> Bytes:
    if isinstance(chunk, bytes | bytearray | memoryview):
        return chunk
    if isinstance(chunk, str):
        kind = "text: open it in binary mode"
    elif inspect.iscoroutine(chunk):
        chunk.close()
        kind = "coroutines: await aresize, ainfo or aplaceholder"
    else:
        kind = f"values of type {type(chunk).__name__}"
    raise InvalidParameter(f"The file object must give bytes, not {kind}", param="source")


def _read_path(spool: Spool, path: str) -> None:
    """Read a file; no other kind, which could block for ever."""
    if _is_file_url(path):
        path = _path_of_file_url(path)
    try:
        fd = os.open(path, _OPEN_FLAGS)
    except ValueError:
        raise InvalidParameter("A path must not contain null characters", param="source") from None
    except OSError as error:
        raise _path_error(path, error) from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise InvalidParameter(f"{describe(path)} is not a file; what can be read is passed open", param="source")
        while chunk := os.read(fd, _CHUNK_BYTES):
            spool.write(chunk)
    except OSError as error:
        raise _path_error(path, error) from error
    finally:
        os.close(fd)


def _path_error(path: str, error: OSError) -> SourceError:
    kind = _ERRORS.get(error.errno or 0, SourceError)
    return kind(f"{describe(path)}: {error.strerror}", param="source")


def _path_of_file_url(url: str) -> str:
    """Return the path as ``Path.as_uri`` has written it, in whatever encoding. Raises InvalidParameter."""
    match = _FILE_URL.match(url)
    if match is None or match[1].lower() not in ("", "localhost"):
        raise InvalidParameter("A file: URL must name no other machine", param="source")
    return os.fsdecode(unquote_to_bytes(os.fsencode(match[2])))


def _is_file_url(text: str) -> bool:
    return _FILE_URL.match(text) is not None
