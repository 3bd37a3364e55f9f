"""Output options beyond format and quality: metadata, colour space, encoder options.

Knows numbers and names only. Options that the format does not support have no effect, and are not in the plan of a
result in an explicit format.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct


class Metadata(StrEnum):
    """The EXIF and XMP metadata that the result retains."""

    STRIP = "strip"
    COPYRIGHT = "copyright"
    KEEP = "keep"
    ALL = "all"


class Profile(StrEnum):
    """The colour space of the result: sRGB, that of the original, or a wide gamut."""

    SRGB = "srgb"
    KEEP = "keep"
    P3 = "p3"
    ADOBE = "adobe"
    REC2020 = "rec2020"
    PROPHOTO = "prophoto"


class Subsampling(StrEnum):
    """Chroma subsampling; AUTO: by format, content and quality."""

    AUTO = "auto"
    S420 = "420"
    S422 = "422"
    S444 = "444"


class QualityScale(StrEnum):
    """What qualities are numbers of: of how results look, or of libjpeg and what looks the same in other formats.

    On the first a result looks like that of servers that mix sRGB values with libjpeg's quality of this number.
    """

    PERCEIVED = "perceived"
    JPEG = "jpeg"


class WebPPreset(StrEnum):
    """Content hints of libwebp."""

    DEFAULT = "default"
    PICTURE = "picture"
    PHOTO = "photo"
    DRAWING = "drawing"
    ICON = "icon"
    TEXT = "text"


class TiffCompression(StrEnum):
    """Compression schemes of TIFF."""

    LZW = "lzw"
    DEFLATE = "deflate"
    JPEG = "jpeg"
    PACKBITS = "packbits"
    NONE = "none"


class RenderMode(StrEnum):
    """The speed/quality trade-off of a render; ``engine/codecs/modes.py`` defines each mode."""

    FAST = "fast"
    BALANCED = "balanced"
    BEST = "best"


MAX_EFFORT: Final = 9
MAX_QUANT_TABLE: Final = 8
MAX_COLOURS: Final = 256
MIN_TARGET_QUALITY: Final = 25
MAX_TARGET_QUALITY: Final = 90
"""The loss of photographs was measured between these qualities."""


class Encoding(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Encoder options. None is the default of each format.

    ``mode`` also affects decoding. ``effort``: 0 is fastest, 9 smallest; takes precedence over ``mode``.
    ``near_lossless``: 100 changes nothing. ``colours``: maximum size of the palette; 0 for no palette, if the format
    can do without. ``dither``: strength, 0 to 1.
    """

    mode: RenderMode = RenderMode.BALANCED
    quality_scale: QualityScale = QualityScale.PERCEIVED
    effort: Annotated[int, Meta(ge=0, le=MAX_EFFORT)] | None = None
    progressive: bool = False
    subsampling: Subsampling = Subsampling.AUTO
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
"""The defaults of each format."""

MAX_DELAY_MS: Final = 65_535
MAX_DELAYS: Final = 256
MAX_LOOPS: Final = 65_535


class Animation(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The timing of an animation; that of the original by default.

    ``delays_ms``: of the frames, in order of display; the last one is that of all further frames. ``loop``: how often
    it plays, 0 for ever. ``speed``: a factor, without effect on ``delays_ms``. ``reverse``: the last frame comes first.
    """

    delays_ms: Annotated[tuple[Annotated[int, Meta(ge=1, le=MAX_DELAY_MS)], ...], Meta(max_length=MAX_DELAYS)] = ()
    loop: Annotated[int, Meta(ge=0, le=MAX_LOOPS)] | None = None
    speed: Annotated[float, Meta(ge=0.01, le=100.0)] = 1.0
    reverse: bool = False


AS_RECORDED: Final = Animation()
