"""Lists the originals of a batch: from patterns, and from lists of names.

Knows stores and patterns. Must never hold more than one name in memory.
"""

import asyncio
import os
import select
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import unquote, urlsplit

from pixmill.batch.job import CompiledJob, Failure
from pixmill.batch.locations import Item, Locations
from pixmill.batch.patterns import Pattern, glob_expression, parse_pattern
from pixmill.errors import InvalidParameter
from pixmill.sources.errors import STORE_ERROR_TYPES, STORE_ERRORS, source_error
from pixmill.storage.paths import NO_PATH, is_valid_key, is_valid_path

MAX_NAME_BYTES: Final = 8_192
"""Of a list."""

_READ_BYTES: Final = 2**16
_POLL_INTERVAL_S: Final = 0.05
_MAX_SHOWN: Final = 200


class Listing:
    """All originals of a job, without those below the target or excluded.

    ``on_failure`` is called for those that cannot be taken; ``below_target`` counts what lies where results go.
    """

    def __init__(self, compiled: CompiledJob, locations: Locations, on_failure: Callable[[Failure], None]) -> None:
        self._job = compiled.job
        self._patterns = compiled.patterns()
        self._target = compiled.target.location
        self._locations = locations
        self._on_failure = on_failure
        self._excluded = [glob_expression(one if "/" in one else f"**/{one}") for one in self._job.exclude]
        self.below_target = 0

    async def items(self) -> AsyncIterator[Item]:
        """Yield originals in no particular order, some maybe twice. Raises SourceError if it cannot list."""
        for pattern in self._patterns:
            async for item in self._of_pattern(pattern):
                yield item
        if self._job.files_from:
            async for name in read_names(self._job.files_from, null_separated=self._job.null_separated):
                async for item in self._of_name(name):
                    yield item

    async def _of_name(self, name: bytes) -> AsyncIterator[Item]:
        try:
            pattern = parse_pattern(name.decode(), is_name=True)
        except (UnicodeDecodeError, InvalidParameter) as error:
            shown = name.decode(errors="backslashreplace")[:_MAX_SHOWN]
            self._on_failure(Failure(shown, "invalid_parameter", str(error), "files_from"))
            return
        async for item in self._of_pattern(pattern):
            yield item

    async def _of_pattern(self, pattern: Pattern) -> AsyncIterator[Item]:
        if not pattern.glob:
            is_valid = is_valid_path if pattern.location.startswith("/") else is_valid_key
            if pattern.location and not is_valid(pattern.path):
                self._leave_out(pattern.location, pattern.path, NO_PATH)
            else:
                yield self._locations.narrowed(_single(pattern))
            return
        matches, location = pattern.matcher().fullmatch, pattern.location
        below = _below(location, self._target)

        def on_unlisted(path: str, reason: str) -> None:
            if location.startswith("/") or matches(path):  # a local one may be a folder
                self._leave_out(location, path, reason)

        store = self._locations.open(location, on_unlisted=on_unlisted)
        try:
            async for stat in store.list():
                if not matches(stat.path) or self._is_excluded(stat.path):
                    continue
                if below and stat.path.startswith(below):
                    self.below_target += 1
                    continue
                yield Item(location, stat.path, stat.path, stat.validator)
        except STORE_ERRORS as error:
            raise source_error(error, STORE_ERROR_TYPES).with_subject(location, "inputs") from error

    def _leave_out(self, location: str, path: str, reason: str) -> None:
        if not self._is_excluded(path):
            shown = f"{location}/{path}".encode(errors="backslashreplace").decode()
            self._on_failure(Failure(shown, "source_denied", f"Not listed: {reason}", "inputs"))

    def _is_excluded(self, path: str) -> bool:
        return any(expression.fullmatch(path) for expression in self._excluded)


def _below(location: str, target: str) -> str:
    """Return the folder of results, relative to ``location``, if it is a folder below it; else empty."""
    prefix = location.rstrip("/") + "/"
    return target[len(prefix) :] + "/" if target.startswith(prefix) else ""


def _single(pattern: Pattern) -> Item:
    if pattern.location:
        return Item(pattern.location, pattern.path, pattern.path)
    parts = urlsplit(pattern.path)
    segments = [parts.hostname or "", *(unquote(one).replace("/", "-") for one in parts.path.split("/"))]
    return Item("", pattern.path, "/".join(one for one in segments if one not in {"", ".", ".."}))


async def read_names(path: str, *, null_separated: bool = False) -> AsyncIterator[bytes]:
    """Yield the names of a list, one a line, without empty ones; ``-`` is standard input. Raises OSError."""
    with _open_list(path) as file:
        async for name in _split(file.fileno(), b"\0" if null_separated else b"\n"):
            yield name


def _open_list(path: str) -> AbstractContextManager[BinaryIO]:
    if path != "-":
        return Path(path).open("rb")
    if sys.stdin is None:
        raise InvalidParameter("Standard input is closed", param="files_from")
    return nullcontext(sys.stdin.buffer)


async def _split(fd: int, separator: bytes) -> AsyncIterator[bytes]:
    rest, end = b"", b"\r" if separator == b"\n" else b""
    while chunk := await _read(fd):
        *names, rest = (rest + chunk).split(separator)
        if len(rest) > MAX_NAME_BYTES:
            raise InvalidParameter(f"A name of the list is longer than {MAX_NAME_BYTES} bytes", param="files_from")
        for name in names:
            if stripped := name.removesuffix(end):
                yield stripped
    if stripped := rest.removesuffix(end):
        yield stripped


async def _read(fd: int) -> bytes:
    """Read what there is. A program that has yet to write its names must not block the loop, nor Ctrl-C."""
    readable = select.poll()
    readable.register(fd, select.POLLIN)
    while not readable.poll(0):  # noqa: ASYNC110 - a loop cannot wait for regular files
        await asyncio.sleep(_POLL_INTERVAL_S)
    return os.read(fd, _READ_BYTES)
