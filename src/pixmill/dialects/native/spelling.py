"""The native URL of a request: the inverse of the parser.

One table for each part of a plan says how its fields are written. A spelling is parsed again, so that it is either
exactly the request or refused: a plan of another dialect may say what no native URL says.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import fields

from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.native.spelling_overlays import overlay_text
from pixmill.dialects.native.spelling_values import (
    Pair,
    aspect_text,
    canvas_text,
    convolution_text,
    crop_text,
    curve_text,
    gravity_text,
    length_text,
    light_text,
    listed,
    mask_text,
    number,
    padding_text,
    radius_text,
    ramp_text,
    regions_text,
    share_text,
    source_text,
    text_of,
)
from pixmill.errors import BadRequest, InvalidParameter
from pixmill.plan.effects import Adjust, ColourAdjustment, Curves, Effects, ToneAdjustment
from pixmill.plan.facts import FactSelection
from pixmill.plan.ops import AspectRule, Canvas, Crop, CropInsets, CropWindow, Input, Output, Plan, Resize, Stage
from pixmill.plan.output import Animation, Encoding
from pixmill.plan.request import OF_ERROR, ImageRequest
from pixmill.plan.shapes import Shape
from pixmill.plan.size_rules import Dpr, DprRule
from pixmill.plan.transforms import Extend, Fill, FreeRotation, Trim, TrimCorner

_HALF_TURN: Final = 180
_NATIVE: Final = NativeDialect()

Speller = Callable[..., Iterable[Pair]]
"""From a value that is not the default, and the struct that holds it, to parameters."""


def native_url(request: ImageRequest) -> str:
    """Return the native URL that means this request. Raises InvalidParameter if there is none.

    What another dialect sends besides the image (headers of its own, names of extensions) is not part of it.
    """
    pairs = [*_source(request), *_params_of(request.plan), *_response(request)]
    query = "&".join(f"{name}={quote(text, safe='/:,;')}" for name, text in pairs)
    try:
        is_exact = _NATIVE.parse(b"/resize", query.encode()).plan == request.plan
    except BadRequest:
        is_exact = False
    if not is_exact:
        raise InvalidParameter("No native URL says exactly this")
    return f"/resize?{query}"


def native_info_url(request: ImageRequest) -> str:
    """Return the native URL of a request for facts about the original."""
    pairs = (*_source(request), *_facts(request.plan.fact_selection, request.plan))
    return "/info?" + "&".join(f"{name}={quote(text, safe='/:,;')}" for name, text in pairs)


def _source(request: ImageRequest) -> Iterable[Pair]:
    yield "url", source_text(request.source)
    if request.source.version:
        yield "v", request.source.version


def _response(request: ImageRequest) -> Iterable[Pair]:
    if request.filename:
        yield "filename", request.filename
    if request.inline:
        yield "disposition", "inline"
    if request.tags:
        yield "tags", ",".join(request.tags)
    if request.max_age_s is not None:
        yield "max_age", str(request.max_age_s)
    if request.fallback and request.fallback.source:
        yield "fallback", source_text(request.fallback.source)
        if request.fallback.status == OF_ERROR:
            yield "fallback_status", "error"


def _params_of(value: Struct) -> list[Pair]:
    """Return the parameters of all fields that differ from their defaults, each name once."""
    table = SPELLINGS[type(value)]
    pairs: dict[str, str] = {}
    for field in fields(value):
        inner = getattr(value, field.name)
        if inner != field.default:
            for name, text in table[field.name](inner, value):
                pairs.setdefault(name, text)
    return list(pairs.items())


def _param(name: str, write: Callable[..., str] = text_of) -> Speller:
    """Return the speller of a field that is one parameter."""
    return lambda value, _: [(name, write(value))]


def _parts(value: Struct, _: Struct) -> Iterable[Pair]:
    """Spell the fields of a part by its own table."""
    return _params_of(value)


def _with_another(_: object, __: Struct) -> Iterable[Pair]:
    """Spell nothing: the field is written together with another one of the same struct."""
    return ()


def _right_angle(degrees: object, stage: Struct) -> Iterable[Pair]:
    """A half turn before a free rotation is two flips: ``rotate`` says one angle."""
    is_before_free = degrees == _HALF_TURN and getattr(stage, "rotate_free", None) is not None
    yield ("flip", "both") if is_before_free else ("rotate", str(degrees))


def _rotation(rotation: FreeRotation, _: Struct) -> Iterable[Pair]:
    yield "rotate", number(rotation.degrees)
    default = FreeRotation(rotation.degrees)
    if rotation.corner_colour != default.corner_colour:
        yield "background", text_of(rotation.corner_colour)
    if rotation.rounding is not default.rounding:
        yield "rounding", text_of(rotation.rounding)


def _crop(crop: Crop | CropWindow | CropInsets, _: Struct) -> Iterable[Pair]:
    if not isinstance(crop, CropWindow) or crop.width or crop.height:
        yield "crop", crop_text(crop)
    if isinstance(crop, CropWindow):
        if crop.aspect is not None:
            yield "crop_aspect", aspect_text(crop.aspect)
        if crop.aspect_rule is not AspectRule.EXACT:
            yield "crop_aspect_rule", text_of(crop.aspect_rule)
        if crop.gravity != CropWindow().gravity:
            yield "crop_gravity", gravity_text(crop.gravity)
    if crop.overflow != CropWindow().overflow:
        yield "crop_overflow", text_of(crop.overflow)


def _trim(trim: Trim, _: Struct) -> Iterable[Pair]:
    yield "trim", number(trim.tolerance)
    if trim.colour is not None:
        yield "trim_color", text_of(trim.colour)
    if trim.equal_horizontal or trim.equal_vertical:
        both = trim.equal_horizontal and trim.equal_vertical
        yield "trim_equal", "both" if both else "horizontal" if trim.equal_horizontal else "vertical"
    if trim.corner is not TrimCorner.TOP_LEFT:
        yield "trim_corner", text_of(trim.corner)
    if trim.padding:
        yield "trim_padding", length_text(trim.padding, trim.padding_unit)


def _dpr(dpr: Dpr, _: Struct) -> Iterable[Pair]:
    yield "dpr", number(dpr.factor)
    yield "dpr_rule", text_of(dpr.rule)
    if dpr.rule is DprRule.DROPPED:
        yield "dpr_max_side", str(dpr.max_side)


def _canvas(canvas: Canvas, _: Struct) -> Iterable[Pair]:
    yield "canvas", canvas_text(canvas)
    if canvas.cut:
        yield "canvas_cut", "true"
    if canvas.gravity != Canvas().gravity:
        yield "canvas_gravity", gravity_text(canvas.gravity)


def _extend(extend: Extend, _: Struct) -> Iterable[Pair]:
    if extend.top or extend.right or extend.bottom or extend.left:
        yield "padding", padding_text(extend)
    if extend.fill is not Fill.COLOUR:
        yield "extend", text_of(extend.fill)


def _stages(stages: tuple[Stage, ...], plan: Plan) -> Iterable[Pair]:
    inherited = dict(_params_of(Stage(**{name: getattr(plan, name) for name in Stage.__struct_fields__})))
    yield "then", "|".join(_stage_text(stage, inherited) for stage in stages)


def _stage_text(stage: Stage, inherited: Mapping[str, str]) -> str:
    """Write the operations of a stage, and the defaults of what it would inherit."""
    pairs = dict(_params_of(stage))
    if "background" in inherited:
        pairs.setdefault("background", "transparent" if stage.rotate_free else "ffffff")
    if "dpr" in inherited:
        pairs.setdefault("dpr", "1")
    return "&".join(f"{name}={quote(text, safe='/:,;')}" for name, text in pairs.items())


def stages_text(stages: tuple[Stage, ...]) -> str:
    """Return the stages of an overlay's image."""
    return "|".join(_stage_text(stage, {}) for stage in stages)


def _format(output: Output) -> Iterable[Pair]:
    if output.ordered:
        names = [form.value for form in output.formats]
        names += ["original"] if output.source_format else []
        names += [output.fallback_format.value] if output.fallback_format else []
        yield "format", f"auto:{','.join(names)}"
    elif output.source_format:
        yield "format", f"auto:original,{output.fallback_format}" if output.fallback_format else "original"
    elif output.smallest:
        yield "format", "best"
    elif not output.negotiated:
        yield "format", output.formats[0].value if output.formats else ""


def _output(output: Output, _: Struct) -> Iterable[Pair]:
    yield from _format(output)
    yield from _params_of(output)


def _passthrough(_: object, output: Output) -> Iterable[Pair]:
    names = [*(["animation"] if output.passthrough_animations else []), *(form.value for form in output.passthrough)]
    yield "passthrough", ",".join(names)


def _page(_: object, source: Input) -> Iterable[Pair]:
    if source.page == 1:
        yield "animated", "false"


def _facts(selection: FactSelection, _: Struct) -> Iterable[Pair]:
    if selection.include:
        yield "include", ",".join(selection.include)
    if selection.palette_colours != FactSelection().palette_colours:
        yield "palette_colors", str(selection.palette_colours)


def _rgb(_: float, tone: ToneAdjustment) -> Iterable[Pair]:
    yield "rgb", listed(tone.red, tone.green, tone.blue)


def _curves(curves: Curves, _: Struct) -> Iterable[Pair]:
    for name, curve in (("", curves.all), ("_red", curves.red), ("_green", curves.green), ("_blue", curves.blue)):
        if curve:
            yield f"curves{name}", curve_text(curve)


_STAGE: Final[Mapping[str, Speller]] = {
    "rotate": _right_angle,
    "rotate_free": _rotation,
    "trim": _trim,
    "crop": _crop,
    "resize": _parts,
    "adjust": _parts,
    "effects": _parts,
    "shape": _parts,
    "canvas": _canvas,
    "extend": _extend,
    "resample_space": _param("light", light_text),
    "overlays": _param("overlay", lambda overlays: ";".join(overlay_text(one, stages_text) for one in overlays)),
    **{
        name: _param(name)
        for name in (
            "flip",
            "grayscale",
            "blur",
            "blur_space",
            "opacity",
            "flatten",
            "background",
        )
    },
}

SPELLINGS: Final[Mapping[type[Struct], Mapping[str, Speller]]] = {
    Input: {
        "animated": _page,
        "page": _param("page"),
        "dpi": _param("dpi"),
        "time_s": _param("time"),
        "orientation": _param("orientation"),
        "rejected": _param("reject", lambda forms: ",".join(form.value for form in forms)),
        "animated_formats": _param("animated_formats", lambda forms: ",".join(form.value for form in forms)),
        "max_frames": _param("max_frames"),
        "scaling": _param("decode_scaling"),
        "frame_step": _param("frame_step"),
    },
    Stage: _STAGE,
    Plan: {
        **_STAGE,
        "input": _parts,
        "output": _output,
        "stages": _stages,
        "fact_selection": _facts,
    },
    Resize: {
        "width": _param("width"),
        "height": _param("height"),
        "width_share": _param("width", share_text),
        "height_share": _param("height", share_text),
        "fit": _param("fit"),
        "gravity": _param("gravity", gravity_text),
        "enlarge": _param("enlarge"),
        "refuse_enlarging": lambda _, __: [("enlarge", "error")],
        "enlarge_drawings": lambda _, __: [("enlarge", "never")],
        "aspect": _param("aspect", aspect_text),
        "dpr": _dpr,
        **{
            name: _param(name)
            for name in ("shrink", "clamp", "zoom", "adaptive", "kernel", "rounding", "skip_smaller", "max_side")
        },
        **{name: _param(name) for name in ("min_width", "min_height", "max_width", "max_height")},
        **{name: _param(name) for name in ("max_enlarged_side", "min_fitted_side", "max_area")},
        "refuse_exceeding": lambda _, __: [("exceeding", "error")],
    },
    Adjust: {
        "clahe": _param("clahe", lambda clahe: listed(clahe.window, clahe.max_slope)),
        "tone": _parts,
        "colour": _parts,
    },
    ToneAdjustment: {
        "normalise": _param("normalize"),
        "equalise": _param("equalize"),
        "levels": _param("levels", lambda levels: listed(levels.black, levels.gamma, levels.white)),
        "curves": _curves,
        **dict.fromkeys(("red", "green", "blue"), _rgb),
        **{
            name: _param(name)
            for name in (
                "gamma",
                "warmth",
                "exposure",
                "highlights",
                "shadows",
                "brightness_factor",
                "brightness",
                "contrast",
                "invert",
            )
        },
    },
    ColourAdjustment: {
        "modulate": _param("modulate", lambda change: listed(change.lightness, change.chroma, change.hue)),
        "matrix": _param("color_matrix", lambda weights: listed(*weights)),
        "duotone": _param("duotone", lambda duotone: f"{text_of(duotone.dark)},{text_of(duotone.light)}"),
        **{
            name: _param(name)
            for name in ("lightness", "vibrance", "saturation", "hue", "sepia", "tint", "colorize", "threshold")
        },
    },
    Effects: {
        "progressive_blur": _param("progressive_blur", lambda blur: ramp_text(blur.ramp, number(blur.sigma))),
        "sharpen": _param("unsharp", lambda mask: listed(mask.sigma, mask.amount, mask.threshold)),
        "sharpen_lab": _param(
            "sharpen_lab",
            lambda one: listed(one.sigma, one.flat, one.jagged, one.threshold, one.max_lighten, one.max_darken),
        ),
        "convolution": _param("convolution", convolution_text),
        "blur_areas": _param("blur_areas", regions_text),
        "pixelate_areas": _param("pixelate_areas", regions_text),
        "gradient": _param("gradient", lambda one: ramp_text(one.ramp, text_of(one.start), text_of(one.stop))),
        **{
            name: _param(name)
            for name in (
                "median",
                "dilate",
                "erode",
                "morphology",
                "pixelate",
                "blur_faces",
                "pixelate_faces",
                "vignette",
                "noise",
            )
        },
    },
    Shape: {
        "corner_radii": _param("radius", radius_text),
        "mask": _param("mask", mask_text),
        "border": _param("border", lambda border: f"{border.width},{text_of(border.colour)}"),
    },
    Output: {
        **dict.fromkeys(
            ("formats", "negotiated", "source_format", "ordered", "fallback_format", "smallest"), _with_another
        ),
        "target_quality": _param("quality", lambda target: f"auto:{target}"),
        "encoding": _parts,
        "animation": _parts,
        "passthrough": _passthrough,
        "passthrough_animations": _passthrough,
        "original_formats": _param("original_formats", lambda forms: ",".join(form.value for form in forms)),
        **{name: _param(name) for name in ("quality", "metadata", "profile", "max_bytes", "max_bytes_strict")},
    },
    Encoding: {
        "colours": _param("colors"),
        **{
            name: _param(name)
            for name in (
                "mode",
                "effort",
                "progressive",
                "quality_scale",
                "subsampling",
                "trellis",
                "deringing",
                "optimize_scans",
                "quant_table",
                "lossless",
                "near_lossless",
                "webp_preset",
                "depth",
                "dither",
                "tiff_compression",
            )
        },
    },
    Animation: {
        "delays_ms": _param("frame_delay", lambda delays: listed(*delays)),
        **{name: _param(name) for name in ("loop", "speed", "reverse")},
    },
}
"""By part of a plan and field. ``tests/dialects/test_spelling.py`` fails if a field is not in it."""
