"""The parts of IIIF URLs and the options of an entry as tables. Knows words and values; must never know a path."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from pixmill.dialects.kit.options import Option, Status
from pixmill.media import Format
from pixmill.plan.limits import Limits


class Version(IntEnum):
    """A major version of the Image API: 2 stands for 2.0 and 2.1, which differ in optional features only."""

    V2 = 2
    V3 = 3


FORMATS: Final[Mapping[str, Format]] = {
    "jpg": Format.JPEG,
    "png": Format.PNG,
    "tif": Format.TIFF,
    "gif": Format.GIF,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "jxl": Format.JXL,
    "heic": Format.HEIC,
    "bmp": Format.BMP,
}
"""By the extension in URLs."""

REQUIRED_FORMATS: Final = ("jpg", "png")
"""Of level 2 in both versions."""

QUALITIES: Final = ("default", "color", "gray", "bitonal")
UNWRITABLE_FORMATS: Final = frozenset({"jp2", "pdf"})

FormatName = Literal["jpg", "png", "tif", "gif", "webp", "avif", "jxl", "heic", "bmp"]
_Side = Annotated[int, Meta(ge=0, le=65_535)]

_DEFAULT_PREFIXES: Final[Mapping[str, Version]] = {"/iiif/3": Version.V3, "/iiif/2": Version.V2}


class IiifOptions(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The options of one mount.

    ``prefixes`` maps paths below the mount to versions; None for what the mount leaves of ``/iiif/3`` and ``/iiif/2``.
    A maximum of 0 is that of the server; without ``max_height`` it is that of the width. ``confined_upscale``: what
    ``!w,h`` is for an image smaller than that: the image, or an error. ``base_url``: the mount as clients see it.
    """

    prefixes: dict[str, Literal[2, 3]] | None = None
    base_url: str = ""
    max_width: _Side = 0
    max_height: _Side = 0
    max_area: Annotated[int, Meta(ge=0, le=2**32)] = 0
    upscaling: bool = True
    confined_upscale: Literal["clamp", "error"] = "clamp"
    tile_size: Annotated[int, Meta(ge=32, le=4_096)] = 512
    extra_formats: tuple[FormatName, ...] = ("tif", "gif", "webp", "avif")
    preferred_formats: tuple[FormatName, ...] = ()
    quality: Annotated[int, Meta(ge=1, le=100)] = 80
    rights: str = ""


class Maximum(Struct, frozen=True):
    """The largest result of a mount."""

    width: int
    height: int
    area: int

    @classmethod
    def of(cls, options: IiifOptions, limits: Limits) -> "Maximum":
        """Return the maximum of a mount, which the server's limits. Raises ValueError."""
        if options.max_height and not options.max_width:
            raise ValueError("max_height needs max_width")
        side = limits.max_result_side
        width = min(options.max_width or side, side)
        height = min(options.max_height or options.max_width or side, side)
        area = min(options.max_area or limits.max_result_pixels, limits.max_result_pixels)
        return cls(width, height, area)

    def holds(self, width: int, height: int) -> bool:
        """Return whether an image of this size may be requested."""
        return width <= self.width and height <= self.height and width * height <= self.area


def prefixes_of(options: IiifOptions, mount: str) -> dict[str, Version]:
    """Return the paths below the mount and their versions. Raises ValueError."""
    if options.prefixes is None:
        for start, version in _DEFAULT_PREFIXES.items():
            if mount.endswith(start):
                return {"": version}
        if mount.endswith("/iiif"):
            return {start.removeprefix("/iiif"): version for start, version in _DEFAULT_PREFIXES.items()}
        return dict(_DEFAULT_PREFIXES)
    if not options.prefixes:
        raise ValueError("prefixes names no path")
    for prefix in options.prefixes:
        if prefix and (not prefix.startswith("/") or prefix.endswith("/") or not _is_plain(prefix)):
            raise ValueError(f"{prefix[:64]!r} must be empty or a path such as /iiif/3: no final slash, no escapes")
    return {prefix: Version(version) for prefix, version in options.prefixes.items()}


def _is_plain(path: str) -> bool:
    return all(char.isascii() and (char.isalnum() or char in "/._~-") for char in path)


OPTIONS: Final = (
    Option(
        ("identifier",),
        "The original, percent-encoded as one segment: `maps%2F1.tif` is `/maps/1.tif` below the `source` of the "
        "entry; also an http(s) URL, if `sources` allows it.",
        "`url`",
    ),
    Option(("region", "full"), "The whole image.", ""),
    Option(("square",), "The largest square in the middle.", "`crop_aspect=1:1`"),
    Option(("x,y,w,h",), "A region in pixels, cut at the edges of the image.", "`crop=x,y,w,h`"),
    Option(("pct:x,y,w,h",), "A region in percent.", "`crop=pct:x,y,w,h`"),
    Option(("size", "max"), "The region's own size, or the largest that is allowed.", "`max_width`, `max_area`"),
    Option(("full (2)",), "As `max`; version 2 only.", "`max_width`, `max_area`"),
    Option(("w,", ",h"), "One side; 400 if the region is smaller.", "`width=w&enlarge=error`"),
    Option(("w,h",), "Both sides, distorting.", "`width=w&height=h&fit=fill&enlarge=error`"),
    Option(("!w,h",), "The largest size within the box.", "`width=w&height=h`"),
    Option(("pct:n",), "A percentage of the region.", "`zoom=pct:n`"),
    Option(
        ("^max", "^w,", "^,h", "^w,h", "^!w,h", "^pct:n"),
        "The same, upscaled if need be; `^max` is the largest size that is allowed. Version 3 only; in version 2 sizes "
        "are upscaled without a mark (`sizeAboveFull`).",
        "`enlarge=true`",
        "501 with `upscaling: false`",
    ),
    Option(("rotation", "n"), "Clockwise by 0 to 360 degrees, after the size.", "`then=rotate=n`"),
    Option(("!n",), "Mirrored left to right, then rotated.", "`then=flip=h&then=rotate=n`"),
    Option(("quality", "default", "color"), "All colours.", ""),
    Option(("gray",), "Shades of grey.", "`grayscale=true`"),
    Option(("bitonal",), "Black and white.", "`threshold=128`"),
    Option(("format", *FORMATS), "The format; those beyond `jpg` and `png` as the entry says.", "`format`"),
    Option(("jp2", "pdf"), "JPEG 2000, PDF.", "", "400: results cannot be written in it", Status.REFUSED),
)
