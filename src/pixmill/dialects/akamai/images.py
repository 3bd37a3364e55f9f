"""Composite and Append: other images, texts, boxes and circles over, under or beside the image.

Knows arguments and plans; must never know a chain. All raise InvalidParameter.
"""

import re
from collections.abc import Callable
from html import escape
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.akamai.args import Args, refuse
from pixmill.dialects.akamai.chain import Call, Group, call_of
from pixmill.dialects.akamai.gravities import CENTRE, NORTH_WEST, gravity_of, inward
from pixmill.dialects.kit.stages import StageSequence
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.ops import MAX_OVERLAY_STAGES, ImageOverlay, Overlay, Stage
from pixmill.plan.overlays import (
    DEFAULT_FONT,
    MAX_OVERLAYS,
    MAX_TEXT_CHARACTERS,
    Blend,
    Length,
    Placement,
    Stroke,
    TextOverlay,
)
from pixmill.plan.shapes import Ellipse, Shape
from pixmill.plan.source import canvas_ref, parse_source

Compile = Callable[[tuple[Call, ...]], StageSequence]
"""Makes stages of the transformations of an image."""

COMPOSITE_SHORTCUTS: Final = {"location": ("xposition", "yposition")}
_BLACK: Final = Colour(0, 0, 0)
_MAX_DRAWN_SIDE: Final = 4_000
_TEXT_WIDTH: Final = Length(8_000.0)
_FAMILY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{0,63}")
_WHOLE: Final = 100.0
_PLACEMENTS: Final = {"over": Blend.NORMAL, "under": Blend.BEHIND, "mask": Blend.MASK, "stencil": Blend.ERASE}


def composite(sequence: StageSequence, args: Args, compile_chain: Compile) -> None:
    x, y = gravity_of(args, NORTH_WEST)
    place = Placement(
        x,
        y,
        Length(float(inward(args.offset("xposition"), x))),
        Length(float(inward(args.offset("yposition"), y))),
        blend=args.word("placement", _PLACEMENTS, Blend.NORMAL),
    )
    overlay = _overlay(args, place, compile_chain)
    if "scale" in args or "scaledimension" in args:
        overlay = _scaled(args, overlay)
    _add(sequence, overlay)


def append(sequence: StageSequence, args: Args, compile_chain: Compile) -> None:
    """Place an image beside this one, aligned by the other direction of the gravity; the canvas grows."""
    x, y = gravity_of(args, CENTRE)
    priority = args.word("gravitypriority", {"horizontal": 0, "vertical": 1}, 0)
    is_vertical = y != CENTRE[1] and (x == CENTRE[0] or priority == 1)
    is_vertical = is_vertical or ((x, y) == CENTRE and priority == 1)
    if is_vertical:
        is_before = y == 0
        place = Placement(x, 1.0 if is_before else 0.0, offset_y=_outside(is_before=is_before), expand=True)
    else:
        is_before = x == 0
        place = Placement(1.0 if is_before else 0.0, y, offset_x=_outside(is_before=is_before), expand=True)
    _add(sequence, _overlay(args, place, compile_chain))


def _outside(*, is_before: bool) -> Length:
    return Length(-_WHOLE if is_before else _WHOLE, percent=True)


def _add(sequence: StageSequence, overlay: Overlay) -> None:
    overlays = sequence.current.overlays
    if len(overlays) >= MAX_OVERLAYS or any(one.placement.may_grow for one in overlays):
        sequence.begin()  # what follows lies on the larger canvas
    sequence.add_overlay(overlay)


def _scaled(args: Args, overlay: Overlay) -> Overlay:
    """Scale an image to a share of a side of the one below."""
    share = Length(float(args.number("scale", 1, 0, 100) * 100), percent=True)
    if share.value <= 0:
        args.fail("scale", "above 0")
    is_height = args.word("scaledimension", {"width": False, "height": True}, False)
    image = overlay if isinstance(overlay, ImageOverlay) else _as_image(overlay)
    return replace(image, height=share) if is_height else replace(image, width=share)


def _as_image(text: TextOverlay) -> ImageOverlay:
    """Draw a text as an image of its own size, so that it can be scaled."""
    drawn = replace(text, placement=Placement(0.0, 0.0, expand=True), width=_TEXT_WIDTH)
    return ImageOverlay(canvas_ref(1, 1, TRANSPARENT), placement=text.placement, prepare=(Stage(overlays=(drawn,)),))


def _overlay(args: Args, place: Placement, compile_chain: Compile) -> Overlay:
    """Return what ``image=(…)`` names."""
    items = args.group("image")
    image = Args(Call(f"{args.name}, image", None, items)) if items else args
    kind = image.text("type").lower() or next((name for name in ("url", "text") if name in image), "")
    if kind == "text":
        overlay: Overlay = _text(image, place)
    elif kind == "url":
        overlay = ImageOverlay(parse_source(image.text("url")), placement=place)
    elif kind in _SHAPES:
        overlay = _SHAPES[kind](image, place)
    else:
        refuse(f"{args.name} needs image=(url=…), (text=…), (type=box) or (type=circle)")
    chain = image.group("transformation")
    if not chain:
        return overlay
    stages = compile_chain((_call(image, chain),)).stages
    if len(stages) > MAX_OVERLAY_STAGES:
        refuse(f"{args.name}: the image needs too many passes")
    own = _as_image(overlay) if isinstance(overlay, TextOverlay) else overlay
    return replace(own, prepare=(*own.prepare, *stages)[:MAX_OVERLAY_STAGES])


def _call(image: Args, items: Group) -> Call:
    try:
        return call_of(items)
    except ValueError:
        image.fail("transformation", "a transformation")


def _text(image: Args, place: Placement) -> TextOverlay:
    text = "".join(letter for letter in image.text("text") if letter.isprintable())[:MAX_TEXT_CHARACTERS]
    if not text.strip():
        image.fail("text", "a text")
    family = image.text("typeface")
    stroke = round(image.number("strokesize", 0, 0, 20))
    return TextOverlay(
        escape(text, quote=False),
        family if _FAMILY.fullmatch(family) else DEFAULT_FONT,
        float(image.number("size", 72, 4, 1_000)),
        image.colour("fill", _BLACK),
        stroke=Stroke(stroke, image.colour("stroke", Colour())) if stroke else None,
        placement=place,
    )


def _box(image: Args, place: Placement) -> ImageOverlay:
    width, height = (min(image.side(name), _MAX_DRAWN_SIDE) for name in ("width", "height"))
    if not width or not height:
        refuse(f"{image.name} needs width and height")
    return ImageOverlay(canvas_ref(width, height, image.colour("color", _BLACK)), placement=place)


def _circle(image: Args, place: Placement) -> ImageOverlay:
    diameter = min(image.side("diameter") or image.side("width"), _MAX_DRAWN_SIDE)
    if not diameter:
        refuse(f"{image.name} needs a diameter")
    source = canvas_ref(diameter, diameter, image.colour("color", _BLACK))
    return ImageOverlay(source, placement=place, prepare=(Stage(shape=Shape(mask=Ellipse())),))


_SHAPES: Final[dict[str, Callable[[Args, Placement], ImageOverlay]]] = {
    "box": _box,
    "rectangle": _box,
    "circle": _circle,
}
