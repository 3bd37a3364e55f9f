"""What the encoders are told beyond format and quality, and what the result carries along.

An option counts for the formats that know it; in a plan whose format is named the others are left out, so that URLs of one result
are one result.
"""

from fractions import Fraction
from typing import Any, Final

from pixmill.dialects.native.grammars.scalars import FLAGS, Choice, Decimal, Integer
from pixmill.dialects.native.param import Group, Param, ParamValues
from pixmill.media import Format
from pixmill.plan.output import (
    MAX_COLOURS,
    MAX_EFFORT,
    MAX_QUANT_TABLE,
    Encoding,
    Metadata,
    Profile,
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
        "What of EXIF and XMP is carried over: nothing, only author and copyright, all but where the picture was taken, or all. The "
        "orientation is applied in any case. GIF, BMP and ICO carry nothing, TIFF only XMP.",
        ("copyright",),
        default=Metadata.STRIP.value,
    ),
    Param(
        "profile",
        Group.OUTPUT,
        Choice({word.value: word for word in Profile}),
        "Colours of the result: srgb, those of the original with its ICC profile (keep), or a wide gamut: Display P3 (p3), Adobe RGB 1998 (adobe), Rec. 2020 (rec2020), or ProPhoto (prophoto), of which 8 bits show steps. Grey has none. CMYK and Lab always become sRGB, "
        "as does everything in GIF, BMP, ICO and JPEG XL. Other changes treat the numbers as if they were sRGB.",
        ("p3", "adobe"),
        default=Profile.SRGB.value,
    ),
    Param(
        "mode",
        Group.OUTPUT,
        Choice({word.value: word for word in RenderMode}),
        "What the time of a render is spent on: fast decodes no more of the original than is needed and takes the fastest way of each encoder, best decodes so much "
        "that more could not be measured and searches for fewer bytes, balanced loses nothing that is seen. Left out it is what the operator has set (PIXMILL_RENDER_MODE), balanced at first. effort and the other "
        "options of an encoder count more.",
        ("best",),
        default=RenderMode.BALANCED.value,
    ),
    Param(
        "effort",
        Group.OUTPUT,
        Integer(0, MAX_EFFORT),
        "How long the encoder searches for a smaller file: 0 is fastest, 9 smallest (WebP, AVIF, PNG, GIF, JPEG XL). Without it mode says "
        "how.",
        ("7",),
    ),
    Param(
        "progressive",
        Group.OUTPUT,
        Choice(FLAGS),
        "Whether the picture shows coarse first and then finer while it loads: progressive JPEG, interlaced PNG and GIF.",
        ("true",),
        default="false",
        aliases=("interlace",),
    ),
    Param(
        "subsampling",
        Group.OUTPUT,
        Choice({word.value: word for word in Subsampling}),
        "How fine the colours are beside the brightness (JPEG, AVIF, HEIC): a quarter of the samples, half of them, or all. With trellis, deringing, "
        "optimize_scans or quant_table, and in AVIF of more than 8 bits, 422 means 444.",
        ("444",),
        default=Subsampling.S420.value,
        aliases=("chromasub",),
    ),
    Param(
        "trellis",
        Group.OUTPUT,
        Choice(FLAGS),
        "Whether JPEG's coefficients are chosen for fewer bytes: some 15 % less, in nine times the time.",
        ("true",),
        default="false",
    ),
    Param(
        "deringing",
        Group.OUTPUT,
        Choice(FLAGS),
        "Whether a JPEG may overshoot beyond black and white, so that edges there show less ringing.",
        ("true",),
        default="false",
    ),
    Param(
        "optimize_scans",
        Group.OUTPUT,
        Choice(FLAGS),
        "Whether the scans of a JPEG, which is progressive then, are split where that saves bytes.",
        ("true",),
        default="false",
    ),
    Param(
        "quant_table",
        Group.OUTPUT,
        Integer(0, MAX_QUANT_TABLE),
        "Quantisation tables of JPEG, as mozjpeg numbers them: 0 those of the standard, 1 flat, 2 for MSSIM, 3 ImageMagick's, 4 for PSNR-HVS-M, 5 Klein's, "
        "6 Watson's, 7 Ahumada's, 8 Peterson's.",
        ("3",),
        default="0",
    ),
    Param(
        "lossless",
        Group.OUTPUT,
        Choice(FLAGS),
        "Whether WebP, AVIF and JPEG XL keep every pixel as it is; quality then says nothing.",
        ("true",),
        default="false",
    ),
    Param(
        "near_lossless",
        Group.OUTPUT,
        Integer(0, 100),
        "Lets a lossless WebP change pixels a little to become smaller: 100 not at all, 60 hardly to be seen, 0 most.",
        ("60",),
    ),
    Param(
        "webp_preset",
        Group.OUTPUT,
        Choice({word.value: word for word in WebPPreset}),
        "What the WebP encoder may take the picture for.",
        ("drawing",),
        default=WebPPreset.DEFAULT.value,
    ),
    Param(
        "depth",
        Group.OUTPUT,
        Choice({"8": 8, "10": 10, "12": 12}),
        "Bits per channel of AVIF; more of them make smoother gradients.",
        ("10",),
        default="8",
    ),
    Param(
        "colors",
        Group.OUTPUT,
        Integer(2, MAX_COLOURS),
        "Gives PNG and ICO a palette of at most so many colours, rounded down to 256, 16, 4 or 2, and GIF one of the next lower power of two.",
        ("16",),
        aliases=("colours",),
    ),
    Param(
        "dither",
        Group.OUTPUT,
        Decimal(Fraction(0), Fraction(1)),
        "How strongly palettes dither what lies between their colours.",
        ("0.5",),
        default="1",
    ),
    Param(
        "tiff_compression",
        Group.OUTPUT,
        Choice({word.value: word for word in TiffCompression}),
        "How a TIFF is packed; jpeg loses a little, as quality says, and makes way for lzw where there is transparency.",
        ("deflate",),
        default=TiffCompression.LZW.value,
    ),
)

_JPEG: Final = frozenset((Format.JPEG,))
_PALETTE_FORMATS: Final = frozenset((Format.PNG, Format.ICO, Format.GIF))
_SUPPORTED_BY: Final[dict[str, frozenset[Format]]] = {
    "effort": frozenset((Format.WEBP, Format.AVIF, Format.PNG, Format.ICO, Format.GIF, Format.JXL)),
    "progressive": frozenset((Format.JPEG, Format.PNG, Format.ICO, Format.GIF)),
    "subsampling": frozenset((Format.JPEG, Format.AVIF, Format.HEIC)),
    **dict.fromkeys(("trellis", "deringing", "optimize_scans", "quant_table"), _JPEG),
    "lossless": frozenset((Format.WEBP, Format.AVIF, Format.JXL)),
    **dict.fromkeys(("near_lossless", "webp_preset"), frozenset((Format.WEBP,))),
    "depth": frozenset((Format.AVIF,)),
    **dict.fromkeys(("colors", "dither"), _PALETTE_FORMATS),
    "tiff_compression": frozenset((Format.TIFF,)),
}
_FIELD_NAMES: Final = {"colors": "colours"}
_PALETTE_SIZES: Final = (256, 16, 4, 2)
_METADATA_FORMATS: Final = frozenset(
    (Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF, Format.TIFF, Format.JXL, Format.HEIC)
)


def encoding_fields(values: ParamValues, explicit_format: Format | None) -> dict[str, Any]:
    """The fields of an Output that these parameters make; ``named`` is its format, if it is asked for by name."""
    if explicit_format is not None and explicit_format not in _METADATA_FORMATS:
        return {"encoding": _build_encoding(values, explicit_format)}
    profile = Profile.SRGB if explicit_format is Format.JXL else values.get("profile", Profile.SRGB)
    return {
        "metadata": values.get("metadata", Metadata.STRIP),
        "profile": profile,
        "encoding": _build_encoding(values, explicit_format),
    }


def is_lossless(values: ParamValues, explicit_format: Format | None) -> bool:
    """Whether quality says nothing to the format named, for what else is asked of it."""
    encoding = _build_encoding(values, explicit_format)
    return explicit_format is not None and (encoding.lossless or encoding.near_lossless is not None)


def _build_encoding(values: ParamValues, explicit_format: Format | None) -> Encoding:
    mode = {} if explicit_format is Format.SVG else {"mode": values.get("mode", RenderMode.BALANCED)}
    options: dict[str, Any] = mode | {
        _FIELD_NAMES.get(name, name): values[name]
        for name, formats in _SUPPORTED_BY.items()
        if name in values and (explicit_format is None or explicit_format in formats)
    }
    if "dither" in options:
        options["dither"] = float(options["dither"])
    if explicit_format is not None:
        _canonicalise(options, explicit_format)
    return Encoding(**options)


def _canonicalise(options: dict[str, Any], explicit_format: Format) -> None:
    """Of spellings that mean the same to the format named, the shortest."""
    if "colours" in options:
        options["colours"] = _palette_size(options["colours"], explicit_format)
    elif explicit_format is not Format.GIF:
        options.pop("dither", None)
    if options.get("near_lossless") == 100:  # noqa: PLR2004 - all of it
        options |= {"lossless": True}
        del options["near_lossless"]
    elif "near_lossless" in options:
        options.pop("lossless", None)
    if options.get("lossless") and explicit_format is Format.AVIF:
        options.pop("subsampling", None)
    if options.get("optimize_scans"):
        options.pop("progressive", None)


def _palette_size(colours: int, explicit_format: Format) -> int:
    """As many as the format really has; 0 where that is what it has anyway."""
    if explicit_format is not Format.GIF:
        return next(depth for depth in _PALETTE_SIZES if colours >= depth)
    size = 1 << (colours.bit_length() - 1)
    return 0 if size == MAX_COLOURS else size
