"""Lists the originals of a batch: from patterns, and from lists of names.

Knows stores and patterns. Must never hold more than one name in memory.
"""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import unquote, urlsplit

from pixmill.batch.job import CompiledJob, Failure
from pixmill.batch.locations import Item, Locations
from pixmill.batch.patterns import Pattern, glob_expression, parse_pattern
from pixmill.errors import InvalidParameter
from pixmill.sources.errors import STORE_ERROR_TYPES, STORE_ERRORS, source_error

MAX_NAME_BYTES: Final = 8_192
"""Of a list."""

_READ_BYTES: Final = 2**16
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
            for name in read_names(self._job.files_from, null_separated=self._job.null_separated):
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
            yield _single(pattern)
            return
        matches, location = pattern.matcher().fullmatch, pattern.location
        below = _below(location, self._target)
        store = self._locations.open(location, on_unlisted=lambda path, reason: self._leave_out(location, path, reason))
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


def read_names(path: str, *, null_separated: bool = False) -> Iterator[bytes]:
    """Yield the names of a list, one a line, without empty ones; ``-`` is standard input. Raises OSError."""
    separator = b"\0" if null_separated else b"\n"
    if path == "-":
        yield from _split(sys.stdin.buffer, separator)
        return
    with Path(path).open("rb") as file:
        yield from _split(file, separator)


def _split(file: BinaryIO, separator: bytes) -> Iterator[bytes]:
    rest = b""
    while chunk := os.read(file.fileno(), _READ_BYTES):
        *names, rest = (rest + chunk).split(separator)
        if len(rest) > MAX_NAME_BYTES:
            raise InvalidParameter(f"A name of the list is longer than {MAX_NAME_BYTES} bytes", param="files_from")
        yield from filter(None, (name.removesuffix(b"\r") for name in names))
    if rest:
        yield rest.removesuffix(b"\r")
