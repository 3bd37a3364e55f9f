"""Region, trim, rotation, size and shape of the canvas: parameters in, stages of a plan out.

The order of work is that of imgix: region, trim, orientation, size. Where that is not the order within a stage, a
further stage begins. Must never know colours, overlays or formats.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.imgix.options import Values
from pixmill.dialects.imgix.services import Service
from pixmill.dialects.imgix.values import MAX_LENGTH, MAX_SIDE, Position, Rect, Side
from pixmill.dialects.kit.numbers import angle, half_up
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.gravity import Faces, Gravity, Interest, Point, Smart
from pixmill.plan.ops import Aspect, Clamp, Crop, CropOverflow, CropUnit, CropWindow, Fit, Flip, Resize, Stage
from pixmill.plan.transforms import Extend, Fill, FreeRotation, Trim

_ONE: Final = Fraction(1)
_RIGHT_ANGLE: Final = 90
_WHITE: Final = Colour()
_NOTHING: Final = Stage()
_MARGINS: Final = ("top", "right", "bottom", "left")


@dataclass(slots=True)
class Draft:
    """Stages in the making; ``dpr`` multiplies lengths in pixels. ``margins`` are those of the padding."""

    dpr: Fraction = _ONE
    stages: list[Stage] = field(default_factory=lambda: [_NOTHING])
    margins: tuple[int, ...] = (0, 0, 0, 0)

    @property
    def current(self) -> Stage:
        return self.stages[-1]

    def put(self, **fields: object) -> None:
        """Add operations to the current stage."""
        self.stages[-1] = replace(self.current, **fields)

    def begin(self) -> None:
        """Begin a further stage, unless the current one is empty."""
        if self.current != _NOTHING:
            self.stages.append(_NOTHING)

    def begin_after(self, *names: str) -> None:
        """Begin a further stage if the current one has one of these operations."""
        if any(getattr(self.current, name) != getattr(_NOTHING, name) for name in names):
            self.begin()

    def pixels(self, length: int | Fraction) -> int:
        """Return a length of a URL in pixels of the result."""
        return min(half_up(length * self.dpr), MAX_LENGTH) if length else 0

    def built(self) -> tuple[Stage, ...]:
        return tuple(self.stages)


def lay_out(values: Values, service: Service) -> Draft:
    """Return the stages up to the size, and the padding."""
    size = _size(values)
    draft = Draft(size.dpr)
    if rect := values.find("rect", Rect):
        draft.put(crop=_crop(rect))
    if "trim" in values:
        draft.begin_after("crop")
        draft.put(trim=_trim(values))
    _rotate(draft, values, service)
    margins = _margins(draft, values)
    resized = _without_margins(size, margins)
    is_inside = resized is not None
    _resize(draft, values, service, resized or size)
    if is_inside or not (size.width or size.height) or size.has_shares:
        draft.margins = margins
    return draft


# Region, trim and rotation


def _crop(rect: Rect) -> Crop | CropWindow:
    x, y, width, height = rect
    if isinstance(x, Side) and isinstance(y, Side) and _is_one_unit(x, width) and _is_one_unit(y, height):
        unit = CropUnit.of_axes(is_percent_x=width.is_share, is_percent_y=height.is_share)
        numbers = (_number(x, width), _number(y, height), _number(width, width), _number(height, height))
        return Crop(*numbers, unit, CropOverflow.IGNORE)
    at_x, shift_x, share_x = _position(x)
    at_y, shift_y, share_y = _position(y)
    gravity = Point(at_x, at_y, shift_x, shift_y, share_x, share_y)
    unit = CropUnit.of_axes(is_percent_x=width.is_share, is_percent_y=height.is_share)
    return CropWindow(_number(width, width), _number(height, height), gravity, unit)


def _is_one_unit(start: Side, length: Side) -> bool:
    return not start.value or start.is_share is length.is_share


def _number(length: Side, unit: Side) -> float:
    return float(length.value * 100 if unit.is_share else length.value)


_WORDS: Final = {"left": 0.0, "top": 0.0, "center": 0.5, "middle": 0.5, "right": 1.0, "bottom": 1.0}


def _position(position: Position) -> tuple[float, int, float]:
    """Return the point of an axis, and how far from it in pixels and in shares."""
    if isinstance(position, str):
        return _WORDS[position], 0, 0.0
    return (0.0, 0, float(position.value)) if position.is_share else (0.0, int(position.value), 0.0)


def _trim(values: Values) -> Trim:
    kind, padding = values.value("trim", ""), values.value("trim-pad", 0)
    if kind == "alpha":
        return Trim(half_up(values.value("trim-alpha", Fraction(0))), TRANSPARENT, padding=padding)
    if kind == "auto":
        return Trim(half_up(values.value("trim-md", Fraction(11))), padding=padding)
    return Trim(half_up(values.value("trim-tol", Fraction(0))), values.find("trim-color", Colour), padding=padding)


def _rotate(draft: Draft, values: Values, service: Service) -> None:
    flip, degrees = values.value("flip", Flip.NONE), values.value("rot", Fraction(0))
    degrees = angle(degrees if service.turns_clockwise else -degrees)
    if not degrees and flip is Flip.NONE:
        return
    draft.begin_after("crop", "trim")
    if degrees % _RIGHT_ANGLE:
        draft.put(rotate_free=FreeRotation(float(degrees), TRANSPARENT))
        draft.begin()
    elif degrees:
        draft.put(rotate=int(degrees))
    if flip is not Flip.NONE:
        draft.put(flip=flip)


# Size


@dataclass(frozen=True, slots=True)
class _Size:
    """The box: sides in pixels of the result or as shares, None if they are free; the ratio of an unset side."""

    width: Side | None
    height: Side | None
    aspect: Aspect | None
    dpr: Fraction

    @property
    def has_shares(self) -> bool:
        return any(side is not None and side.is_share for side in (self.width, self.height))


_ASPECT_FITS: Final = frozenset(("crop", "fill", "fillmax", "mask"))


def _size(values: Values) -> _Size:
    """Return the box, times the device pixel ratio, as far as no side exceeds the longest one."""
    width, height = values.find("w", Side), values.find("h", Side)
    aspect = values.find("ar", Aspect) if values.value("fit", "") in _ASPECT_FITS else None
    shape = Fraction(aspect.width, aspect.height) if aspect else _ONE
    if aspect and width and not (height or width.is_share):
        height = Side(width.value / shape)
    elif aspect and height and not (width or height.is_share):
        width = Side(height.value * shape)
    if width and height:
        aspect = None
    dpr = values.value("dpr", _ONE) if width or height else _ONE
    longest = max((side.value for side in (width, height) if side and not side.is_share), default=None)
    factor = dpr if longest is None else min(dpr, MAX_SIDE / longest)
    return _Size(width and width.scaled(factor), height and height.scaled(factor), aspect, min(dpr, factor))


def _without_margins(size: _Size, margins: tuple[int, ...]) -> _Size | None:
    """Take the padding off the box; None if it is not in pixels, or if nothing would be left."""
    top, right, bottom, left = margins
    if size.has_shares or not (size.width or size.height):
        return None
    width = size.width and Side(Fraction(half_up(size.width.value) - left - right))
    height = size.height and Side(Fraction(half_up(size.height.value) - top - bottom))
    if any(side is not None and side.value < 1 for side in (width, height)):
        return None
    return _Size(width, height, size.aspect, size.dpr)


def _side_fields(size: _Size) -> dict[str, object]:
    fields: dict[str, object] = {}
    for name, side in (("width", size.width), ("height", size.height)):
        if side is not None and side.is_share:
            fields[f"{name}_share"] = float(side.value)
        elif side is not None:
            fields[name] = max(1, half_up(side.value))
    return fields | {"aspect": size.aspect} if size.aspect else fields


_FITS: Final[Mapping[str, tuple[Fit, bool]]] = {
    "clip": (Fit.INSIDE, True),
    "max": (Fit.INSIDE, False),
    "crop": (Fit.COVER, True),
    "mask": (Fit.COVER, True),
    "facearea": (Fit.COVER, True),
    "scale": (Fit.FILL, True),
    "min": (Fit.COVER, False),
    "fill": (Fit.CONTAIN, True),
    "fillmax": (Fit.CONTAIN, False),
    "clamp": (Fit.CONTAIN, True),
}
"""By the word: the fit, and whether it enlarges."""
_CROPPING: Final = frozenset(("crop", "mask", "min"))


def _resize(draft: Draft, values: Values, service: Service, size: _Size) -> None:
    word = values.value("fit", service.default_fit)
    fit, enlarges = _FITS[word]
    if not service.enlarges:
        enlarges = values.value("enlarge", False)
    resize = replace(Resize(fit=fit, enlarge=enlarges), **_side_fields(size))
    if word == "facearea":
        resize = replace(resize, gravity=Faces(float(1 / values.value("facepad", _ONE)), 1.0))
    elif word in _CROPPING:
        resize = replace(resize, gravity=_gravity(values, service))
    if word == "fillmax" and "fill-max" in values:
        resize = replace(resize, clamp=Clamp.SIDES)
    window = None
    if word == "crop":
        resize, window = _limited(resize, values, draft)
    if resize != _UNSIZED[fit, enlarges]:
        draft.put(resize=resize)
    if fit is Fit.CONTAIN:
        _fill(draft, values, word)
    if window is not None:
        draft.begin()
        draft.put(crop=window)


_UNSIZED: Final = {(fit, enlarges): Resize(fit=fit, enlarge=enlarges) for fit in Fit for enlarges in (False, True)}


def _limited(resize: Resize, values: Values, draft: Draft) -> tuple[Resize, CropWindow | None]:
    """Keep the sides within their limits; what is too long where the other side is set is cut off afterwards."""
    names = ("min-w", "min-h", "max-w", "max-h")
    limits = {name: draft.pixels(values.value(name, 0)) for name in names if name in values}
    if not limits:
        return resize, None
    sides = {
        name: _within(getattr(resize, name), limits.get(f"min-{name[0]}", 0), limits.get(f"max-{name[0]}", 0))
        for name in ("width", "height")
    }
    resize = replace(resize, **sides)
    if (resize.width and resize.height) or not (resize.width or resize.height):
        limited = {"max_width": "max-w", "max_height": "max-h", "min_width": "min-w", "min_height": "min-h"}
        if resize.width:
            return resize, None
        return replace(resize, **{name: limits.get(own, 0) for name, own in limited.items()}), None
    if resize.width:
        window = CropWindow(resize.width, limits.get("max-h", 0), resize.gravity)
        return replace(resize, gravity=Point(), min_height=limits.get("min-h", 0)), window
    window = CropWindow(limits.get("max-w", 0), resize.height, resize.gravity)
    return replace(resize, gravity=Point(), min_width=limits.get("min-w", 0)), window


def _within(side: int, low: int, high: int) -> int:
    return max(low, min(side, high) if high else side) if side else 0


_FOCUS: Final = (("x", Fraction(1, 2)), ("y", Fraction(1, 2)), ("z", _ONE))
_HORIZONTAL: Final = {"left": 0.0, "right": 1.0}
_VERTICAL: Final = {"top": 0.0, "bottom": 1.0}


def _gravity(values: Values, service: Service) -> Gravity:
    words: tuple[str, ...] = values.value("crop", ())
    has_point = "fp-x" in values or "fp-y" in values or "fp-z" in values
    if "focalpoint" in words or (has_point and not words and not service.needs_focal_word):
        x, y, zoom = (float(values.value(f"fp-{name}", default)) for name, default in _FOCUS)
        return Point(x, y, zoom=zoom)
    return direction_or_content(words)


def direction_or_content(words: tuple[str, ...]) -> Gravity:
    """Return what the first word about contents asks for, else the direction."""
    for word in words:
        if word in _CONTENTS:
            return _CONTENTS[word]
    return Point(
        next((_HORIZONTAL[word] for word in words if word in _HORIZONTAL), 0.5),
        next((_VERTICAL[word] for word in words if word in _VERTICAL), 0.5),
    )


_CONTENTS: Final[Mapping[str, Gravity]] = {
    "faces": Faces(),
    "entropy": Smart(Interest.ENTROPY),
    **dict.fromkeys(("edges", "smart", "attention"), Smart()),
}


# Canvas and padding

_FILLS: Final = {"blur": Fill.BLUR, "gen": Fill.BLUR, "generative": Fill.BLUR}


def _fill(draft: Draft, values: Values, word: str) -> None:
    """Say what is around an image that does not fill its box."""
    kind = values.value("fill", "solid")
    if word == "clamp":
        draft.put(extend=Extend(Fill.EDGE))
    elif kind in _FILLS:
        draft.put(extend=Extend(_FILLS[kind]))
    elif kind == "gradient" and "fill-gradient-linear" in values:
        draft.put(background=TRANSPARENT)
    else:
        draft.put(background=values.value("fill-color", values.value("bg", _WHITE)))


def _margins(draft: Draft, values: Values) -> tuple[int, ...]:
    every = values.value("pad", 0)
    return tuple(draft.pixels(values.value(f"pad-{name}", every)) for name in _MARGINS)


def pad(draft: Draft, values: Values) -> None:
    """Add the padding, behind all that is done with the image itself."""
    if not any(draft.margins):
        return
    top, right, bottom, left = draft.margins
    shade = values.value("bg", _WHITE)
    current = draft.current
    has_other_canvas = current.resize.fit is Fit.CONTAIN and current.background != shade
    if has_other_canvas or current.extend.fill is not Fill.COLOUR or current.overlays:
        draft.begin()
    draft.put(extend=Extend(Fill.COLOUR, top, right, bottom, left), background=shade)
