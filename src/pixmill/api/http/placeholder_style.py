"""How a placeholder is shown without a script: as the background of the image that will cover it.

Knows the formats of placeholders; must never see pixels. An image with transparency would not cover its background, so
that it has none.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pixmill.dialects.native.element_options import Placeholder

_LQIP_PREFIX: Final = "data:image/webp;base64,"
_WEBP_CHUNK: Final = slice(12, 16)
_VP8X_FLAGS: Final = 20
_VP8X_ALPHA: Final = 0x10
_VP8L_ALPHA: Final = 24
"""The byte after signature and the first three bytes of size: bit 4 is ``alpha_is_used`` (RFC 9649 section 3.4)."""


@dataclass(frozen=True, slots=True)
class PlaceholderView:
    """``text`` is the placeholder itself, None for none; ``background`` a value of CSS; ``data`` attributes by name."""

    text: str | None = None
    background: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


NO_PLACEHOLDER: Final = PlaceholderView()


def lqip_view(uri: str, *, is_opaque: bool) -> PlaceholderView:
    """Return the view of a tiny WebP as a data URI, stretched to the whole box."""
    if not is_opaque or _lqip_has_alpha(uri):
        return PlaceholderView(uri)
    return PlaceholderView(uri, f"url({uri}) 0 0/100% 100% no-repeat")


def hash_view(kind: Placeholder, text: str, thumbhash: str, *, is_opaque: bool) -> PlaceholderView:
    """Return the view of a hash, which needs a script to be drawn, or of a colour: the colour as the background.

    ``thumbhash`` is that of the same image.
    """
    colour, has_alpha = _average_colour(thumbhash)
    background = colour if is_opaque and not has_alpha else ""
    if kind is Placeholder.COLOUR:
        return PlaceholderView(colour, background)
    return PlaceholderView(text, background, {f"data_{kind.value}": text})


def _lqip_has_alpha(uri: str) -> bool:
    """Whether a WebP has transparency (RFC 9649 sections 2.7 and 3.4)."""
    head = b64decode(uri.removeprefix(_LQIP_PREFIX)[:40])
    if head[_WEBP_CHUNK] == b"VP8X":
        return bool(head[_VP8X_FLAGS] & _VP8X_ALPHA)
    return head[_WEBP_CHUNK] == b"VP8L" and bool(head[_VP8L_ALPHA] & _VP8X_ALPHA)


def _average_colour(thumbhash: str) -> tuple[str, bool]:
    """Return the average colour as ``#rrggbb``, and whether there is transparency (https://evanw.github.io/thumbhash).

    The first three bytes are lightness, yellow-blue and red-green with six bits each, and at last a flag for alpha.
    """
    header = int.from_bytes(b64decode(thumbhash)[:3], "little")
    lightness = (header & 63) / 63
    yellow_blue, red_green = ((header >> shift & 63) / 31.5 - 1 for shift in (6, 12))
    blue = lightness - 2 / 3 * yellow_blue
    red = (3 * lightness - blue + red_green) / 2
    channels = (red, red - red_green, blue)
    return "#" + "".join(f"{round(255 * min(1, max(0, one))):02x}" for one in channels), bool(header >> 23)
