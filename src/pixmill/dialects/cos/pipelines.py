"""The grammar of pipelines: ``imageMogr2/thumbnail/300x/format/webp|watermark/2/text/SGVsbG8``. Knows texts only."""

from dataclasses import dataclass
from typing import Final

from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.query import MAX_QUERY_BYTES
from pixmill.errors import InvalidParameter, MalformedRequest, RequestTooLarge

MOGR: Final = "imageMogr2"
VIEW: Final = "imageView2"
WATERMARK: Final = "watermark"
SLIM: Final = "imageSlim"
INFO: Final = "imageInfo"
AVERAGE: Final = "imageAve"
EXIF: Final = "exif"
STYLE: Final = "style"
INTERFACES: Final = (MOGR, VIEW, WATERMARK, SLIM, INFO, AVERAGE, EXIF, STYLE)
FACTS: Final = frozenset((INFO, AVERAGE, EXIF))

MAX_OPERATIONS: Final = 8
MAX_PARTS: Final = 64
_FLAGS: Final = frozenset(("auto-orient", "strip"))
"""Names without a value."""
_LEADING: Final = {VIEW: "mode", WATERMARK: "kind", STYLE: "name"}
"""Names of values that follow an interface at once."""
_MAX_SHOWN: Final = 64


@dataclass(frozen=True, slots=True)
class Operation:
    """An interface, and names with values in the order of the URL."""

    interface: str
    values: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """Return the last value of this name, empty without one."""
        return next((value for own, value in reversed(self.values) if own == name), "")


def pipeline_text(query: bytes) -> str:
    """Return the first piece of a query that is a pipeline, decoded; empty without one. Raises BadRequest."""
    if len(query) > MAX_QUERY_BYTES:
        raise RequestTooLarge(f"The query may have at most {MAX_QUERY_BYTES} bytes")
    for piece in query.split(b"&"):
        if _interface(piece.partition(b"/")[0].partition(b"|")[0].decode("latin-1")):
            try:
                return percent_decode(piece)
            except ValueError:
                raise MalformedRequest("The query is not UTF-8, or has control characters", param=MOGR) from None
    return ""


def _interface(text: str) -> str:
    name = text.partition("%")[0].partition("=")[0]
    return name if name in INTERFACES else ""


def parse_pipeline(text: str) -> tuple[Operation, ...]:
    """Return the operations of a pipeline. Raises InvalidParameter, which names the interface."""
    pieces = text.split("|", MAX_OPERATIONS)
    if len(pieces) > MAX_OPERATIONS:
        raise InvalidParameter(f"A pipeline may have at most {MAX_OPERATIONS} operations", param=MOGR)
    return tuple(_operation(piece.removeprefix("?")) for piece in pieces if piece)


def _operation(text: str) -> Operation:
    interface, *parts = text.rstrip("/").split("/", MAX_PARTS + 1)
    interface = interface.removesuffix("=")
    if interface not in INTERFACES:
        raise InvalidParameter(f"There is no operation {interface[:_MAX_SHOWN]!r}", param=MOGR)
    if len(parts) > MAX_PARTS:
        raise InvalidParameter(f"{interface} may have at most {MAX_PARTS} parts", param=interface)
    return Operation(interface, tuple(_named(interface, parts)))


def _named(interface: str, parts: list[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    if interface in _LEADING:
        found.append((_LEADING[interface], parts[0] if parts else ""))
        at = 1
    while at < len(parts):
        name = parts[at]
        at += 1
        if name in _FLAGS:
            found.append((name, ""))
            continue
        found.append((name, parts[at] if at < len(parts) else ""))
        at += 1
    return found
