"""Whether the URL of another service means the same as a request.

What a request names must be the same: its source, its size and fit, crop, gravity, effects, overlays, format, quality,
and all else that is not at its default. What it does not name may be as the service has it by its own defaults, but
only where the table ``OWN_DEFAULTS`` says so: the format and the quality, how images smaller than the box are treated,
how light is mixed and sides are rounded, which metadata stays, what is behind transparent parts; and which weights make
grey of colours, and what becomes of crops beyond the image. Nothing else may be
added: a URL that also sharpens, crops or turns is not the same.

Several ways of saying one thing count as one: a crop to the shape of the box and then a fit is a cover; turns after the
resize are turns before it with the sides swapped; operations in two passes are those of one in the same order. Knows
requests and plans; must never know a grammar.
"""

from collections.abc import Container, Iterator, Mapping
from math import gcd
from typing import Final, NamedTuple, TypeVar

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields, replace

from pixmill.dialects.kit.writing import FORMAT, Terms, shows_background, terms_of
from pixmill.dialects.native.spelling import SPELLINGS
from pixmill.media import MEDIA, Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import ColourAdjustment, Duotone, Modulate
from pixmill.plan.gravity import Point, normal_point
from pixmill.plan.lengths import exact_fraction
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import (
    Aspect,
    Canvas,
    Crop,
    CropInsets,
    CropOverflow,
    CropUnit,
    CropWindow,
    Fit,
    Flip,
    Output,
    Plan,
    Stage,
)
from pixmill.plan.request import ImageRequest

AnyCrop = Crop | CropWindow | CropInsets

_SMALL: Final = "small originals"
_ANIMATIONS: Final = "animations"
_ENCODING: Final = ""
_RESAMPLING: Final = ""
_LIMITS: Final = ""
_GREY: Final = "shades of grey"
_OVERFLOW: Final = "crops beyond the image"
_ORIGINALS: Final = ""

OWN_DEFAULTS: Final[Mapping[str, str]] = {
    FORMAT: "format",
    "quality": "quality",
    **dict.fromkeys(("metadata", "profile"), "metadata"),
    **dict.fromkeys(
        ("enlarge", "refuse_enlarging", "clamp", "skip_smaller"),
        _SMALL,
    ),
    **dict.fromkeys(("max_enlarged_side", "min_fitted_side"), _SMALL),
    "orientation": "orientation",
    **dict.fromkeys(("animated", "max_frames", "animated_formats"), _ANIMATIONS),
    **dict.fromkeys(("background", "flatten"), "transparency"),
    **dict.fromkeys(("enlarge_drawings", "rounding", "kernel", "scaling", "resample_space", "blur_space"), _RESAMPLING),
    **dict.fromkeys(
        ("mode", "quality_scale", "effort", "progressive", "subsampling", "trellis", "deringing", "optimize_scans"),
        _ENCODING,
    ),
    **dict.fromkeys(("quant_table", "webp_preset", "depth", "dither", "max_bytes_strict"), _ENCODING),
    **dict.fromkeys(("max_width", "max_height", "max_area", "refuse_exceeding", "max_side"), _LIMITS),
    **dict.fromkeys(("rejected", "passthrough", "passthrough_animations"), _ORIGINALS),
    **dict.fromkeys(("original_formats", "fallback_format"), _ORIGINALS),
}
"""Terms that may be as a service has them where a request does not name them, and what users call that; empty for what
is not worth a remark."""

_MAXIMUMS: Final = {"max_width": "width", "max_height": "height"}
_RIGHT_ANGLE: Final = 90
_HALF_TURN: Final = 180
_NEAR: Final = 0.2
_INVISIBLE: Final = 1e-4
"""Of a number, or of 1: less than a step of 8 bits, whatever the effect."""


class Comparison(NamedTuple):
    """How a URL differs from a request: ``differences`` in what is named, and the remark on own defaults."""

    differences: tuple[str, ...]
    remark: str


def compare(wanted: ImageRequest, found: ImageRequest) -> Comparison:
    """Compare what a request names with what a URL of another service means."""
    differences = [*_source_differences(wanted, found)]
    own: dict[str, None] = {}
    forms = _one_form(wanted.plan), _one_form(found.plan)
    plan, other = (_grey(form) for form in forms)
    if plan.grayscale and _grey_terms(forms[0]) != _grey_terms(forms[1]):
        own[_GREY] = None
    crop = _with_overflow_of(plan.crop, other.crop)
    if crop != other.crop or _is_region_of_window(wanted.plan.crop, found.plan.crop, crop):
        other, own[_OVERFLOW] = replace(other, crop=crop), None
    terms, others = terms_of(plan), terms_of(other)
    for name in dict.fromkeys((*terms, *others)):
        if name in terms and name in others and _are_equal(terms[name], others[name]):
            continue
        is_unnamed = name not in terms and _may_decide(name, others[name], terms, plan)
        if is_unnamed or _is_moot(name, plan, other):
            own[OWN_DEFAULTS[name]] = None
        else:
            differences.append(_difference(name, terms.get(name), others.get(name), plan, other))
    differences += _response_differences(wanted, found)
    words = [word for word in own if word]
    return Comparison(tuple(differences), f"by its own defaults: {', '.join(words)}" if words else "")


def _with_overflow_of(wanted: AnyCrop | None, found: AnyCrop | None) -> AnyCrop | None:
    """Return a crop with the rule of the other one for crops beyond the image, unless a request names a rule."""
    if wanted is None or found is None or wanted.overflow is not CropOverflow.CLIP:
        return found
    return replace(found, overflow=CropOverflow.CLIP)


def _is_region_of_window(wanted: AnyCrop | None, found: AnyCrop | None, crop: AnyCrop | None) -> bool:
    """Return whether one is a window, which is moved into the image, and the other one a region, which is cut."""
    is_one = isinstance(wanted, CropWindow) != isinstance(found, CropWindow)
    return is_one and isinstance(crop, Crop) and bool(crop.left or crop.top)


def without_habits(plan: Plan, bare: Plan) -> Plan:
    """Return what a URL of a service names, as a native request would.

    ``bare`` is the plan of a URL with nothing but a width: what both have is not named. Nor is how sides are rounded,
    how light is mixed, how results are encoded, and what becomes of small originals, but that they may be enlarged.
    """
    plan = _canonical(plan)
    terms, own = terms_of(plan), terms_of(bare)
    habits = {name for name in terms if OWN_DEFAULTS.get(name) in ("", _SMALL) and name not in ("kernel", "enlarge")}
    habits |= {name for name, value in terms.items() if name in OWN_DEFAULTS and own.get(name) == value}
    if any(OWN_DEFAULTS.get(name) == _ANIMATIONS for name in own):
        habits |= {name for name in terms if OWN_DEFAULTS.get(name) == _ANIMATIONS}
    is_open = terms.form == own.get(FORMAT) or isinstance(terms.form, Output)
    plan = _reset(plan, habits)
    stages = tuple(_reset(stage, habits) for stage in plan.stages)
    output = replace(plan.output, formats=(), source_format=False, ordered=False, negotiated=True)
    return normal_form(replace(plan, stages=stages, output=output if is_open else plan.output))


PartT = TypeVar("PartT", bound=Struct)


def _reset(part: PartT, names: Container[str]) -> PartT:
    """Return a part of a plan with these fields at their defaults."""
    changes: dict[str, object] = {}
    for field in fields(part):
        value = getattr(part, field.name)
        if field.name in names and field.default is not NODEFAULT:
            changes[field.name] = field.default
        elif isinstance(value, Struct) and type(value) in SPELLINGS:
            changes[field.name] = _reset(value, names)
    return replace(part, **changes)


def _source_differences(wanted: ImageRequest, found: ImageRequest) -> Iterator[str]:
    if (wanted.source.kind, wanted.source.text) != (found.source.kind, found.source.text):
        yield "source has no equivalent"
    elif wanted.source.version and wanted.source.version != found.source.version:
        yield "v has no equivalent"


def _response_differences(wanted: ImageRequest, found: ImageRequest) -> Iterator[str]:
    """Yield what a request says of its answer and a URL does not."""
    if wanted.filename and (wanted.filename, wanted.inline) != (found.filename, found.inline):
        yield "filename has no equivalent"
    if wanted.tags and wanted.tags != found.tags:
        yield "tags has no equivalent"
    if wanted.max_age_s is not None and wanted.max_age_s != found.max_age_s:
        yield "max_age has no equivalent"
    if wanted.fallback and (not found.fallback or wanted.fallback.source != found.fallback.source):
        yield "fallback has no equivalent"


def _may_decide(name: str, value: object, terms: Terms, plan: Plan) -> bool:
    """Return whether a service may decide about a term that the request does not name."""
    if name not in OWN_DEFAULTS:
        return False
    if name == "background":
        return not shows_background(plan)
    if name in _MAXIMUMS and isinstance(value, int):
        return terms.value(_MAXIMUMS[name], 0) <= value
    return True


def _is_moot(name: str, plan: Plan, other: Plan) -> bool:
    """Return whether what a request names has the same effect in another form, or none in the format of the service."""
    if name == "background":
        return not shows_background(plan) and other.flatten == plan.background
    form = terms_of(other).get(FORMAT)
    return name in ("animated", "max_frames") and isinstance(form, Format) and not MEDIA[form].animation


def _difference(name: str, wanted: object, found: object, plan: Plan, other: Plan) -> str:
    """Say in the words of native parameters what is not the same."""
    param = _param_name(plan, name) if wanted is not None else _param_name(other, name)
    if found is None:
        return f"{param} has no equivalent"
    if wanted is None:
        return f"{param} would be {_param_text(other, name)}"
    if isinstance(wanted, float | int) and isinstance(found, float | int) and _are_near(wanted, found):
        return f"{param} rounds differently"
    if _param_text(plan, name) == _param_text(other, name):
        return f"{param} has no equivalent"
    return f"{param} would be {_param_text(other, name)}"


def _are_equal(one: object, other: object) -> bool:
    """Return whether two values are the same, or decimals that differ by less than can be seen."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= _INVISIBLE * max(1.0, abs(one))
    return one == other


def _are_near(one: float, other: float) -> bool:
    return abs(one - other) <= max(_NEAR * abs(one), 1)


def _param_name(plan: Plan, term: str) -> str:
    pairs = _param_pairs(plan, term)
    return pairs[0][0] if pairs else term


def _param_text(plan: Plan, term: str) -> str:
    pairs = _param_pairs(plan, term)
    return pairs[0][1][:64] if pairs else "another"


def _param_pairs(plan: Plan, term: str) -> list[tuple[str, str]]:
    """Return the native parameters of a term; those of a format are named after it."""
    if term == FORMAT:
        return [pair for pair in SPELLINGS[Plan]["output"](plan.output, plan) if pair[0] == FORMAT] or [
            (FORMAT, "auto")
        ]
    for part in _parts(plan):
        if term in type(part).__struct_fields__:
            return list(SPELLINGS[type(part)][term](getattr(part, term), part))
    return []


def _parts(part: Struct) -> Iterator[Struct]:
    yield part
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, Struct) and type(value) in SPELLINGS:
            yield from _parts(value)


def _canonical(plan: Plan) -> Plan:
    """Return the plan in the one of several forms that native requests have."""
    return _grey(_one_form(plan))


def _one_form(plan: Plan) -> Plan:
    """Return the plan in that form, but with grey as it is said: shades differ by the weights of the primaries."""
    plan = _with_turns_first(_merged(_cut_outside(plan)))
    plan = replace(plan, **_cover(plan), **_contain(plan), **_region(plan))
    if isinstance(plan.resize.gravity, Point):
        plan = replace(plan, resize=replace(plan.resize, gravity=normal_point(plan.resize.gravity)))
    if isinstance(plan.crop, CropWindow) and isinstance(plan.crop.gravity, Point):
        plan = replace(plan, crop=replace(plan.crop, gravity=normal_point(plan.crop.gravity)))
    return plan


def _merged(plan: Plan) -> Plan:
    """Return the plan with as few stages as its operations need: a stage has an order of work."""
    while plan.stages and (merged := _with_second(plan, plan.stages[0])) is not None:
        plan = merged
    return plan


def _with_second(plan: Plan, second: Stage) -> Plan | None:
    """Return the plan with its second stage in the first one; None if that works on it in another order."""
    first_work, second_work = (
        [number for number, name in enumerate(_ORDER) if _differs(one, name)] for one in (plan, second)
    )
    if plan.resize.fit is Fit.CONTAIN:
        first_work.append(_PADDED)
    if first_work and second_work and max(first_work) >= min(second_work):
        return None
    changes = {_ORDER[number]: getattr(second, _ORDER[number]) for number in second_work}
    if shows_background(second):
        changes["background"] = second.background
    changes |= {name: getattr(second, name) for name in ("resample_space", "blur_space") if _differs(second, name)}
    return replace(plan, stages=plan.stages[1:], **changes)


def _differs(stage: Stage, name: str) -> bool:
    return bool(getattr(stage, name) != getattr(_NOTHING, name))


def _cut_outside(plan: Plan) -> Plan:
    """Return a cover for a fit around the box that is then cut to it; of a box of one side nothing is cut."""
    resize = plan.resize
    second = plan.stages[0] if plan.stages else _NOTHING
    if second.rotate or second.flip is not Flip.NONE or second.trim is not None:  # they come before the cut
        return plan
    cut = second.crop
    if not isinstance(cut, CropWindow) or cut != CropWindow(resize.width, resize.height, cut.gravity):
        return plan
    is_box = bool(resize.width and resize.height)
    if is_box and resize.fit is Fit.OUTSIDE:
        resize = replace(resize, fit=Fit.COVER, gravity=cut.gravity)
    elif is_box:
        return plan
    rest = (replace(second, crop=None), *plan.stages[1:])
    return replace(plan, resize=resize, stages=rest)


def _grey(plan: Plan) -> Plan:
    """Return shades of grey for a saturation or a chroma of nothing, a duotone of black and white, and luma weights."""
    colour = plan.adjust.colour
    for name, grey in (*_GREYS, ("matrix", _grey_weights(colour.matrix))):
        if grey is not None and getattr(colour, name) == grey:
            adjust = replace(plan.adjust, colour=replace(colour, **{name: getattr(ColourAdjustment(), name)}))
            return replace(plan, grayscale=True, adjust=adjust)
    return plan


def _grey_terms(plan: Plan) -> tuple[object, ...]:
    colour = plan.adjust.colour
    return plan.grayscale, colour.matrix, *(getattr(colour, name) for name, _ in _GREYS)


def _grey_weights(matrix: tuple[float, ...] | None) -> tuple[float, ...] | None:
    """Return weights that make all channels alike and keep white; None for others."""
    is_grey = matrix is not None and matrix == matrix[:3] * 3 and abs(sum(matrix[:3]) - 1) < _WHITE_ERROR
    return matrix if is_grey else None


_WHITE_ERROR: Final = 0.004
"""A step of 8 bits."""
_GREYS: Final = (
    ("saturation", -100.0),
    ("modulate", Modulate(chroma=0.0)),
    ("duotone", Duotone(Colour(0, 0, 0), Colour())),
)


def _contain(plan: Plan) -> dict[str, object]:
    """Return a fit into a canvas for a fit inside of a box with a canvas of its size."""
    canvas, resize = plan.canvas, plan.resize
    if canvas is None or resize.fit is not Fit.INSIDE or not (resize.width and resize.height):
        return {}
    if canvas != Canvas(resize.width, resize.height, gravity=canvas.gravity, cut=canvas.cut):
        return {}
    return {"canvas": None, "resize": replace(resize, fit=Fit.CONTAIN, gravity=canvas.gravity)}


def _cover(plan: Plan) -> dict[str, object]:
    """Return a cover for a crop to the shape of the box that is then fitted to it."""
    crop, resize = plan.crop, plan.resize
    is_shape = isinstance(crop, CropWindow) and not (crop.width or crop.height) and crop.aspect is not None
    if not (is_shape and resize.fit in (Fit.FILL, Fit.INSIDE) and resize.width and resize.height):
        return {}
    assert isinstance(crop, CropWindow)  # noqa: S101 - for the type checker
    divisor = gcd(resize.width, resize.height)
    if crop.aspect != Aspect(resize.width // divisor, resize.height // divisor):
        return {}
    return {"crop": None, "resize": replace(resize, fit=Fit.COVER, gravity=crop.gravity)}


def _region(plan: Plan) -> dict[str, object]:
    """Return a region for a window, or for edges, that are measured from the upper left corner."""
    crop = plan.crop
    if isinstance(crop, CropInsets) and min(crop.left, crop.top) >= 0 > max(crop.right, crop.bottom):
        sides = (-crop.right - crop.left, -crop.bottom - crop.top)
        return {"crop": Crop(crop.left, crop.top, *sides, crop.unit)} if min(sides) > 0 else {}
    if not isinstance(crop, CropWindow) or crop.aspect is not None or not (crop.width and crop.height):
        return {}
    corner = crop.gravity
    if not isinstance(corner, Point) or (corner.x, corner.y, corner.zoom) != (0, 0, 1):
        return {}
    start: tuple[float, float] = (corner.offset_x, corner.offset_y)
    if crop.unit is CropUnit.PERCENT:
        if any(start):
            return {}
        start = (_percent(corner.share_x), _percent(corner.share_y))
    elif crop.unit is not CropUnit.PIXELS or corner.share_x or corner.share_y:
        return {}
    return {"crop": Crop(*start, crop.width, crop.height, crop.unit)} if min(start) >= 0 else {}


def _percent(share: float) -> float:
    return float(exact_fraction(share) * 100)


def _with_turns_first(plan: Plan) -> Plan:
    """Return the plan with the turn of a second stage before the resize, if they can change places.

    Colours and effects of either stage follow, unless both have some.
    """
    if len(plan.stages) != 1 or plan.resize.gravity != Point():
        return plan
    second, resize = plan.stages[0], plan.resize
    first_work, second_work = ({name for name in _ORDER if _differs(one, name)} for one in (plan, second))
    if not (first_work <= _PIXELS | {"resize"} and second_work <= _PIXELS | {"rotate", "flip"}) or (
        first_work & _PIXELS and second_work & _PIXELS
    ):
        return plan
    if second.rotate % _HALF_TURN == _RIGHT_ANGLE:
        swapped = {name: getattr(resize, other) for name, other in _SWAPPED}
        resize = replace(resize, **swapped, aspect=_transposed_aspect(resize.aspect))
    moved = {name: getattr(second, name) for name in second_work}
    return normal_form(replace(plan, resize=resize, stages=(), **moved))


_NOTHING: Final = Stage()
_ORDER: Final = tuple(
    name for name in Stage.__struct_fields__ if name not in ("resample_space", "blur_space", "background")
)
"""The operations of a stage, in their order of work."""
_PADDED: Final = _ORDER.index("canvas")
_PIXELS: Final = frozenset(("grayscale", "adjust", "blur", "opacity", "flatten"))
"""Operations on pixels that are alike in all directions, so that they may come before a turn or after it."""
_SWAPPED: Final = tuple(
    pair
    for one, other in (
        ("width", "height"),
        ("min_width", "min_height"),
        ("max_width", "max_height"),
        ("width_share", "height_share"),
    )
    for pair in ((one, other), (other, one))
)


def _transposed_aspect(aspect: Aspect | None) -> Aspect | None:
    return aspect and Aspect(aspect.height, aspect.width)
