"""How a result is written, beyond its format and quality: what it carries along, its colours, and each encoder's options.

Knows numbers and names only. What says nothing to the format that is written has no effect, and is not in the plan of a result whose format
is asked for by name.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct


class Metadata(StrEnum):
    """What of EXIF and XMP goes into the result."""

    STRIP = "strip"
    COPYRIGHT = "copyright"
    KEEP = "keep"
    ALL = "all"


class Profile(StrEnum):
    """The colours that the numbers of the result mean: sRGB, those of the original, or a wide gamut."""

    SRGB = "srgb"
    KEEP = "keep"
    P3 = "p3"
    ADOBE = "adobe"
    REC2020 = "rec2020"
    PROPHOTO = "prophoto"


class Subsampling(StrEnum):
    """How many chroma samples there are for four pixels of a row, and of the row below."""

    S420 = "420"
    S422 = "422"
    S444 = "444"


class WebPPreset(StrEnum):
    """What libwebp may take the picture for."""

    DEFAULT = "default"
    PICTURE = "picture"
    PHOTO = "photo"
    DRAWING = "drawing"
    ICON = "icon"
    TEXT = "text"


class TiffCompression(StrEnum):
    """How the rows of a TIFF are packed."""

    LZW = "lzw"
    DEFLATE = "deflate"
    JPEG = "jpeg"
    PACKBITS = "packbits"
    NONE = "none"


class RenderMode(StrEnum):
    """How much time a render may take for its looks and its bytes; what each means is in ``engine/codecs/modes.py``."""

    FAST = "fast"
    BALANCED = "balanced"
    BEST = "best"


MAX_EFFORT: Final = 9
MAX_QUANT_TABLE: Final = 8
MAX_COLOURS: Final = 256
MIN_TARGET_QUALITY: Final = 25
MAX_TARGET_QUALITY: Final = 90
"""Between these qualities it is known what photographs lose."""


class Encoding(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the encoders are told. None is what each format does best of itself.

    ``mode`` also says how the original is decoded. ``effort``: 0 is fastest, 9 smallest; it counts more than ``mode``. ``near_lossless``: how little may change, 100 is nothing. ``colours``: of the
    palette, 0 for none where the format can do without. ``dither``: how strongly, 0 to 1.
    """

    mode: RenderMode = RenderMode.BALANCED
    effort: Annotated[int, Meta(ge=0, le=MAX_EFFORT)] | None = None
    progressive: bool = False
    subsampling: Subsampling = Subsampling.S420
    trellis: bool = False
    deringing: bool = False
    optimize_scans: bool = False
    quant_table: Annotated[int, Meta(ge=0, le=MAX_QUANT_TABLE)] = 0
    lossless: bool = False
    near_lossless: Annotated[int, Meta(ge=0, le=100)] | None = None
    webp_preset: WebPPreset = WebPPreset.DEFAULT
    depth: Annotated[int, Meta(ge=8, le=12, multiple_of=2)] = 8
    colours: Annotated[int, Meta(ge=0, le=MAX_COLOURS)] = 0
    dither: Annotated[float, Meta(ge=0, le=1)] = 1.0
    tiff_compression: TiffCompression = TiffCompression.LZW


DEFAULT_ENCODING: Final = Encoding()
"""Each format as it does best of itself."""
