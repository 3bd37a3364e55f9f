"""Compiles the state of a request into a plan. Knows both; must never know a URL."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.imgproxy.config import Config
from pixmill.dialects.imgproxy.stages import Server, stages_of
from pixmill.dialects.imgproxy.state import RequestState
from pixmill.dialects.kit.stages import plan_of_stages
from pixmill.media import MEDIA, Format
from pixmill.plan.ops import MAX_PAGE, MAX_TIME_S, Input, Output, Plan, Stage
from pixmill.plan.output import (
    MAX_TARGET_QUALITY,
    MIN_TARGET_QUALITY,
    Encoding,
    Metadata,
    Profile,
    RenderMode,
    Subsampling,
    WebPPreset,
)

_NEUTRAL_QUALITY: Final = 80
_SAME_LOOK: Final[Mapping[Format, int]] = {Format.WEBP: 79, Format.AVIF: 63, Format.JXL: 77}
"""imgproxy's defaults: what looks like a JPEG of quality 80, on the scale of each encoder."""
_MAX_QUALITY: Final = 100
_NEAR_LOSSLESS: Final = 60
_RAW: Final = Plan(output=Output(source_format=True, metadata=Metadata.ALL))


def plan_of(state: RequestState, config: Config, mode: RenderMode) -> Plan:
    """Return the plan. Raises BadRequest."""
    if state.raw:
        return _RAW
    keeps_alpha = state.format is None or bool(config.enforced) or MEDIA[state.format].alpha
    server = Server(config.watermark, config.watermark_opacity, state.max_result_dimension)
    stages: list[Stage] = []
    for pipeline in state.pipelines:
        stages += stages_of(pipeline, server, keeps_alpha=keeps_alpha)
    return plan_of_stages(stages, _input(state), output_of(state, config, mode), what="The pipelines")


def _input(state: RequestState) -> Input:
    animated = state.max_animation_frames > 1 and not state.disable_animation
    return Input(
        animated=animated,
        page=min(state.page + 1, MAX_PAGE),
        time_s=None if state.second is None else float(min(state.second, Fraction(MAX_TIME_S))),
        orientation=0 if state.auto_rotate else 1,
        max_frames=min(state.max_animation_frames, MAX_PAGE) if animated else 0,
    )


def output_of(state: RequestState, config: Config, mode: RenderMode) -> Output:
    """Return how the result is written."""
    output = Output(
        quality=_quality(state, config),
        metadata=_metadata(state),
        profile=Profile.SRGB if state.strip_colour_profile else Profile.KEEP,
        encoding=_encoding(state, mode),
        max_bytes=state.max_bytes,
        max_bytes_strict=False,
    )
    output = _with_target(output, state)
    output = replace(output, passthrough=_unprocessed(state, config))
    if state.best_format:
        return replace(output, negotiated=True, smallest=True)
    preferred = config.negotiated if state.format is None else config.enforced
    ordered = replace(output, formats=preferred, negotiated=True, ordered=True) if preferred else output
    if state.format is None:
        return replace(ordered, source_format=True, original_formats=config.original_formats)
    return replace(ordered, fallback_format=state.format) if preferred else replace(output, formats=(state.format,))


def _unprocessed(state: RequestState, config: Config) -> tuple[Format, ...]:
    """Return the formats of originals that are delivered as they are, if the URL names no other format.

    imgproxy processes no drawing that stays one.
    """
    drawings = () if config.options.always_rasterize_svg else (Format.SVG,)
    formats = frozenset((*state.skip_formats, *drawings))
    return tuple(sorted(formats if state.format is None else formats & {state.format}))


def _quality(state: RequestState, config: Config) -> int:
    """Return the quality that the URL asks for, else that of the format, else the server's."""
    if state.quality:
        return state.quality
    if state.format is None or not state.format_quality.get(state.format):
        return config.options.quality
    quality, same = state.format_quality[state.format], _SAME_LOOK.get(state.format, _NEUTRAL_QUALITY)
    if quality <= same:
        return max(1, round(Fraction(quality * _NEUTRAL_QUALITY, same)))
    above = Fraction((quality - same) * (_MAX_QUALITY - _NEUTRAL_QUALITY), _MAX_QUALITY - same)
    return round(_NEUTRAL_QUALITY + above)


def _metadata(state: RequestState) -> Metadata:
    if not state.strip_metadata:
        return Metadata.ALL
    return Metadata.COPYRIGHT if state.keep_copyright else Metadata.STRIP


def _with_target(output: Output, state: RequestState) -> Output:
    """Add a search for the quality; the method ``size`` is a limit of the bytes."""
    auto = state.autoquality
    if state.quality or auto.method == "none":
        return output
    if auto.method == "size":
        target = int(auto.target)
        return replace(output, max_bytes=min(output.max_bytes or target, target)) if target else output
    quality = min(max(auto.max_quality, MIN_TARGET_QUALITY), MAX_TARGET_QUALITY)
    return replace(output, quality=_NEUTRAL_QUALITY, target_quality=quality)


def _encoding(state: RequestState, mode: RenderMode) -> Encoding:
    """Return the encoder options of the format, or those of all if it is not known yet."""
    encoder, form = state.encoder, state.format
    is_jpeg, is_png = form in (None, Format.JPEG), form in (None, Format.PNG)
    is_webp, is_avif = form is Format.WEBP, form is Format.AVIF
    full_chroma = (is_jpeg and encoder.jpeg_no_subsample) or (is_avif and encoder.avif_subsample == "off")
    half_chroma = is_avif and encoder.avif_subsample == "on"
    return Encoding(
        mode=mode,
        progressive=(is_jpeg and encoder.jpeg_progressive) or (is_png and encoder.png_interlaced),
        subsampling=Subsampling.S444 if full_chroma else Subsampling.S420 if half_chroma else Subsampling.AUTO,
        trellis=is_jpeg and encoder.jpeg_trellis,
        deringing=is_jpeg and encoder.jpeg_deringing,
        optimize_scans=is_jpeg and encoder.jpeg_optimize_scans,
        quant_table=encoder.jpeg_quant_table if is_jpeg else 0,
        lossless=is_webp and encoder.webp_compression == "lossless",
        near_lossless=_NEAR_LOSSLESS if is_webp and encoder.webp_compression == "near_lossless" else None,
        webp_preset=WebPPreset(encoder.webp_preset) if is_webp else WebPPreset.DEFAULT,
        colours=encoder.png_colours if is_png and encoder.png_quantize else 0,
    )
