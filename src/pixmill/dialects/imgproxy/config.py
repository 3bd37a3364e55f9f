"""The options of an entry of ``PIXMILL_DIALECTS``: imgproxy's settings, by their names without ``IMGPROXY_``.

Knows names, types and bounds; ``Config`` is what they mean, checked once.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Final

from msgspec import Meta, Struct

from pixmill.dialects.imgproxy.options import APPLY, AVIF_SUBSAMPLES, PRESET_NAMES, WEBP_COMPRESSIONS
from pixmill.dialects.imgproxy.state import Encoder, Policy
from pixmill.dialects.imgproxy.values import FORMATS
from pixmill.errors import BadRequest
from pixmill.media import Format
from pixmill.plan.output import WebPPreset
from pixmill.plan.source import SourceRef, parse_source

Quality = Annotated[int, Meta(ge=1, le=100)]

MAX_PRESETS: Final = 1_000
MAX_REPLACEMENTS: Final = 64
MAX_WILDCARDS: Final = 4
_WILDCARD: Final = "([^/]{0,128})"


class ImgproxyOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry. Lists are texts, separated as in imgproxy."""

    key: str = ""
    salt: str = ""
    signature_size: Annotated[int, Meta(ge=1, le=32)] = 32
    trusted_signatures: str = ""
    source_url_encryption_key: str = ""
    arguments_separator: Annotated[str, Meta(min_length=1, max_length=8)] = ":"
    base_url: str = ""
    url_replacements: str = ""
    base64_url_includes_filename: bool = False
    presets: str = ""
    presets_separator: Annotated[str, Meta(min_length=1, max_length=8)] = ","
    only_presets: bool = False
    info_presets: str = ""
    info_only_presets: bool = False
    info_endpoint: bool = True
    allowed_processing_options: str = ""
    allowed_info_options: str = ""
    allow_security_options: bool = False
    max_chained_pipelines: Annotated[int, Meta(ge=0)] = 0
    ignore_unsupported: bool = False
    auto_webp: bool = False
    auto_avif: bool = False
    auto_jxl: bool = False
    enforce_webp: bool = False
    enforce_avif: bool = False
    enforce_jxl: bool = False
    preferred_formats: str = "jpeg,png,gif"
    skip_processing_formats: str = ""
    always_rasterize_svg: bool = False
    quality: Quality = 80
    format_quality: str = "webp=79,avif=63,jxl=77"
    jpeg_progressive: bool = False
    jpeg_no_subsample: bool = False
    jpeg_trellis_quant: bool = False
    jpeg_overshoot_deringing: bool = False
    jpeg_optimize_scans: bool = False
    jpeg_quant_table: Annotated[int, Meta(ge=0, le=8)] = 0
    png_interlaced: bool = False
    png_quantize: bool = False
    png_quantization_colors: Annotated[int, Meta(ge=2, le=256)] = 256
    webp_compression: str = "lossy"
    webp_preset: str = "default"
    avif_subsample: str = "auto"
    strip_metadata: bool = True
    keep_copyright: bool = True
    strip_color_profile: bool = True
    auto_rotate: bool = True
    max_animation_frames: Annotated[int, Meta(ge=1)] = 1
    max_result_dimension: Annotated[int, Meta(ge=0, le=65_535)] = 0
    watermark_url: str = ""
    watermark_opacity: Annotated[float, Meta(ge=0, le=1)] = 1.0
    fallback_image_url: str = ""
    fallback_image_http_code: Annotated[int, Meta(ge=0, le=599)] = 200
    return_attachment: bool = False
    ttl: Annotated[int, Meta(ge=0)] | None = None
    set_canonical_header: bool = False
    health_check_path: str = "/health"
    development_errors_mode: bool = False


OptionSegment = tuple[str, tuple[str, ...]]
"""The name of an option and its arguments."""

PresetPipelines = tuple[tuple[OptionSegment, ...], ...]
"""The options of a preset, by pipeline."""


@dataclass(frozen=True, slots=True)
class Config:
    """The meaning of an entry's options."""

    options: ImgproxyOptions
    policy: Policy
    encoder: Encoder
    presets: Mapping[str, PresetPipelines]
    allowed_options: frozenset[str]
    replacements: tuple[tuple[re.Pattern[str], str], ...]
    original_formats: tuple[Format, ...]
    skip_formats: tuple[Format, ...]
    format_quality: Mapping[Format, int]
    negotiated: tuple[Format, ...]
    enforced: tuple[Format, ...]
    watermark: SourceRef | None
    watermark_opacity: Fraction
    fallback: SourceRef | None

    @classmethod
    def of(cls, options: ImgproxyOptions) -> "Config":
        """Check the options. Raises ValueError that names the bad one."""
        enforced = _flagged(options, "enforce")
        automatic = _flagged(options, "auto")
        return cls(
            options=options,
            policy=Policy(options.allow_security_options, options.ignore_unsupported),
            encoder=_encoder(options),
            presets=parse_presets(options.presets, options.presets_separator, options.arguments_separator),
            allowed_options=_allowed(options.allowed_processing_options),
            replacements=parse_replacements(options.url_replacements),
            original_formats=_original_formats(options),
            skip_formats=_formats("skip_processing_formats", options.skip_processing_formats),
            format_quality=_format_quality(options.format_quality),
            negotiated=tuple(form for form in _NEGOTIABLE.values() if form in enforced or form in automatic),
            enforced=enforced,
            watermark=_source("watermark_url", options.watermark_url),
            watermark_opacity=Fraction(repr(options.watermark_opacity)),
            fallback=_source("fallback_image_url", options.fallback_image_url),
        )


_NEGOTIABLE: Final = {"jxl": Format.JXL, "avif": Format.AVIF, "webp": Format.WEBP}
"""In imgproxy's order of preference."""


_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "webp_compression": WEBP_COMPRESSIONS,
    "webp_preset": tuple(WebPPreset),
    "avif_subsample": AVIF_SUBSAMPLES,
}


def _flagged(options: ImgproxyOptions, prefix: str) -> tuple[Format, ...]:
    return tuple(form for name, form in _NEGOTIABLE.items() if getattr(options, f"{prefix}_{name}"))


def _encoder(options: ImgproxyOptions) -> Encoder:
    for name, words in _WORDS.items():
        if getattr(options, name) not in words:
            raise ValueError(f"options.{name} must be one of {', '.join(words)}")
    return Encoder(
        jpeg_progressive=options.jpeg_progressive,
        jpeg_no_subsample=options.jpeg_no_subsample,
        jpeg_trellis=options.jpeg_trellis_quant,
        jpeg_deringing=options.jpeg_overshoot_deringing,
        jpeg_optimize_scans=options.jpeg_optimize_scans,
        jpeg_quant_table=options.jpeg_quant_table,
        png_interlaced=options.png_interlaced,
        png_quantize=options.png_quantize,
        png_colours=options.png_quantization_colors,
        webp_compression=options.webp_compression,
        webp_preset=options.webp_preset,
        avif_subsample=options.avif_subsample,
    )


def split_list(text: str, separator: str = ",") -> tuple[str, ...]:
    """Split a list; blanks and empty items are left out."""
    return tuple(filter(None, (item.strip() for item in text.split(separator))))


def _formats(name: str, text: str) -> tuple[Format, ...]:
    unknown = [item for item in split_list(text) if item not in FORMATS]
    if unknown:
        raise ValueError(f"options.{name}: {unknown[0][:32]!r} is no format of {', '.join(FORMATS)}")
    return tuple(dict.fromkeys(FORMATS[item] for item in split_list(text)))


def _original_formats(options: ImgproxyOptions) -> tuple[Format, ...]:
    """Return the formats of originals that results keep."""
    formats = _formats("preferred_formats", options.preferred_formats)
    if not formats:
        raise ValueError("options.preferred_formats must name a format")
    return formats


def _format_quality(text: str) -> dict[Format, int]:
    qualities: dict[Format, int] = {}
    for item in split_list(text):
        name, _, digits = item.partition("=")
        if name not in FORMATS or not (digits.isascii() and digits.isdecimal() and 1 <= int(digits[:4]) <= 100):  # noqa: PLR2004
            raise ValueError("options.format_quality must be like webp=79,avif=63")
        qualities[FORMATS[name]] = int(digits)
    return qualities


def _allowed(text: str) -> frozenset[str]:
    names = frozenset(split_list(text))
    unknown = sorted(names.difference(APPLY))
    if unknown:
        raise ValueError(f"options.allowed_processing_options: there is no option {unknown[0][:32]!r}")
    return names


def _source(name: str, text: str) -> SourceRef | None:
    try:
        return parse_source(text) if text else None
    except BadRequest as error:
        raise ValueError(f"options.{name}: {error.message}") from error


def split_options(text: str, separator: str) -> PresetPipelines:
    """Split the options of a preset by pipeline. Raises ValueError."""
    pipelines: list[tuple[OptionSegment, ...]] = []
    for part in text.strip("/").split("/-/"):
        segments: list[OptionSegment] = []
        for piece in filter(None, part.split("/")):
            name, *arguments = piece.split(separator)
            if not arguments:
                raise ValueError(f"{piece[:64]!r} is no option with arguments")
            segments.append((name, tuple(arguments)))
        pipelines.append(tuple(segments))
    return tuple(pipelines)


def split_preset_list(text: str, separator: str) -> dict[str, str]:
    """Split ``name=options`` by the separator, or by lines; a line that begins with # is a comment."""
    items: dict[str, str] = {}
    for line in text.splitlines():
        if line.strip().startswith("#"):
            continue
        for item in split_list(line, separator):
            name, equals, value = item.partition("=")
            if not equals or not name.strip():
                raise ValueError(f"a preset must be like name=width:300, not {item[:64]!r}")
            items[name.strip()] = value.strip()
    if len(items) > MAX_PRESETS:
        raise ValueError(f"there may be at most {MAX_PRESETS} presets")
    return items


def parse_presets(text: str, separator: str, arguments_separator: str) -> dict[str, PresetPipelines]:
    """Parse presets. Raises ValueError that names the bad one."""
    presets: dict[str, PresetPipelines] = {}
    try:
        for name, value in split_preset_list(text, separator).items():
            presets[name] = split_options(value, arguments_separator)
    except ValueError as error:
        raise ValueError(f"options.presets: {error}") from error
    for name, pipelines in presets.items():
        for option, arguments in (segment for pipeline in pipelines for segment in pipeline):
            if option not in APPLY:
                raise ValueError(f"options.presets: {name[:64]} has an unknown option {option[:64]}")
            missing = [one for one in arguments if one not in presets] if option in PRESET_NAMES else []
            if missing:
                raise ValueError(f"options.presets: {name[:64]} names a preset {missing[0][:64]!r} that there is not")
    return presets


def parse_replacements(text: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Parse ``pattern=replacement;…``: ``*`` is any text without a slash, ``${1}`` what the first one matched.

    Patterns match at the beginning of a URL. A wildcard has a limit, so that matching takes bounded time.
    """
    replacements: list[tuple[re.Pattern[str], str]] = []
    for item in split_list(text, ";"):
        pattern, equals, replacement = item.partition("=")
        if not equals or not pattern:
            raise ValueError("options.url_replacements must be like mys3://*/=s3://bucket/${1}/")
        pieces = pattern.split("*")
        regex = _WILDCARD.join(map(re.escape, pieces))
        if len(pieces) > MAX_WILDCARDS + 1:
            raise ValueError(f"options.url_replacements: a pattern has at most {MAX_WILDCARDS} wildcards")
        template = re.sub(r"\$\{(\d{1,2})\}", r"\\g<\1>", replacement.replace("\\", r"\\"))
        highest = max((int(number) for number in re.findall(r"\\g<(\d+)>", template)), default=0)
        if highest >= len(pieces):
            raise ValueError(f"options.url_replacements: ${{{highest}}} has no * in {pattern[:64]!r}")
        replacements.append((re.compile(regex), template))
    if len(replacements) > MAX_REPLACEMENTS:
        raise ValueError(f"options.url_replacements has at most {MAX_REPLACEMENTS} rules")
    return tuple(replacements)
