"""The normal form of how a result is written: options that have no effect in an explicit format are at their defaults.

Knows formats and options; must never know a request. Which formats support an option is decided here alone.
"""

from typing import Final

from msgspec.structs import replace

from pixmill.media import DESCRIPTION_FORMATS, Format
from pixmill.plan.ops import Output
from pixmill.plan.output import (
    DEFAULT_ENCODING,
    MAX_COLOURS,
    Encoding,
    Metadata,
    Profile,
    QualityScale,
    RenderMode,
    TiffCompression,
)

ALPHA_FORMATS: Final = frozenset(
    (
        Format.PNG,
        Format.WEBP,
        Format.AVIF,
        Format.HEIC,
        Format.JXL,
        Format.TIFF,
        Format.ICO,
        Format.SVG,
        Format.THUMBHASH,
        Format.LQIP,
        Format.JSON,
    )
)
"""Formats that keep all transparency; GIF has no partial one."""

_LOSSY_FORMATS: Final = frozenset((Format.JPEG, Format.WEBP, Format.AVIF, Format.HEIC, Format.JXL))
_METADATA_FORMATS: Final = frozenset(
    (Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF, Format.TIFF, Format.JXL, Format.HEIC)
)
_PALETTE_FORMATS: Final = frozenset((Format.PNG, Format.ICO, Format.GIF))
_JPEG: Final = frozenset((Format.JPEG,))

_SUPPORTED_BY: Final[dict[str, frozenset[Format]]] = {
    "effort": frozenset((Format.WEBP, Format.AVIF, Format.PNG, Format.ICO, Format.GIF, Format.JXL)),
    "progressive": frozenset((Format.JPEG, Format.PNG, Format.ICO, Format.GIF)),
    "subsampling": frozenset((Format.JPEG, Format.AVIF, Format.HEIC)),
    **dict.fromkeys(("trellis", "deringing", "optimize_scans", "quant_table"), _JPEG),
    "lossless": frozenset((Format.WEBP, Format.AVIF, Format.JXL)),
    **dict.fromkeys(("near_lossless", "webp_preset"), frozenset((Format.WEBP,))),
    "depth": frozenset((Format.AVIF,)),
    **dict.fromkeys(("colours", "dither"), _PALETTE_FORMATS),
    "tiff_compression": frozenset((Format.TIFF,)),
    "quality_scale": frozenset((*_LOSSY_FORMATS, Format.TIFF)),
}
"""By the field of ``Encoding``."""

_ENCODING_DEFAULTS: Final = {name: getattr(DEFAULT_ENCODING, name) for name in _SUPPORTED_BY}
_UNSUPPORTED: Final = {
    form: tuple((name, _ENCODING_DEFAULTS[name]) for name, formats in _SUPPORTED_BY.items() if form not in formats)
    for form in Format
}
"""The fields that have no effect in a format, with their defaults."""

_DEFAULT_OUTPUT: Final = Output()
_PALETTE_SIZES: Final = (256, 16, 4, 2)


def normal_output(output: Output) -> Output:
    """Return the normal form; equal results in an explicit format have equal outputs."""
    changes = _explicit_changes(output) if output.formats and not output.negotiated else {}
    if output.target_quality and "quality" not in changes:
        changes["quality"] = _DEFAULT_OUTPUT.quality
    if not output.max_bytes_strict and not changes.get("max_bytes", output.max_bytes):
        changes["max_bytes_strict"] = True
    if output.original_formats and not output.source_format:
        changes["original_formats"] = ()
    if output.fallback_format and output.source_format and not output.original_formats:
        changes["fallback_format"] = None
    if output.ordered and output.source_format and not output.formats:
        changes |= {"ordered": False, "negotiated": False}
    if output.passthrough:
        changes["passthrough"] = tuple(sorted(set(output.passthrough)))
    return replace(output, **changes) if changes else output


def _explicit_changes(output: Output) -> dict[str, object]:
    """Return what differs in the normal form of an output whose format is known."""
    form = output.formats[0]
    encoding = output.encoding
    changes: dict[str, object] = {}
    if encoding is not DEFAULT_ENCODING and (normal := _normal_encoding(encoding, form)) is not encoding:
        changes["encoding"] = encoding = normal
    if output.quality != _DEFAULT_OUTPUT.quality or output.target_quality:
        quality, target_quality = _normal_quality(output, encoding, form)
        changes |= {"quality": quality, "target_quality": target_quality}
    if output.metadata is not Metadata.STRIP and form not in _METADATA_FORMATS:
        changes["metadata"] = Metadata.STRIP
    if output.profile is not Profile.SRGB and (form not in _METADATA_FORMATS or form is Format.JXL):
        changes["profile"] = Profile.SRGB  # JPEG XL is written in sRGB
    if output.max_bytes and form in DESCRIPTION_FORMATS:
        changes["max_bytes"] = 0
    return changes


def _normal_quality(output: Output, encoding: Encoding, form: Format) -> tuple[int, int]:
    """Return the quality and the target of a search for it: only one of them has an effect, if any has."""
    default = _DEFAULT_OUTPUT.quality
    if not _is_lossy(encoding, form):
        return default, 0
    if not output.target_quality:
        return output.quality, 0
    return (default, output.target_quality) if form in _LOSSY_FORMATS else (output.target_quality, 0)


def _is_lossy(encoding: Encoding, form: Format) -> bool:
    """Return whether quality has an effect."""
    if form is Format.TIFF:
        return encoding.tiff_compression is TiffCompression.JPEG
    return form in _LOSSY_FORMATS and not encoding.lossless and encoding.near_lossless is None


def _normal_encoding(encoding: Encoding, form: Format) -> Encoding:
    """Keep the options that the format supports and that another one does not override."""
    changes: dict[str, object] = {
        name: default for name, default in _UNSUPPORTED[form] if getattr(encoding, name) != default
    }
    if not _is_lossy(encoding, form):
        changes["quality_scale"] = QualityScale.PERCEIVED
    if form is Format.SVG and encoding.mode is not RenderMode.BALANCED:
        changes["mode"] = RenderMode.BALANCED
    if form in _PALETTE_FORMATS:
        _simplify_palette(encoding, form, changes)
    if form is Format.WEBP and encoding.near_lossless is not None:
        _simplify_near_lossless(encoding, changes)
    if form is Format.AVIF and encoding.lossless:
        changes["subsampling"] = DEFAULT_ENCODING.subsampling
    if form is Format.JPEG and encoding.optimize_scans:
        changes["progressive"] = False
    effective = {name: value for name, value in changes.items() if getattr(encoding, name) != value}
    return replace(encoding, **effective) if effective else encoding


def _simplify_palette(encoding: Encoding, form: Format, changes: dict[str, object]) -> None:
    """Round the number of colours to one that the format can have; 0 if that is its own number."""
    if not encoding.colours:
        if form is not Format.GIF:
            changes["dither"] = DEFAULT_ENCODING.dither
    elif form is not Format.GIF:
        changes["colours"] = next(size for size in _PALETTE_SIZES if encoding.colours >= size)
    else:
        size = 1 << (encoding.colours.bit_length() - 1)
        changes["colours"] = 0 if size == MAX_COLOURS else size


def _simplify_near_lossless(encoding: Encoding, changes: dict[str, object]) -> None:
    is_lossless = encoding.near_lossless == 100  # noqa: PLR2004 - percent
    changes["lossless"] = is_lossless
    if is_lossless:
        changes["near_lossless"] = None
