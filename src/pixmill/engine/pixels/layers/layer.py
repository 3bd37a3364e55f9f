"""Prepares overlay images, texts and masks: in the colours of the canvas with alpha, resized, rotated, with shadow.

A watermark is requested again and again, so the last layers are cached by their content and options. Must never know
where a layer is placed or how it is blended. Images are subject to the limits of originals, layers to those of results.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from hashlib import sha256
from math import ceil
from typing import Final

from msgspec.structs import replace

from pixmill.engine.codecs.decoder import ImageHeader
from pixmill.engine.pixels.analysis.drawn import decide_light
from pixmill.engine.pixels.cost import check_drawing
from pixmill.engine.pixels.decode import decode_frame
from pixmill.engine.pixels.draw.compositing import composite_over, fill_mask, multiply_opacity
from pixmill.engine.pixels.draw.text import render_text
from pixmill.engine.pixels.job import RenderJob, resolve_job
from pixmill.engine.pixels.open_image import open_image
from pixmill.engine.pixels.resample.linear_filters import MAX_DIRECT_SIGMA, MIN_AMPLITUDE
from pixmill.engine.pixels.transform.colour import convert_to_srgb
from pixmill.engine.pixels.transform.geometric import orient, resize, rotate_free
from pixmill.engine.raster.alpha import split_alpha
from pixmill.engine.raster.convert import VipsImage, from_pillow, from_vips, to_pillow, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.wide_gamut import convert_to_profile, is_target
from pixmill.errors import PixmillError
from pixmill.media import Format
from pixmill.plan.layer_plan import layer_plan
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Fit, ImageOverlay, Output, Overlay, Plan, ResampleSpace, Resize
from pixmill.plan.output import Profile
from pixmill.plan.overlays import Length, Placement, Shadow, TextOverlay
from pixmill.plan.references import Extras, references
from pixmill.plan.shapes import ImageMask, MaskChannel
from pixmill.plan.transforms import FreeRotation
from pixmill.runtime.bounded import SizedDict

MAX_CACHE_BYTES: Final = 32 * 2**20
_MAX_LAYER_BYTES: Final = 8 * 2**20
"""For one layer: more than a watermark needs."""

_SHADOW_SIGMAS: Final = 3
"""Width in sigmas at which a Gaussian is cut off; the rest is less than half an 8-bit value."""

_RIGHT_ANGLE: Final = 90


@dataclass(frozen=True, slots=True)
class OverlayLayer:
    """A prepared overlay. Its content has ``content_size``.

    ``shadow_left`` and ``shadow_top`` are how far the shadow extends beyond the content. ``truncated``: the file of the
    image is cut off.
    """

    frame: Frame
    content_size: Size
    shadow_left: int = 0
    shadow_top: int = 0
    truncated: bool = False


class _LayerCache:
    """LRU cache of layers, bounded in bytes."""

    def __init__(self) -> None:
        self._layers: SizedDict[Hashable, OverlayLayer] = SizedDict(lambda layer: len(layer.frame.pixels))

    def get_or_make(self, key: Hashable, make: Callable[[], OverlayLayer]) -> OverlayLayer:
        layer = self._layers.entries.get(key) or make()
        if len(layer.frame.pixels) > _MAX_LAYER_BYTES:
            return layer
        self._layers.put(key, layer)
        while self._layers.total_bytes > MAX_CACHE_BYTES:
            self._layers.pop_oldest()
        return layer


_LAYER_CACHE: Final = _LayerCache()


RenderStages = Callable[[memoryview, Plan, Limits, Extras], Frame]
"""Renders all stages of a plan from a file, without encoding the result."""


def overlay_layer(
    overlay: Overlay, canvas: Size, profile: bytes, job: RenderJob, render_stages: RenderStages
) -> OverlayLayer:
    """Return the layer for a canvas of this size and profile.

    Raises ImageError for an invalid image, ResultTooLarge.
    """
    if isinstance(overlay, ImageOverlay):
        source = job.extras[overlay.source]
        sized_overlay = replace(
            overlay, **_pixel_lengths(overlay, canvas), placement=_without_position(overlay.placement)
        )
        profile = profile if is_target(profile) else b""
        space = job.plan.resample_space
        sized = replace(sized_overlay, source=None)
        key = (sha256(source).digest(), sized, profile, space, _digests(sized_overlay, job))
        return _LAYER_CACHE.get_or_make(
            key,
            lambda: _build_layer(
                _processed_frame(source, sized_overlay, canvas, job, profile, render_stages)
                if sized_overlay.is_processed
                else _image_frame(source, sized_overlay, job.limits, profile, space),
                sized_overlay.placement,
                job.limits,
            ),
        )
    text = replace(overlay, width=_wrap_width(overlay, canvas), placement=_without_position(overlay.placement))
    return _LAYER_CACHE.get_or_make(
        text, lambda: _build_layer(from_vips(render_text(text)), text.placement, job.limits)
    )


def _digests(overlay: ImageOverlay, job: RenderJob) -> tuple[bytes, ...]:
    """Return the digests of the images that the stages of an overlay refer to."""
    if not overlay.is_processed:
        return ()
    stages = Plan(stages=(*overlay.prepare, *overlay.stages))
    return tuple(sha256(job.extras[reference.source]).digest() for reference in references(stages))


def _processed_frame(
    source: memoryview,
    overlay: ImageOverlay,
    canvas: Size,
    job: RenderJob,
    profile: bytes,
    render_stages: RenderStages,
) -> Frame:
    """Run the stages of an overlay, and convert the result to a profile (empty for sRGB)."""
    plan = layer_plan(overlay, canvas, Profile.REC2020 if profile else Profile.SRGB, job.plan.resample_space)
    frame = render_stages(source, plan, job.limits, job.extras)
    return _in_profile(frame, profile) if profile else convert_to_srgb(frame)


def stretch_image(source: memoryview, size: Size, limits: Limits) -> Frame:
    """Return the image at exactly this size, whatever its aspect ratio."""
    target = Resize(size.width, size.height, Fit.FILL, enlarge=True)
    return _LAYER_CACHE.get_or_make(
        (sha256(source).digest(), target),
        lambda: OverlayLayer(_resized_frame(source, target, limits, space=ResampleSpace.LINEAR), size),
    ).frame


def _pixel_lengths(overlay: ImageOverlay, canvas: Size) -> dict[str, Length | None]:
    """Return the sides of the overlay in pixels."""
    pairs = (("width", overlay.width, canvas.width), ("height", overlay.height, canvas.height))
    return {name: length and Length(max(1, length.pixels(side))) for name, length, side in pairs}


def _wrap_width(text: TextOverlay, canvas: Size) -> Length:
    width = text.width.pixels(canvas.width) if text.width else canvas.width
    return Length(max(1, width))


def _without_position(placement: Placement) -> Placement:
    """Return only those parts of a placement that change the layer itself."""
    return Placement(degrees=placement.degrees, opacity=placement.opacity, shadow=placement.shadow)


def _image_frame(
    source: memoryview, overlay: ImageOverlay, limits: Limits, profile: bytes, space: ResampleSpace
) -> Frame:
    width, height = (int(side.value) if side else 0 for side in (overlay.width, overlay.height))
    target = Resize(width, height, Fit(overlay.fit.value), enlarge=True)
    return _resized_frame(source, target, limits, profile, space)


def _resized_frame(
    source: memoryview,
    target: Resize,
    limits: Limits,
    profile: bytes = b"",
    space: ResampleSpace = ResampleSpace.AUTO,
) -> Frame:
    """Decode, resize, convert to a profile (empty for sRGB) and orient, as the first steps of every render do."""
    decoder = open_image(source, limits)
    output = Output(profile=Profile.REC2020 if profile else Profile.SRGB)
    plan = Plan(resize=target, resample_space=space, output=output)
    job = resolve_job(decoder.header, plan, limits)
    check_drawing(decoder.header, job.geometry.window, limits)
    frame = decode_frame(decoder, job.decode_request, limits)
    [job] = decide_light([job], frame)
    frame = resize(frame, job)
    return orient(_in_profile(frame, profile) if profile else convert_to_srgb(frame), job)


def _in_profile(frame: Frame, profile: bytes) -> Frame:
    if frame.is_grey:
        frame = convert_to_srgb(frame)
        frame = from_vips(to_vips(frame).colourspace("srgb"), frame)
    return replace_fields(
        from_pillow(convert_to_profile(to_pillow(frame), frame.profile, profile), frame), profile=profile
    )


def _build_layer(frame: Frame, placement: Placement, limits: Limits) -> OverlayLayer:
    truncated = frame.truncated
    frame = from_vips(_to_rgba(to_vips(frame)))
    if placement.degrees:
        frame = _rotate(frame, placement.degrees, limits)
    image, content_size = to_vips(frame), frame.size
    left = top = 0
    if placement.shadow:
        image, left, top = _add_shadow(image, placement.shadow)
    opaque = from_vips(multiply_opacity(image, placement.opacity / 100))
    return OverlayLayer(opaque, content_size, left, top, truncated)


def _to_rgba(image: VipsImage) -> VipsImage:
    image = image.colourspace("srgb")
    return image if image.hasalpha() else image.bandjoin(255)


def _rotate(frame: Frame, degrees: float, limits: Limits) -> Frame:
    plan = Plan(rotate_free=FreeRotation(degrees)) if degrees % _RIGHT_ANGLE else Plan(rotate=int(degrees))
    job = resolve_job(ImageHeader(Format.PNG, frame.size, alpha=True, colour_space="rgb"), plan, limits)
    return rotate_free(orient(frame, job), job)


def _add_shadow(image: VipsImage, shadow: Shadow) -> tuple[VipsImage, int, int]:
    """Return the image over its shadow, and how far the shadow extends to the left and the top."""
    blur_radius = ceil(shadow.blur * _SHADOW_SIGMAS)
    left, top = max(0, blur_radius - shadow.offset_x), max(0, blur_radius - shadow.offset_y)
    width = left + image.width + max(0, blur_radius + shadow.offset_x)
    height = top + image.height + max(0, blur_radius + shadow.offset_y)
    shadow_mask = _blur_mask(image[3].embed(left + shadow.offset_x, top + shadow.offset_y, width, height), shadow.blur)
    shadow_image = fill_mask(shadow_mask, shadow.colour)
    return composite_over(shadow_image, image, left, top), left, top


def _blur_mask(mask: VipsImage, sigma: float) -> VipsImage:
    """Blur by a Gaussian; reduces the mask first for a large sigma, so that time does not grow with it."""
    if not sigma:
        return mask
    shrink = max(1.0, sigma / MAX_DIRECT_SIGMA)
    reduced = (
        mask.cast("float")
        .resize(1 / shrink, kernel="linear")
        .gaussblur(sigma / shrink, min_ampl=MIN_AMPLITUDE, precision="float")
    )
    return reduced.resize(mask.width / reduced.width, vscale=mask.height / reduced.height, kernel="linear")


def mask_opacity(mask: ImageMask, size: Size, job: RenderJob) -> tuple[VipsImage, bool]:
    """Return the opacity that the mask gives each pixel, as 8-bit values, and whether its file is cut off.

    The alpha of an image without alpha is opaque; the luminance of a transparent pixel is 0.
    """
    try:
        frame = stretch_image(job.extras[mask.source], size, job.limits)
    except PixmillError as error:
        raise error.with_subject("The mask", "mask") from error
    colours, alpha = split_alpha(to_vips(frame))
    if mask.channel is MaskChannel.ALPHA:
        return alpha if alpha is not None else colours[0] * 0 + 255, frame.truncated
    luminance = colours.colourspace("b-w")[0]
    return luminance if alpha is None else luminance * (alpha / 255), frame.truncated
