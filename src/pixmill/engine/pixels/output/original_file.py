"""The file of the original as a measure for the size of a result in a free format.

Knows numbers and formats only.
"""

from dataclasses import dataclass
from typing import Final

from pixmill.media import Format
from pixmill.plan.lengths import Size
from pixmill.plan.ops import Output

_UNIVERSAL_FORMATS: Final = (Format.JPEG, Format.PNG, Format.GIF)
"""The formats that every client shows."""


@dataclass(frozen=True, slots=True)
class OriginalFile:
    """The format, the length in bytes and the size in pixels of the original."""

    format: Format
    length: int
    size: Size

    def scaled_bytes(self, size: Size) -> float:
        """Return what the file would take at another size, if each pixel took as much."""
        return self.length * size.pixels / self.size.pixels


def format_is_free(output: Output) -> bool:
    """Whether the engine chooses the format."""
    return output.negotiated or not (output.formats or output.source_format)


def own_format(kind: Format, output: Output) -> Format | None:
    """Return the format of the original, if the client shows it."""
    return kind if kind in _UNIVERSAL_FORMATS or kind in output.formats else None
