"""Splits paths: UUID, member of a group, operations, file name; or operations and a URL, for the proxy. Knows text."""

import re
from dataclasses import dataclass
from typing import Final

from pixmill.dialects.kit.encodings import percent_decode
from pixmill.errors import MalformedRequest, RequestTooLarge, RouteNotFound

MAX_PATH_BYTES: Final = 65_536
MAX_OPERATIONS: Final = 128

_DELIMITER: Final = b"/-/"
_FILE: Final = re.compile(
    rb"/([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})(~[0-9]{1,4}/nth/[0-9]{1,4})?(?=/|\Z)"
)
_URL: Final = re.compile(rb"/(https?)(?::|%3[Aa])(?:/|%2[Ff]){1,3}")

Operation = tuple[str, list[str]]


@dataclass(frozen=True, slots=True)
class Address:
    """A path in pieces, decoded. ``url`` is that of the proxy, else ``uuid`` names the image."""

    uuid: str
    url: str
    operations: tuple[Operation, ...]
    filename: str


def split_path(path: bytes) -> Address:
    """Split a path. Raises RouteNotFound, MalformedRequest, RequestTooLarge."""
    if len(path) > MAX_PATH_BYTES:
        raise RequestTooLarge(f"The path may have at most {MAX_PATH_BYTES} bytes")
    match = _FILE.match(path)
    if match is None:
        return _proxied(path)
    uuid = match[1].decode().lower() + (match[2] or b"").decode()
    head, *pieces = path[match.end() :].split(_DELIMITER, MAX_OPERATIONS + 1)
    filename = head.removeprefix(b"/")
    if b"/" in filename or (pieces and filename):
        raise RouteNotFound
    if pieces:
        pieces[-1], filename = _without_name(pieces[-1])
    return Address(uuid, "", _operations(pieces), _decoded(filename))


def _proxied(path: bytes) -> Address:
    match = _URL.search(path)
    if match is None or (match.start() and not path.startswith(_DELIMITER)):
        raise RouteNotFound
    start = path[: match.start()]
    pieces = start.split(_DELIMITER, MAX_OPERATIONS + 1)[1:] if start else []
    url = f"{match[1].decode()}://{_decoded(path[match.end() :])}"
    return Address("", url, _operations(pieces), "")


def _without_name(piece: bytes) -> tuple[bytes, bytes]:
    """Return an operation and the file name behind its last slash; one that has no slash is an operation alone."""
    operation, slash, name = piece.rpartition(b"/")
    return (operation, name) if slash else (piece, b"")


def _operations(pieces: list[bytes]) -> tuple[Operation, ...]:
    if len(pieces) > MAX_OPERATIONS:
        raise MalformedRequest(f"operations: at most {MAX_OPERATIONS} are accepted", param="operations")
    found: list[Operation] = []
    for piece in pieces:
        name, *arguments = piece.rstrip(b"/").split(b"/")
        if name:
            found.append((_decoded(name), [_decoded(argument) for argument in arguments]))
    return tuple(found)


def _decoded(raw: bytes) -> str:
    try:
        return percent_decode(raw)
    except ValueError:
        raise MalformedRequest("The path is not UTF-8, or has control characters", param="operations") from None
