"""Parameters for encoder options and for the metadata of the result.

An option has an effect in the formats that support it, which ``plan/normal_output.py`` knows.
"""

from fractions import Fraction
from typing import Final

from pixmill.dialects.native.grammars.scalars import FLAGS, Choice, Decimal, Integer
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.param_values import ParamValues
from pixmill.plan.output import (
    DEFAULT_ENCODING,
    MAX_COLOURS,
    MAX_EFFORT,
    MAX_QUANT_TABLE,
    Encoding,
    Metadata,
    Profile,
    QualityScale,
    RenderMode,
    Subsampling,
    TiffCompression,
    WebPPreset,
)

PARAMS = (
    Param(
        "metadata",
        Group.OUTPUT,
        Choice({word.value: word for word in Metadata}),
        "EXIF, XMP and IPTC in the result: none (`strip`), author and copyright as EXIF (`copyright`), what tells no "
        "place (`keep`), or `all`. The orientation is applied in any case. Thumbnails, sizes, regions and the like "
        "describe the original and are never kept. GIF, BMP and ICO carry no metadata, TIFF no EXIF; IPTC is kept in "
        "JPEG and TIFF.",
        ("copyright",),
        default=Metadata.STRIP.value,
    ),
    Param(
        "profile",
        Group.OUTPUT,
        Choice({word.value: word for word in Profile}),
        "Colour space of the result: `srgb`, that of the original with its ICC profile (`keep`), or a wide gamut: "
        "Display P3 (`p3`), Adobe RGB 1998 (`adobe`), Rec. 2020 (`rec2020`) or ProPhoto (`prophoto`, which shows "
        "banding in 8 bits). `keep` writes a profile of what the original says in another way, and Rec. 2020 for HDR. "
        "Greyscale results have a profile with `keep` only. CMYK and Lab always become sRGB, as does everything in "
        "GIF, BMP, ICO, JPEG XL and placeholders. Colours in the request are sRGB, and overlays have the colours of "
        "their file; other operations treat the values as sRGB.",
        ("p3", "adobe"),
        default=Profile.SRGB.value,
        is_advanced=True,
    ),
    Param(
        "mode",
        Group.OUTPUT,
        Choice({word.value: word for word in RenderMode}),
        "Speed/quality trade-off. `fast`: smallest decode, fastest encoder. `balanced`: no visible loss. `best`: "
        "slowest, smallest files. The default is the operator's `PIXMILL_RENDER_MODE` (`balanced` unless set). "
        "`effort` and the other encoder options take precedence.",
        ("best",),
        default=RenderMode.BALANCED.value,
    ),
    Param(
        "effort",
        Group.OUTPUT,
        Integer(0, MAX_EFFORT),
        "Encoder effort, from 0 (fastest) to 9 (smallest file), for WebP, AVIF, PNG, GIF and JPEG XL. Default: set "
        "by `mode`.",
        ("7",),
    ),
    Param(
        "progressive",
        Group.OUTPUT,
        Choice(FLAGS),
        "Progressive JPEG, interlaced PNG and GIF: a coarse image appears first while loading.",
        ("true",),
        default="false",
        aliases=("interlace",),
    ),
    Param(
        "quality_scale",
        Group.OUTPUT,
        Choice({scale.value: scale for scale in QualityScale}),
        "What `quality` is a number of: of how the result looks (`perceived`), for which less is needed where light is "
        "mixed, or of libjpeg, and what looks the same in other formats (`jpeg`).",
        ("jpeg",),
        default=QualityScale.PERCEIVED.value,
        is_advanced=True,
    ),
    Param(
        "subsampling",
        Group.OUTPUT,
        Choice({word.value: word for word in Subsampling}),
        "Chroma subsampling (JPEG, AVIF, HEIC): `420` keeps a quarter of the chroma samples, `422` half, `444` all. "
        "`auto` is `420`; for drawings in JPEG, and JPEG from `quality=90` on, `444`. "
        "With `trellis`, `deringing`, `optimize_scans` or `quant_table`, and in AVIF of more than 8 bits, `422` is "
        "written as `444`.",
        ("444",),
        default=Subsampling.AUTO.value,
        aliases=("chromasub",),
        is_advanced=True,
    ),
    Param(
        "trellis",
        Group.OUTPUT,
        Choice(FLAGS),
        "Trellis quantisation for JPEG: about 15 % smaller, in nine times the time.",
        ("true",),
        default="false",
        is_advanced=True,
    ),
    Param(
        "deringing",
        Group.OUTPUT,
        Choice(FLAGS),
        "Reduces ringing near black and white edges in JPEG (overshoot deringing).",
        ("true",),
        default="false",
        is_advanced=True,
    ),
    Param(
        "optimize_scans",
        Group.OUTPUT,
        Choice(FLAGS),
        "Splits the scans of a progressive JPEG where that saves bytes; implies `progressive`.",
        ("true",),
        default="false",
        is_advanced=True,
    ),
    Param(
        "quant_table",
        Group.OUTPUT,
        Integer(0, MAX_QUANT_TABLE),
        "JPEG quantisation table, numbered as in mozjpeg: 0 standard (Annex K), 1 flat, 2 MSSIM-tuned, 3 "
        "ImageMagick, 4 PSNR-HVS-M-tuned, 5 Klein, 6 Watson, 7 Ahumada, 8 Peterson.",
        ("3",),
        default="0",
        is_advanced=True,
    ),
    Param(
        "lossless",
        Group.OUTPUT,
        Choice(FLAGS),
        "Lossless WebP, AVIF and JPEG XL; `quality` then has no effect.",
        ("true",),
        default="false",
    ),
    Param(
        "near_lossless",
        Group.OUTPUT,
        Integer(0, 100),
        "Near-lossless WebP: preprocesses pixels for smaller files. 100: no change, 60: hardly visible, 0: maximum.",
        ("60",),
        is_advanced=True,
    ),
    Param(
        "webp_preset",
        Group.OUTPUT,
        Choice({word.value: word for word in WebPPreset}),
        "Content hint for the WebP encoder.",
        ("drawing",),
        default=WebPPreset.DEFAULT.value,
        is_advanced=True,
    ),
    Param(
        "depth",
        Group.OUTPUT,
        Choice({"8": 8, "10": 10, "12": 12}),
        "Bits per channel in AVIF; more bits make smoother gradients.",
        ("10",),
        default="8",
        is_advanced=True,
    ),
    Param(
        "colors",
        Group.OUTPUT,
        Integer(2, MAX_COLOURS),
        "Maximum number of palette colours in PNG and ICO, rounded down to 256, 16, 4 or 2, and in GIF, rounded down "
        "to a power of two. An image that has no more colours than that keeps all of them exactly.",
        ("16",),
        aliases=("colours",),
    ),
    Param(
        "dither",
        Group.OUTPUT,
        Decimal(Fraction(0), Fraction(1)),
        "Strength of dithering in palette images. Images of mostly flat areas are not dithered.",
        ("0.5",),
        default="1",
        is_advanced=True,
    ),
    Param(
        "tiff_compression",
        Group.OUTPUT,
        Choice({word.value: word for word in TiffCompression}),
        "TIFF compression. `jpeg` is lossy (see `quality`) and is replaced by `lzw` if the image has transparency.",
        ("deflate",),
        default=TiffCompression.LZW.value,
        is_advanced=True,
    ),
)

NAMES: Final = frozenset(param.name for param in PARAMS) - {"metadata", "profile", "mode"}
"""The parameters of ``encoding_of``."""


def encoding_of(values: ParamValues, mode: RenderMode) -> Encoding:
    """Compile the encoder options."""
    return Encoding(
        mode=mode,
        quality_scale=values.get("quality_scale", QualityScale.PERCEIVED),
        effort=values.get("effort"),
        progressive=values.get("progressive", False),
        subsampling=values.get("subsampling", Subsampling.AUTO),
        trellis=values.get("trellis", False),
        deringing=values.get("deringing", False),
        optimize_scans=values.get("optimize_scans", False),
        quant_table=values.get("quant_table", 0),
        lossless=values.get("lossless", False),
        near_lossless=values.get("near_lossless"),
        webp_preset=values.get("webp_preset", WebPPreset.DEFAULT),
        depth=values.get("depth", DEFAULT_ENCODING.depth),
        colours=values.get("colors", 0),
        dither=float(values.get("dither", 1)),
        tiff_compression=values.get("tiff_compression", TiffCompression.LZW),
    )
