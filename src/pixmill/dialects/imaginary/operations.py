"""imaginary's operations as stages of a plan. Knows parameters; must never know how one is spelled.

Order of one operation: orientation, mirrors, zoom, size with its crop or canvas, region, blur, watermark, background.
Without a crop or a canvas of its own an operation distorts to a given size, and enlarges; ``rotate`` prevents that.
"""

from collections.abc import Callable, Mapping
from html import escape
from math import log, sqrt
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from pixmill.dialects.imaginary.options import Params
from pixmill.dialects.imaginary.values import BLACK, FILLS, MAX_SIDE, WHITE, font
from pixmill.dialects.kit.effects import truncated_gaussian_sigma, vips_blur_sigma
from pixmill.dialects.kit.stages import StageSequence
from pixmill.errors import InvalidParameter, MissingParameter
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point, Smart
from pixmill.plan.ops import (
    Crop,
    CropOverflow,
    CropUnit,
    CropWindow,
    Fit,
    Flip,
    ImageOverlay,
    Kernel,
    Resize,
)
from pixmill.plan.overlays import MAX_TEXT_CHARACTERS, Length, Placement, Repeat, TextOverlay
from pixmill.plan.size_rules import SkipSmaller
from pixmill.plan.source import parse_source
from pixmill.plan.transforms import Extend

_RIGHT_ANGLE: Final = 90
_MAX_ANGLE: Final = 270
_MAX_FACTOR: Final = 99
_BLACK: Final = Colour(0, 0, 0)
_WHITE: Final = Colour(255, 255, 255)
_FLIPS: Final = {
    (False, False): Flip.NONE,
    (True, False): Flip.HORIZONTAL,
    (False, True): Flip.VERTICAL,
    (True, True): Flip.BOTH,
}

_TEXT_START: Final = 100.0
"""The watermark begins at this column and row."""
_TEXT_WIDTH: Final = Length(100 / 6, percent=True)
_TEXT_DPI: Final = 150
_TEXT_OPACITY: Final = 0.25
_POINTS: Final = 72
_MIN_TEXT_PX: Final = 4.0
_MAX_TEXT_PX: Final = 1_000.0
_TEXT_GAP: Final = 100
_MAX_GAP: Final = 1_000
_MIN_AMPLITUDE: Final = 0.001


class Sizing(Struct, frozen=True):
    """How an operation meets its box.

    ``crop``: the box is filled, and a side that is not given is that of the image. ``embed``: a canvas holds the box.
    ``inside``: the box is shrunk to the shape of the image. ``region``: a region is cut out of the result.
    """

    crop: bool = False
    embed: bool = False
    enlarge: bool = False
    inside: bool = False
    region: bool = False
    smart: bool = False
    flip: bool = False
    flop: bool = False


def _needs_either(params: Params) -> str:
    return "" if params.width or params.height else "param: height or width"


def _needs_thumbnail(params: Params) -> str:
    return "" if params.width or params.height else "params: width or height"


def _needs_both(params: Params) -> str:
    return "" if params.width and params.height else "params: height, width"


def _needs_area(params: Params) -> str:
    return "" if params.areawidth and params.areaheight else "params: areawidth or areaheight"


def _needs_zoom(params: Params) -> str:
    if not params.factor:
        return "param: factor"
    has_area = params.areawidth or params.areaheight or not (params.top or params.left)
    return "" if has_area else "params: areawidth, areaheight"


def _needs(name: str) -> Callable[[Params], str]:
    return lambda params: "" if getattr(params, name) else f"param: {name}"


def _needs_blur(params: Params) -> str:
    return "" if params.sigma or params.minampl else "param: sigma or minampl"


def _needs_nothing(_: Params) -> str:
    return ""


class Operation(Struct, frozen=True):
    """``missing`` says in words of the service what an operation lacks; ``sizing`` depends on its parameters."""

    missing: Callable[[Params], str]
    sizing: Callable[[Params], Sizing] = lambda _: Sizing()
    watermark: str = ""
    ignores_params: bool = False


OPERATIONS: Final[Mapping[str, Operation]] = {
    "resize": Operation(_needs_either, lambda params: Sizing(crop=params.nocrop is False, embed=True)),
    "fit": Operation(_needs_both, lambda _: Sizing(inside=True)),
    "enlarge": Operation(_needs_both, lambda params: Sizing(crop=not params.nocrop, enlarge=True)),
    "extract": Operation(_needs_area, lambda _: Sizing(region=True)),
    "crop": Operation(_needs_either, lambda _: Sizing(crop=True)),
    "smartcrop": Operation(_needs_either, lambda _: Sizing(crop=True, smart=True)),
    "rotate": Operation(_needs("rotate")),
    "autorotate": Operation(_needs_nothing, ignores_params=True),
    "flip": Operation(_needs_nothing, lambda _: Sizing(flip=True)),
    "flop": Operation(_needs_nothing, lambda _: Sizing(flop=True)),
    "thumbnail": Operation(_needs_thumbnail),
    "zoom": Operation(_needs_zoom, lambda params: Sizing(region=bool(params.top or params.left))),
    "convert": Operation(_needs("type")),
    "watermark": Operation(_needs("text"), watermark="text"),
    "watermarkimage": Operation(_needs("image"), watermark="image"),
    "blur": Operation(_needs_blur),
}
"""By the name in the path."""


def check(operation: Operation, params: Params) -> None:
    """Raises MissingParameter in the words of the service."""
    if missing := operation.missing(params):
        raise MissingParameter(f"Missing required {missing}", param=missing.rpartition(" ")[2])


def add(stages: StageSequence, operation: Operation, params: Params, *, lenient: bool = False) -> None:
    """Add an operation. ``lenient``: a region outside the image has no effect. Raises InvalidParameter."""
    if operation.ignores_params:
        return
    sizing = operation.sizing(params)
    if sizing.smart:
        params = replace(params, gravity=Smart())
    if params.aspectratio and bool(params.width) is not bool(params.height):
        params = _with_aspect(params, params.aspectratio)
    _add_orientation(stages, params, sizing)
    if params.factor and operation is OPERATIONS["zoom"]:
        _add_zoom(stages, params.factor)
    _add_size(stages, params, sizing)
    if sizing.region and not (params.embed or isinstance(params.gravity, Smart)):
        is_zoomed = operation is OPERATIONS["zoom"]
        stages.put(("crop",), _region(params, lenient=lenient, factor=params.factor if is_zoomed else 0))
    _add_colours(stages, params)
    if operation.watermark == "text" and (overlay := _text(params)):
        stages.add_overlay(overlay)
    elif operation.watermark == "image":
        stages.add_overlay(_image(params))
    if params.background not in (None, _BLACK):
        stages.put(("flatten",), params.background)


def _with_aspect(params: Params, aspect: tuple[int, int]) -> Params:
    """Return both sides, from whole quotients as the service computes them."""
    across, down = aspect
    width, height = params.width, params.height
    if width:
        height = width // across * down
    else:
        width = height // down * across
    if not width or not height:
        raise InvalidParameter("aspectratio leaves nothing of the image", param="aspectratio")
    return replace(params, width=min(width, MAX_SIDE), height=min(height, MAX_SIDE))


def _add_orientation(stages: StageSequence, params: Params, sizing: Sizing) -> None:
    angle = min(params.rotate - params.rotate % _RIGHT_ANGLE, _MAX_ANGLE)
    if angle:
        stages.put(("rotate",), angle)
    flips = _FLIPS[params.flip or sizing.flip, params.flop or sizing.flop]
    if flips is not Flip.NONE:
        stages.put(("flip",), flips)


def _add_zoom(stages: StageSequence, factor: int) -> None:
    if factor > _MAX_FACTOR:
        raise InvalidParameter(f"factor must be at most {_MAX_FACTOR}", param="factor")
    stages.put(("resize",), Resize(zoom=float(factor + 1), enlarge=True, kernel=Kernel.NEAREST))


def _add_size(stages: StageSequence, params: Params, sizing: Sizing) -> None:
    width, height = params.width, params.height
    if not width and not height:
        return
    embeds = sizing.embed or params.embed
    is_free = not (sizing.crop or embeds or sizing.enlarge or sizing.inside or params.rotate)
    is_smart = isinstance(params.gravity, Smart)
    if sizing.inside:
        stages.put(("resize",), _fitted(params, enlarge=params.force))
    elif params.force or is_free:
        _add_forced(stages, params, sizing)
    elif sizing.crop:
        _add_crop(stages, params, sizing)
    elif width and height and embeds and not is_smart:
        _add_canvas(stages, params)
    else:
        stages.put(("resize",), _fitted(params, enlarge=sizing.enlarge))


def _fitted(params: Params, *, enlarge: bool) -> Resize:
    """Return the largest image in the box; drawings are not enlarged either."""
    return Resize(params.width, params.height, enlarge=enlarge, enlarge_drawings=enlarge)


def _add_forced(stages: StageSequence, params: Params, sizing: Sizing) -> None:
    """Distort to both sides. With a crop the side that is not given is that of the image."""
    width, height = params.width, params.height
    if width and height:
        stages.put(("resize",), Resize(width, height, fit=Fit.FILL, enlarge=True))
    elif sizing.crop:
        shares = (0.0, 1.0) if width else (1.0, 0.0)
        stages.put(
            ("resize",),
            Resize(width, height, fit=Fit.FILL, enlarge=True, width_share=shares[0], height_share=shares[1]),
        )
    else:
        stages.put(("resize",), Resize(width, height, enlarge=True))


def _add_crop(stages: StageSequence, params: Params, sizing: Sizing) -> None:
    if not (params.width and params.height):
        stages.put(("crop",), CropWindow(params.width, params.height, params.gravity))
        return
    skip = SkipSmaller.NEVER if sizing.enlarge else SkipSmaller.BELOW
    stages.put(
        ("resize",),
        Resize(
            params.width,
            params.height,
            fit=Fit.COVER,
            gravity=params.gravity,
            enlarge=True,
            skip_smaller=skip,
        ),
    )


def _add_canvas(stages: StageSequence, params: Params) -> None:
    """Put the image in the middle of a canvas; one that is smaller than it along both sides stays as it is."""
    resize = replace(_fitted(params, enlarge=False), fit=Fit.CONTAIN, skip_smaller=SkipSmaller.BELOW)
    stages.put(("resize",), resize)
    fill = FILLS.get(params.extend)
    if fill is not None:
        stages.put(("extend",), Extend(fill=fill))
        return
    colours = {WHITE: _WHITE, BLACK: _BLACK}
    stages.put(("canvas",), None)  # what follows works on the canvas
    stages.change(("background",), colours.get(params.extend) or params.background or _BLACK)


def _region(params: Params, *, lenient: bool, factor: int) -> Crop | CropWindow:
    width, height = params.areawidth or params.width, params.areaheight or params.height
    if width and height:
        overflow = CropOverflow.IGNORE if lenient else CropOverflow.REFUSE
        return Crop(params.left, params.top, width, height, overflow=overflow)
    share = 100.0 / (factor + 1)
    corner = Point(0.0, 0.0, offset_x=params.left, offset_y=params.top)
    unit = CropUnit.of_axes(is_percent_x=not width, is_percent_y=not height)
    return CropWindow(width or share, height or share, corner, unit)


def _add_colours(stages: StageSequence, params: Params) -> None:
    if params.colorspace:
        stages.put(("grayscale",), True)
    sigma = _blur_sigma(params)
    if sigma:
        stages.blur(sigma)


def _blur_sigma(params: Params) -> float:
    sigma = float(params.sigma)
    if not params.minampl:
        return vips_blur_sigma(sigma)
    amplitude = max(float(params.minampl), _MIN_AMPLITUDE)
    reach = sqrt(-2 * log(amplitude)) if amplitude < 1 else 0.0
    return truncated_gaussian_sigma(min(sigma, float(MAX_SIDE)) * reach, sigma)


def _text(params: Params) -> TextOverlay | None:
    text = "".join(char for char in params.text[:MAX_TEXT_CHARACTERS] if char.isprintable() or char == "\n")
    if not text.strip():
        return None
    family, style, points = font(params.font)
    markup = escape(text, quote=False)
    for element in style:
        markup = f"<{element}>{markup}</{element}>"
    pixels = points * (params.dpi or _TEXT_DPI) / _POINTS
    start = Length(_TEXT_START)
    return TextOverlay(
        markup,
        font=family,
        size=min(max(round(pixels, 2), _MIN_TEXT_PX), _MAX_TEXT_PX),
        colour=params.color or _BLACK,
        width=Length(float(params.textwidth)) if params.textwidth else _TEXT_WIDTH,
        placement=Placement(
            x=0.0,
            y=0.0,
            offset_x=start,
            offset_y=start,
            opacity=_percent(params, _TEXT_OPACITY),
            repeat=Repeat.NONE if params.noreplicate else Repeat.BOTH,
            gap=min(params.margin or params.textwidth or _TEXT_GAP, _MAX_GAP),
        ),
    )


def _image(params: Params) -> ImageOverlay:
    placement = Placement(
        x=0.0,
        y=0.0,
        offset_x=Length(float(params.left)),
        offset_y=Length(float(params.top)),
        opacity=_percent(params, 1.0),
    )
    return ImageOverlay(parse_source(params.image), placement=placement)


def _percent(params: Params, default: float) -> float:
    return round(100 * min(float(params.opacity) or default, 1.0), 4)
