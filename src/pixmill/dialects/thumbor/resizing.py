"""How the options of a path cut, resize and mirror the image, before any filter. Knows options and plans."""

from fractions import Fraction
from math import isqrt
from typing import Final

from msgspec import structs

from pixmill.dialects.thumbor.grammar import ORIGINAL, Corner, CropOption, Flavour, PathOptions, TrimOption
from pixmill.dialects.thumbor.recipe import Focus, Recipe
from pixmill.dialects.thumbor.settings import ThumborOptions
from pixmill.plan.gravity import AUTO, Faces, FocalPixels, Gravity, Interest, PixelRegion, Point, Smart
from pixmill.plan.lengths import RoundingMode
from pixmill.plan.ops import (
    MAX_SIDE,
    Aspect,
    AspectRule,
    Clamp,
    Crop,
    CropOverflow,
    CropUnit,
    CropWindow,
    Fit,
    Flip,
    Resize,
)
from pixmill.plan.transforms import Trim, TrimCorner

_CORNERS: Final = {Corner.TOP_LEFT: TrimCorner.TOP_LEFT, Corner.BOTTOM_RIGHT: TrimCorner.BOTTOM_RIGHT}
_HORIZONTAL: Final = {"": 0.5, "left": 0.0, "center": 0.5, "right": 1.0}
_VERTICAL: Final = {"": 0.5, "top": 0.0, "middle": 0.5, "bottom": 1.0}
_SMART: Final[dict[str, Gravity]] = {
    "auto": AUTO,
    "attention": Smart(),
    "entropy": Smart(Interest.ENTROPY),
    "face": Faces(),
    "center": Point(),
}
_FLIPS: Final = {
    (False, False): Flip.NONE,
    (True, False): Flip.HORIZONTAL,
    (False, True): Flip.VERTICAL,
    (True, True): Flip.BOTH,
}
_MAX_TOLERANCE: Final = 255


def trim_of(option: TrimOption, flavour: Flavour) -> Trim:
    """Return the trim; thumbor's tolerance is the distance of two colours, imagor's that of each channel."""
    tolerance = isqrt(option.tolerance**2 // 3) if flavour is Flavour.THUMBOR else max(option.tolerance, 1)
    return Trim(min(tolerance, _MAX_TOLERANCE), corner=_CORNERS[option.corner])


def cut_and_resize(recipe: Recipe, settings: ThumborOptions) -> None:
    """Add what the options of the path do to the image. Raises InvalidParameter."""
    options, sequence = recipe.options, recipe.sequence
    flip = _FLIPS[options.is_flipped_horizontally, options.is_flipped_vertically]
    if recipe.orient:
        sequence.put(("rotate",), recipe.orient)
    is_cut = bool(options.trim or options.crop or options.is_smart or recipe.focus or options.is_debug)
    is_cut_to_size = settings.flavour is Flavour.THUMBOR and options.width and options.height and not options.is_fit_in
    is_mirrored_first = flip is not Flip.NONE and not is_cut and not is_cut_to_size
    if is_mirrored_first:
        sequence.put(("flip",), flip)
    if options.trim:
        sequence.put(("trim",), trim_of(options.trim, settings.flavour))
    if options.crop and not options.crop.is_empty:
        sequence.put(("crop",), _crop(options.crop))
    if options.is_debug:
        return
    sides = _bounded(options.width, settings.max_width), _bounded(options.height, settings.max_height)
    resize = (_thumbor_resize if settings.flavour is Flavour.THUMBOR else _imagor_resize)(recipe, settings, *sides)
    if resize.fit is Fit.COVER:
        resize = _cut_to_cover(recipe, settings, resize, flip if is_mirrored_first else Flip.NONE)
    if resize != Resize():
        sequence.put(("resize",), resize)
    if flip is not Flip.NONE and not is_mirrored_first:
        sequence.put(("flip",), flip)


def _cut_to_cover(recipe: Recipe, settings: ThumborOptions, resize: Resize, mirrored: Flip) -> Resize:
    """Cut what does not fit the shape of the box, and return the resize of the rest; ``mirrored``: before it."""
    gravity = _gravity(recipe, settings, _mirrored(_point(recipe, settings.flavour), mirrored))
    if settings.flavour is Flavour.THUMBOR and resize.enlarge and _has_sides(resize):
        # Whole pixels of the original are cut, as in thumbor: a window of the result could be half a pixel away.
        window = CropWindow(gravity=gravity, aspect=_aspect(resize), aspect_rule=AspectRule.THUMBOR)
        recipe.sequence.put(("crop",), window)
        return structs.replace(resize, fit=Fit.FILL)
    return structs.replace(resize, gravity=gravity)


def _has_sides(resize: Resize) -> bool:
    return bool(resize.width and resize.height)


def _aspect(resize: Resize) -> Aspect:
    ratio = Fraction(resize.width, resize.height)
    return Aspect(ratio.numerator, ratio.denominator)


def _bounded(side: int, limit: int) -> int:
    return min(side, limit) if limit else side


def _crop(option: CropOption) -> Crop:
    left, top, width, height = option.left, option.top, option.right - option.left, option.bottom - option.top
    if option.is_share:
        return Crop(*_rounded(left * 100, top * 100, width * 100, height * 100), CropUnit.PERCENT, CropOverflow.IGNORE)
    return Crop(*_rounded(left, top, width, height), overflow=CropOverflow.IGNORE)


def _rounded(left: float, top: float, width: float, height: float) -> tuple[float, float, float, float]:
    return round(left, 6), round(top, 6), round(width, 6), round(height, 6)


def _thumbor_resize(recipe: Recipe, settings: ThumborOptions, width: int, height: int) -> Resize:
    """Return the resize of thumbor.

    A plain size enlarges, and its free side is rounded half to even; so is that of ``fit-in``, which then fits
    into the box that it completes.
    """
    options = recipe.options
    if not width and not height:
        return Resize()
    width_share, height_share = float(width == ORIGINAL), float(height == ORIGINAL)
    has_both = bool(width and height)
    width, height = max(width, 0), max(height, 0)
    may_enlarge = recipe.may_upscale is not False
    if options.is_fit_in:
        recipe.canvas = (width, height) if not options.is_full else (0, 0)
        recipe.is_canvas_adaptive = options.is_adaptive and has_both
        may_fit_in_enlarge = settings.fit_in_enlarges or (recipe.lets_fit_in_enlarge and has_both)
        enlarges = (options.is_full or may_fit_in_enlarge) and may_enlarge
        fit = Fit.OUTSIDE if options.is_full else Fit.INSIDE
        return Resize(
            width,
            height,
            fit,
            enlarge=enlarges,
            adaptive=recipe.is_canvas_adaptive,
            rounding=RoundingMode.HALF_UP if has_both else RoundingMode.COMPLETED_BOX,
            width_share=width_share,
            height_share=height_share,
        )
    if not has_both:
        recipe.shape = recipe.canvas = (width, height) if may_enlarge else (0, 0)
        return Resize(
            width,
            height,
            enlarge=may_enlarge,
            rounding=RoundingMode.HALF_EVEN,
            width_share=width_share,
            height_share=height_share,
        )
    if may_enlarge:
        recipe.shape = recipe.canvas = (width, height)
    fit = Fit.FILL if recipe.is_stretched else Fit.COVER
    clamp = Clamp.SHAPE if may_enlarge else Clamp.SIDES
    return Resize(
        width,
        height,
        fit,
        enlarge=may_enlarge,
        clamp=clamp,
        width_share=width_share,
        height_share=height_share,
    )


def _imagor_resize(recipe: Recipe, _settings: ThumborOptions, width: int, height: int) -> Resize:
    """Return the resize of imagor, whose free sides are cut off to whole pixels where it does not shrink on load."""
    options = recipe.options
    if not width and not height:
        return Resize()
    recipe.canvas = (width, height) if not options.is_full else (0, 0)
    recipe.is_canvas_adaptive = options.is_adaptive and bool(width and height)
    is_fit_in = options.is_fit_in
    enlarges = recipe.may_upscale if recipe.may_upscale is not None else options.is_full or not is_fit_in
    if not (width and height):
        rounding = RoundingMode.TRUNCATE if recipe.is_decoded_whole else RoundingMode.HALF_UP
        return Resize(width, height, enlarge=enlarges, rounding=rounding)
    if is_fit_in:
        fit = Fit.OUTSIDE if options.is_full else Fit.INSIDE
        return Resize(width, height, fit, enlarge=enlarges, adaptive=options.is_adaptive)
    if options.is_stretched or recipe.is_stretched:
        recipe.shape = (width, height)
        return Resize(width, height, Fit.FILL, enlarge=True)
    if enlarges:
        recipe.shape = (width, height)
    return Resize(width, height, Fit.COVER, enlarge=enlarges, clamp=Clamp.SHAPE if enlarges else Clamp.SIDES)


def _point(recipe: Recipe, flavour: Flavour) -> Point:
    """Return what the alignment keeps.

    imagor, where it shrinks on load, takes one edge alone for the beginning or the end of either axis.
    """
    options = recipe.options
    x, y = _HORIZONTAL[options.halign], _VERTICAL[options.valign]
    if flavour is Flavour.IMAGOR and not recipe.is_decoded_whole:
        if not options.halign and options.valign in _EDGES:
            x = y
        elif not options.valign and options.halign in _EDGES:
            y = x
    return Point(x, y)


_EDGES: Final = frozenset({"left", "right", "top", "bottom"})


def _mirrored(point: Point, flip: Flip) -> Point:
    x = 1 - point.x if flip in (Flip.HORIZONTAL, Flip.BOTH) else point.x
    y = 1 - point.y if flip in (Flip.VERTICAL, Flip.BOTH) else point.y
    return Point(x, y)


def _gravity(recipe: Recipe, settings: ThumborOptions, point: Point) -> Gravity:
    if recipe.focus:
        return _centre_of_mass(recipe.focus, recipe.options) or point
    if recipe.options.is_smart:
        return _SMART[settings.smart]
    return point


def _pixel(at: float) -> int:
    return max(0, min(int(at), MAX_SIDE))


def _centre_of_mass(focus: list[Focus], options: PathOptions) -> Gravity | None:
    """Return the mean of the regions by weight; those in pixels count if there are both kinds."""
    pixels = [region for region in focus if not region.is_share]
    regions = pixels or focus
    crop = options.crop
    if crop and pixels and not crop.is_share:
        regions = [one for one in regions if crop.left <= one.x <= crop.right and crop.top <= one.y <= crop.bottom]
    total = sum(region.weight for region in regions)
    if not total:
        return None
    x = sum(region.x * region.weight for region in regions) / total
    y = sum(region.y * region.weight for region in regions) / total
    if pixels:
        return FocalPixels((PixelRegion(_pixel(x), _pixel(y)),))
    if crop and crop.is_share and not crop.is_empty:
        x, y = (x - crop.left) / (crop.right - crop.left), (y - crop.top) / (crop.bottom - crop.top)
    return Point(round(min(max(x, 0.0), 1.0), 6), round(min(max(y, 0.0), 1.0), 6))
