"""The processing options of imgproxy, of the open and the paid edition: names, arguments, and what each sets.

A row is what the parser does with an option and what the documentation says of it. Knows arguments and the state of a
request; must never know how a plan says the same.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from pixmill.dialects.imgproxy import values
from pixmill.dialects.imgproxy.state import Anchor, RequestState
from pixmill.dialects.imgproxy.values import Arguments
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.errors import Forbidden, InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.output import WebPPreset

Apply = Callable[[RequestState, Arguments], None]
Read = Callable[[str, str], object]

RESIZING_TYPES: Final = ("fit", "fill", "fill-down", "force", "auto")
ALGORITHMS: Final = ("nearest", "linear", "cubic", "lanczos2", "lanczos3")
COMPASS: Final = ("ce", "no", "so", "ea", "we", "noea", "nowe", "soea", "sowe")
CROP_GRAVITIES: Final = (*COMPASS, "sm", "fp", "obj", "objw")
EXTEND_GRAVITIES: Final = (*COMPASS, "fp")
WATERMARK_POSITIONS: Final = (*COMPASS, "re", "ch")
WEBP_COMPRESSIONS: Final = ("lossy", "near_lossless", "lossless")
AVIF_SUBSAMPLES: Final = ("auto", "on", "off")
FACE_CLASSES: Final = frozenset(("face", "all", ""))
_DIRECTIONS: Final = {"down": Fraction(180), "up": Fraction(0), "right": Fraction(90), "left": Fraction(270)}
_TURN: Final = 360
_RIGHT_ANGLE: Final = 90
_MAX_SIGNED_BYTE: Final = 255
_MAX_BLUR_AREAS: Final = 32
_AREA_NUMBERS: Final = 4
_MAX_PNG_COLOURS: Final = 256
_MAX_QUANT_TABLE: Final = 8


# Readers of arguments


def _one(name: str, args: Arguments) -> str:
    values.check_count(name, args, 1)
    return args[0]


def _word(name: str, text: str, words: tuple[str, ...]) -> str:
    if text not in words:
        raise values.invalid(name, f"one of {', '.join(words)}")
    return text


def _given(args: Arguments, index: int) -> bool:
    return index < len(args) and args[index] != ""


def _set_each(target: object, name: str, args: Arguments, fields: tuple[tuple[str, Read], ...]) -> None:
    """Set a field for each argument; an empty one leaves it as it is."""
    values.check_count(name, args, len(fields))
    for (field, read), text in zip(fields, args, strict=False):
        if text:
            setattr(target, field, read(name, text))


def read_anchor(name: str, args: Arguments, kinds: tuple[str, ...]) -> Anchor:
    """Read a gravity and its offsets."""
    kind = _word(name, args[0], kinds)
    if kind in ("obj", "objw"):
        return Anchor(kind, classes=args[1 :: 1 if kind == "obj" else 2])  # a weight follows each class of objw
    most = 1 if kind == "sm" else 3
    values.check_count(f"{name} {kind}", args, most)
    if kind == "fp":
        if len(args) != most:
            raise values.invalid(name, "fp:x:y")
        return Anchor(kind, values.share(name, args[1]), values.share(name, args[2]))
    x, y = (values.number(name, args[index]) if _given(args, index) else Fraction(0) for index in (1, 2))
    return Anchor(kind, x, y)


def unsupported(state: RequestState, name: str, reason: str) -> None:
    """Raise InvalidParameter for an option that has no equivalent, unless the server ignores these."""
    if not state.policy.ignores_unsupported:
        raise InvalidParameter(f"{name} is not supported: {reason}", param=name)


def _security(state: RequestState, name: str) -> None:
    if not state.policy.allows_security_options:
        raise Forbidden(f"{name}: options that change limits are not allowed", param=name)


# Size


def _resizing_type(state: RequestState, args: Arguments) -> None:
    state.pipeline.resizing_type = _word("resizing_type", _one("resizing_type", args), RESIZING_TYPES)


def _algorithm(state: RequestState, args: Arguments) -> None:
    state.pipeline.algorithm = _word("resizing_algorithm", _one("resizing_algorithm", args), ALGORITHMS)


def _size(state: RequestState, args: Arguments, name: str = "size") -> None:
    values.check_count(name, args, 7)
    fields = (("width", values.pixels), ("height", values.pixels), ("enlarge", values.flag))
    _set_each(state.pipeline, name, args[:3], fields)
    if _given(args, 3):
        _extend(state, args[3:])


def _resize(state: RequestState, args: Arguments) -> None:
    values.check_count("resize", args, 8)
    if _given(args, 0):
        _resizing_type(state, args[:1])
    if len(args) > 1:
        _size(state, args[1:], "resize")


def _extension(args: Arguments, name: str) -> tuple[bool, Anchor | None]:
    values.check_count(name, args, 4)
    anchor = read_anchor(name, args[1:], EXTEND_GRAVITIES) if _given(args, 1) else None
    return values.flag(name, args[0]), anchor


def _extend(state: RequestState, args: Arguments) -> None:
    enabled, anchor = _extension(args, "extend")
    state.pipeline.extend = enabled
    state.pipeline.extend_anchor = anchor or state.pipeline.extend_anchor


def _extend_ratio(state: RequestState, args: Arguments) -> None:
    enabled, anchor = _extension(args, "extend_aspect_ratio")
    state.pipeline.extend_ratio = enabled
    state.pipeline.extend_ratio_anchor = anchor or state.pipeline.extend_ratio_anchor


def _zoom(state: RequestState, args: Arguments) -> None:
    values.check_count("zoom", args, 2)
    state.pipeline.zoom_x = values.positive("zoom", args[0])
    state.pipeline.zoom_y = values.positive("zoom", args[1]) if len(args) > 1 else state.pipeline.zoom_x


def _gravity(state: RequestState, args: Arguments) -> None:
    state.pipeline.anchor = _checked_objects(state, "gravity", read_anchor("gravity", args, CROP_GRAVITIES))


def _checked_objects(state: RequestState, name: str, anchor: Anchor) -> Anchor:
    """Return an anchor whose objects are found here: faces."""
    if anchor.kind not in ("obj", "objw") or not anchor.classes or not FACE_CLASSES.isdisjoint(anchor.classes):
        return anchor
    unsupported(state, f"{name} {anchor.kind}:{anchor.classes[0][:32]}", "only faces are detected")
    return Anchor("sm")


def _crop(state: RequestState, args: Arguments) -> None:
    pipeline = state.pipeline
    pipeline.crop_width = values.number_from_0("crop", args[0])
    if len(args) > 1:
        pipeline.crop_height = values.number_from_0("crop", args[1])
    if len(args) > 2:  # noqa: PLR2004 - width and height come first
        pipeline.crop_anchor = _checked_objects(state, "crop", read_anchor("crop", args[2:], CROP_GRAVITIES))


def _crop_ratio(state: RequestState, args: Arguments) -> None:
    fields = (("crop_ratio", values.number_from_0), ("crop_ratio_enlarges", values.flag))
    _set_each(state.pipeline, "crop_aspect_ratio", args, fields)


def _trim(state: RequestState, args: Arguments) -> None:
    values.check_count("trim", args, 4)
    pipeline = state.pipeline
    pipeline.trim_threshold = values.number("trim", args[0]) if args[0] else None
    pipeline.trim_colour = values.colour("trim", args[1]) if _given(args, 1) else None
    fields = (("trim_equal_horizontal", values.flag), ("trim_equal_vertical", values.flag))
    _set_each(pipeline, "trim", args[2:], fields)


def _padding(state: RequestState, args: Arguments) -> None:
    values.check_count("padding", args, 4)
    old = state.pipeline.padding
    sides = [values.pixels("padding", text) if text else None for text in (*args, "", "", "")[:4]]
    top = old[0] if sides[0] is None else sides[0]
    right = top if sides[1] is None else sides[1]
    bottom = top if sides[2] is None else sides[2]
    left = right if sides[3] is None else sides[3]
    state.pipeline.padding = (top, right, bottom, left)


# Orientation and background


def _rotate(state: RequestState, args: Arguments) -> None:
    degrees = values.whole("rotate", _one("rotate", args))
    if degrees % _RIGHT_ANGLE:
        raise values.invalid("rotate", "a multiple of 90")
    state.pipeline.rotate = degrees % _TURN


def _flip(state: RequestState, args: Arguments) -> None:
    fields = (("flip_horizontal", values.flag), ("flip_vertical", values.flag))
    _set_each(state.pipeline, "flip", args, fields)


def _background(state: RequestState, args: Arguments) -> None:
    if len(args) == 1:
        state.pipeline.background = values.colour("background", args[0]) if args[0] else None
        return
    if len(args) != 3:  # noqa: PLR2004 - red, green and blue
        raise values.invalid("background", "hexadecimal digits, or red:green:blue")
    channels = [values.natural("background", text) for text in args]
    if max(channels) > _MAX_SIGNED_BYTE:
        raise values.invalid("background", "three numbers from 0 to 255")
    state.pipeline.background = Colour(*channels)


# Colours and effects


def _brightness(name: str, text: str) -> int:
    value = values.whole(name, text)
    if abs(value) > _MAX_SIGNED_BYTE:
        raise values.invalid(name, "an integer from -255 to 255")
    return value


def _adjust(state: RequestState, args: Arguments) -> None:
    fields = (("brightness", _brightness), ("contrast", values.positive), ("saturation", values.positive))
    _set_each(state.pipeline.filters, "adjust", args, fields)


def _arguments(args: Arguments, defaults: Arguments, name: str) -> Arguments:
    """Return all arguments, the missing and the empty ones as their defaults."""
    values.check_count(name, args, len(defaults))
    return tuple(text or default for text, default in zip((*args, *defaults[len(args) :]), defaults, strict=True))


def _monochrome(state: RequestState, args: Arguments) -> None:
    intensity, shade = _arguments(args, ("0", "b3b3b3"), "monochrome")
    opacity = values.share("monochrome", intensity)
    shade_colour = values.with_alpha(values.colour("monochrome", shade), opacity)
    state.pipeline.filters.monochrome = shade_colour if opacity else None


def _duotone(state: RequestState, args: Arguments) -> None:
    intensity, dark, light = _arguments(args, ("0", "000000", "ffffff"), "duotone")
    opacity = values.share("duotone", intensity)
    pair = tuple(values.with_alpha(values.colour("duotone", text), opacity) for text in (dark, light))
    state.pipeline.filters.duotone = (pair[0], pair[1]) if opacity else None


def _colorize(state: RequestState, args: Arguments) -> None:
    intensity, tint, _ = _arguments(args, ("0", "000", "0"), "colorize")
    opacity = values.share("colorize", intensity)
    colour = values.with_alpha(values.colour("colorize", tint), opacity)
    state.pipeline.filters.colorize = colour if opacity else None


def _direction(name: str, text: str) -> Fraction:
    return _DIRECTIONS[text] if text in _DIRECTIONS else values.number(name, text) % _TURN


def _gradient(state: RequestState, args: Arguments) -> None:
    name = "gradient"
    intensity, tint, direction, start, stop = _arguments(args, ("0", "000", "down", "0", "1"), name)
    opacity = values.share(name, intensity)
    colour = values.with_alpha(values.colour(name, tint), opacity)
    ramp = (_direction(name, direction), values.share(name, start), values.share(name, stop))
    state.pipeline.filters.gradient = (colour, *ramp) if opacity else None


def _progressive_blur(state: RequestState, args: Arguments) -> None:
    name = "progressive_blur"
    sigma_text, direction, start, stop = _arguments(args, ("0", "down", "0", "1"), name)
    sigma = values.number_from_0(name, sigma_text)
    ramp = (_direction(name, direction), values.share(name, start), values.share(name, stop))
    state.pipeline.filters.progressive_blur = (sigma, *ramp) if sigma else None


def _blur_areas(state: RequestState, args: Arguments) -> None:
    name = "blur_areas"
    sigma, numbers = values.number_from_0(name, args[0]), [values.share(name, text) for text in args[1:]]
    if len(numbers) % _AREA_NUMBERS or len(numbers) > _MAX_BLUR_AREAS * _AREA_NUMBERS:
        raise values.invalid(name, f"sigma, then at most {_MAX_BLUR_AREAS} times left:top:width:height")
    areas = tuple(
        (left, top, width, height)
        for left, top, width, height in zip(*(numbers[start::4] for start in range(4)), strict=True)
        if width and height
    )
    state.pipeline.filters.blur_areas = (sigma, areas) if sigma and areas else None


def _blur_detections(state: RequestState, args: Arguments) -> None:
    name = "blur_detections"
    sigma = values.number_from_0(name, args[0])
    if len(args) > 1 and FACE_CLASSES.isdisjoint(args[1:]):
        unsupported(state, name, "only faces are detected")
        return
    state.pipeline.filters.blur_faces = sigma


def _draw_detections(state: RequestState, args: Arguments) -> None:
    if values.flag("draw_detections", args[0]):
        unsupported(state, "draw_detections", "frames of detected objects are not drawn")


def _unsharp(state: RequestState, args: Arguments) -> None:
    name = "unsharp_masking"
    mode, weight, divider = _arguments(args, ("auto", "1", "24"), name)
    _word(name, mode, ("auto", "none", "always"))
    mask = (values.positive(name, weight), values.positive(name, divider))
    state.pipeline.filters.unsharp = mask if mode == "always" else None


# Watermark


def _watermark(state: RequestState, args: Arguments) -> None:
    name = "watermark"
    values.check_count(name, args, 7)
    watermark = state.pipeline.watermark
    watermark.opacity = values.share(name, args[0])
    if _given(args, 1):
        watermark.position = _word(name, args[1], WATERMARK_POSITIONS)
    fields = (("x", values.number), ("y", values.number), ("scale", values.number_from_0))
    _set_each(watermark, name, args[2:5], fields)


def _watermark_size(state: RequestState, args: Arguments) -> None:
    _set_each(state.pipeline.watermark, "watermark_size", args, (("width", values.pixels), ("height", values.pixels)))


# Format and encoders


def _format(state: RequestState, args: Arguments) -> None:
    set_format(state, _one("format", args))


def set_format(state: RequestState, text: str) -> None:
    """Set the format of the result, from an option or an extension."""
    if text in ("mp4", "pdf"):
        unsupported(state, f"format {text}", "only images are written")
        return
    state.best_format = text == "best"
    state.format = None if state.best_format else values.image_format("format", text)


def _format_quality(state: RequestState, args: Arguments) -> None:
    if len(args) % 2:
        raise values.invalid("format_quality", "pairs of format and quality")
    for name, text in zip(args[::2], args[1::2], strict=True):
        state.format_quality[values.image_format("format_quality", name)] = values.quality("format_quality", text)


def _autoquality(state: RequestState, args: Arguments) -> None:
    name = "autoquality"
    values.check_count(name, args, 5)
    auto = state.autoquality
    if _given(args, 0):
        auto.method = _word(name, args[0], ("none", "size", "dssim", "ml"))
    fields = (("target", values.number_from_0), ("min_quality", values.quality), ("max_quality", values.quality))
    _set_each(auto, name, args[1:4], fields)


def _quant_table(name: str, text: str) -> int:
    value = values.natural(name, text)
    if value > _MAX_QUANT_TABLE:
        raise values.invalid(name, f"an integer from 0 to {_MAX_QUANT_TABLE}")
    return value


def _palette_size(name: str, text: str) -> int:
    value = values.natural(name, text)
    if not 2 <= value <= _MAX_PNG_COLOURS:  # noqa: PLR2004 - a palette has two colours
        raise values.invalid(name, f"an integer from 2 to {_MAX_PNG_COLOURS}")
    return value


def _jpeg_options(state: RequestState, args: Arguments) -> None:
    fields = ("progressive", "no_subsample", "trellis", "deringing", "optimize_scans")
    readers = (*((f"jpeg_{field}", values.flag) for field in fields), ("jpeg_quant_table", _quant_table))
    _set_each(state.encoder, "jpeg_options", args, readers)


def _png_options(state: RequestState, args: Arguments) -> None:
    fields = (("png_interlaced", values.flag), ("png_quantize", values.flag), ("png_colours", _palette_size))
    _set_each(state.encoder, "png_options", args, fields)


def _webp_options(state: RequestState, args: Arguments) -> None:
    name = "webp_options"
    values.check_count(name, args, 3)
    if _given(args, 0):
        state.encoder.webp_compression = _word(name, args[0], WEBP_COMPRESSIONS)
    if _given(args, 2):
        state.encoder.webp_preset = _word(name, args[2], tuple(WebPPreset))


def _avif_options(state: RequestState, args: Arguments) -> None:
    state.encoder.avif_subsample = _word("avif_options", _one("avif_options", args) or "auto", AVIF_SUBSAMPLES)


# Answer


def _skip(state: RequestState, args: Arguments) -> None:
    names = [values.image_format("skip_processing", text) for text in args if text]
    state.skip_formats = tuple(dict.fromkeys((*state.skip_formats, *names)))


def _expires(state: RequestState, args: Arguments) -> None:
    state.expires = max(values.whole("expires", _one("expires", args)), 0)


def _filename(state: RequestState, args: Arguments) -> None:
    values.check_count("filename", args, 2)
    is_encoded = _given(args, 1) and values.flag("filename", args[1])
    state.filename = (values.encoded_text if is_encoded else values.escaped_text)("filename", args[0])


def _tags(state: RequestState, args: Arguments) -> None:
    state.tags = tuple(dict.fromkeys((*state.tags, *filter(None, args))))


def _hashsum(state: RequestState, args: Arguments) -> None:
    values.check_count("hashsum", args, 2)
    if _word("hashsum", args[0], ("none", "md5", "sha1", "sha256", "sha512")) != "none":
        unsupported(state, "hashsum", "originals are not compared with a hash")


def _colour_profile(state: RequestState, args: Arguments) -> None:
    if _one("color_profile", args) not in ("", "srgb"):
        unsupported(state, "color_profile", "results are in sRGB or in the colours of the original")


def _rejected(name: str, reason: str) -> Apply:
    def apply(state: RequestState, args: Arguments) -> None:
        if any(args):
            unsupported(state, name, reason)

    return apply


def _rejected_unless_zero(name: str, reason: str) -> Apply:
    def apply(state: RequestState, args: Arguments) -> None:
        if values.number(name, args[0]):
            unsupported(state, name, reason)

    return apply


def _pages(state: RequestState, args: Arguments) -> None:
    if values.natural("pages", _one("pages", args)) > 1:
        unsupported(state, "pages", "a result shows one page")


def _security_limit(name: str, read: Read) -> Apply:
    """Accept a limit for originals: those of the server count in any case."""

    def apply(state: RequestState, args: Arguments) -> None:
        _security(state, name)
        read(name, _one(name, args))

    return apply


def _max_animation_frames(state: RequestState, args: Arguments) -> None:
    name = "max_animation_frames"
    _security(state, name)
    state.max_animation_frames = values.positive_whole(name, _one(name, args))


def _max_result_dimension(state: RequestState, args: Arguments) -> None:
    name = "max_result_dimension"
    _security(state, name)
    state.max_result_dimension = max(0, min(values.whole(name, _one(name, args)), values.MAX_PIXELS))


def _pipeline_field(name: str, field: str, read: Read) -> Apply:
    def apply(state: RequestState, args: Arguments) -> None:
        setattr(state.pipeline, field, read(name, _one(name, args)))

    return apply


def _filter_field(name: str, field: str, read: Read) -> Apply:
    def apply(state: RequestState, args: Arguments) -> None:
        setattr(state.pipeline.filters, field, read(name, _one(name, args)))

    return apply


def _watermark_field(name: str, field: str, read: Read) -> Apply:
    def apply(state: RequestState, args: Arguments) -> None:
        setattr(state.pipeline.watermark, field, read(name, _one(name, args)))

    return apply


def _field(name: str, field: str, read: Read) -> Apply:
    def apply(state: RequestState, args: Arguments) -> None:
        setattr(state, field, read(name, _one(name, args)))

    return apply


def _ignored(name: str, most: int, read: Read | None = None) -> Apply:
    def apply(state: RequestState, args: Arguments) -> None:
        del state
        values.check_count(name, args, most)
        if read is not None:
            read(name, args[0])

    return apply


def _verbatim(name: str, text: str) -> str:
    del name
    return text


PRESET_NAMES: Final = ("preset", "pr")


def _row(
    names: str, meaning: str, native: str, apply: Apply, note: str = "", status: Status = Status.SUPPORTED
) -> OptionRow[Apply]:
    return OptionRow(Option(tuple(names.split()), meaning, native, note, status), apply)


def _preset(state: RequestState, args: Arguments) -> None:
    """Never called: the parser knows the presets."""
    raise NotImplementedError


_LIMIT_NOTE: Final = "needs `allow_security_options`; the server's own limits count"
DIFFERS, IGNORED, REFUSED = Status.DIFFERS, Status.IGNORED, Status.REFUSED

ROWS: Final[tuple[OptionRow[Apply], ...]] = (
    _row(
        "resize rs",
        "type:width:height:enlarge:extend, with a gravity of the canvas",
        "`width`, `height`, `fit`",
        _resize,
    ),
    _row("size s", "width:height:enlarge:extend, with a gravity of the canvas", "`width`, `height`", _size),
    _row(
        "resizing_type rt",
        "`fit`, `fill`, `fill-down`, `force` or `auto`",
        "`fit=inside`; `fit=cover&clamp=sides`; `fit=cover`; `fit=fill`; `fit=auto`",
        _resizing_type,
    ),
    _row("resizing_algorithm ra", "Resampling kernel", "`kernel`", _algorithm),
    _row("width w", "Width in pixels, 0 for free", "`width`", _pipeline_field("width", "width", values.pixels)),
    _row("height h", "Height in pixels, 0 for free", "`height`", _pipeline_field("height", "height", values.pixels)),
    _row(
        "min-width mw",
        "Minimum width",
        "`min_width`",
        _pipeline_field("min-width", "min_width", values.pixels),
        "The result is cropped to `width` and `height`, as in imgproxy.",
    ),
    _row("min-height mh", "Minimum height", "`min_height`", _pipeline_field("min-height", "min_height", values.pixels)),
    _row("zoom z", "Factor for both sides, or for each", "`zoom`", _zoom),
    _row(
        "dpr",
        "Device pixel ratio, reduced where the image would be enlarged",
        "`dpr`, `dpr_rule=capped`",
        _pipeline_field("dpr", "dpr", values.positive),
    ),
    _row("enlarge el", "Allow enlarging", "`enlarge`", _pipeline_field("enlarge", "enlarge", values.flag)),
    _row("extend ex", "Canvas of width × height, with a gravity", "`canvas`, `canvas_gravity`", _extend),
    _row("extend_aspect_ratio extend_ar exar", "Canvas of the ratio width:height", "`canvas=W:H`", _extend_ratio),
    _row("gravity g", "Which part stays: a direction, `sm`, `fp:x:y`, `obj:face`", "`gravity`", _gravity),
    _row(
        "objects_position obj_pos op",
        "Where detected objects lie in the result",
        "",
        _rejected("objects_position", "detected faces are centred"),
        "Faces are centred.",
        REFUSED,
    ),
    _row("crop c", "Part of the original, in pixels or as shares, with a gravity", "`crop`", _crop),
    _row("crop_aspect_ratio crop_ar car", "Aspect ratio of that part", "`crop`, `aspect`", _crop_ratio),
    _row(
        "crop_objects",
        "Crop to detected objects",
        "",
        _rejected("crop_objects", "originals are not cropped to objects"),
        "",
        REFUSED,
    ),
    _row("trim t", "Borders off: threshold:colour:equal_hor:equal_ver", "`trim`, `trim_color`, `trim_equal`", _trim),
    _row("padding pd", "Margins, as in CSS", "`padding`", _padding),
    _row(
        "auto_rotate ar",
        "Apply the EXIF orientation",
        "`orientation`",
        _field("auto_rotate", "auto_rotate", values.flag),
    ),
    _row("rotate rot", "A multiple of 90 degrees", "`rotate`", _rotate),
    _row("flip fl", "Mirror: horizontal:vertical", "`flip`", _flip),
    _row("background bg", "Colour behind the image", "`background`", _background),
    _row(
        "background_alpha bga",
        "Opacity of that colour",
        "`background`",
        _pipeline_field("background_alpha", "background_alpha", values.share),
    ),
    _row("adjust a", "brightness:contrast:saturation", "`brightness`, `contrast`, `saturation`", _adjust),
    _row("brightness br", "-255 to 255", "`brightness`", _filter_field("brightness", "brightness", _brightness)),
    _row("contrast co", "A factor", "`contrast`", _filter_field("contrast", "contrast", values.positive)),
    _row("saturation sa", "A factor", "`saturation`", _filter_field("saturation", "saturation", values.positive)),
    _row("monochrome mc", "intensity:colour", "`monochrome`", _monochrome),
    _row("duotone dt", "intensity:dark:light", "`duotone`", _duotone),
    _row(
        "colorize col",
        "opacity:colour:keep_alpha",
        "`colorize`",
        _colorize,
        "Transparent areas stay transparent.",
        DIFFERS,
    ),
    _row("gradient gr", "opacity:colour:direction:start:stop", "`gradient`", _gradient),
    _row("blur bl", "Gaussian blur", "`blur`", _filter_field("blur", "blur", values.number_from_0)),
    _row("sharpen sh", "Sharpening", "`unsharp`", _filter_field("sharpen", "sharpen", values.number_from_0)),
    _row("pixelate pix", "Size of the blocks", "`pixelate`", _filter_field("pixelate", "pixelate", values.pixels)),
    _row("blur_areas ba", "sigma, then left:top:width:height in shares", "`blur_areas`", _blur_areas),
    _row("progressive_blur pbl", "sigma:direction:start:stop", "`progressive_blur`", _progressive_blur),
    _row("blur_detections bd", "sigma, then classes", "`blur_faces`", _blur_detections, "Faces only.", DIFFERS),
    _row(
        "draw_detections dd",
        "Frames around detected objects",
        "",
        _draw_detections,
        "Refused unless false.",
        REFUSED,
    ),
    _row(
        "unsharp_masking ush",
        "mode:weight:divider",
        "`convolution`",
        _unsharp,
        "`auto` does not sharpen: reduced images are sharp already.",
        DIFFERS,
    ),
    _row("watermark wm", "opacity:position:x:y:scale", "`overlay`", _watermark, "`ch` tiles as `re` does.", DIFFERS),
    _row(
        "watermark_url wmu",
        "URL of another watermark, in base64url",
        "`overlay=url:…`",
        _watermark_field("watermark_url", "url", values.encoded_text),
    ),
    _row(
        "watermark_text wmt",
        "Text as the watermark, in base64url",
        "`overlay=text:…`",
        _watermark_field("watermark_text", "text", values.encoded_text),
        "Of Pango markup: plain elements, and font, size and colour of the first `span`.",
        DIFFERS,
    ),
    _row("watermark_size wms", "width:height", "`overlay`, `width`, `height`", _watermark_size),
    _row(
        "watermark_rotate wm_rot wmr",
        "Degrees",
        "`overlay`, `rotate`",
        _watermark_field("watermark_rotate", "degrees", values.number),
    ),
    _row(
        "watermark_shadow wmsh",
        "Sigma of a shadow",
        "`overlay`, `shadow`",
        _watermark_field("watermark_shadow", "shadow", values.number_from_0),
    ),
    _row("style st", "CSS for an SVG", "", _rejected("style", "SVGs get no styles"), "", REFUSED),
    _row("strip_metadata sm", "Remove metadata", "`metadata`", _field("strip_metadata", "strip_metadata", values.flag)),
    _row(
        "keep_copyright kcr",
        "Keep author and copyright",
        "`metadata=copyright`",
        _field("keep_copyright", "keep_copyright", values.flag),
    ),
    _row(
        "dpi",
        "Resolution in the metadata",
        "",
        _ignored("dpi", 1, values.number_from_0),
        "The metadata has no resolution.",
        IGNORED,
    ),
    _row(
        "strip_color_profile scp",
        "Convert to sRGB",
        "`profile=srgb`, else `profile=keep`",
        _field("strip_color_profile", "strip_colour_profile", values.flag),
    ),
    _row(
        "color_profile cp icc",
        "`srgb`, or a file of the server",
        "`profile=srgb`",
        _colour_profile,
        "Only `srgb`.",
        DIFFERS,
    ),
    _row(
        "preserve_hdr ph",
        "16 bits per channel",
        "",
        _ignored("preserve_hdr", 1),
        "Results have 8 bits per channel.",
        IGNORED,
    ),
    _row(
        "enforce_thumbnail eth",
        "Use the embedded thumbnail",
        "",
        _ignored("enforce_thumbnail", 1),
        "The image itself is used.",
        IGNORED,
    ),
    _row(
        "quality q",
        "0 to 100, 0 for the default",
        "`quality`",
        _field("quality", "quality", values.quality),
        "One scale for all formats: 80 looks the same in each.",
        DIFFERS,
    ),
    _row(
        "format_quality fq",
        "format:quality:…",
        "`quality`",
        _format_quality,
        "For a format that the URL names. imgproxy's defaults (WebP 79, AVIF 63, JPEG XL 77) are 80 here.",
        DIFFERS,
    ),
    _row(
        "autoquality aq",
        "method:target:min:max:error",
        "`quality=auto:N`, `max_bytes`",
        _autoquality,
        "`dssim` and `ml` search for the quality that loses no more than the maximum does.",
        DIFFERS,
    ),
    _row(
        "max_bytes mb",
        "Maximum size in bytes",
        "`max_bytes`",
        _field("max_bytes", "max_bytes", values.natural),
    ),
    _row(
        "jpeg_options jpgo",
        "progressive:no_subsample:trellis_quant:overshoot_deringing:optimize_scans:quant_table",
        "`progressive`, `subsampling`, `trellis`, `deringing`, `optimize_scans`, `quant_table`",
        _jpeg_options,
    ),
    _row("png_options pngo", "interlaced:quantize:colours", "`progressive`, `colors`", _png_options),
    _row(
        "webp_options webpo",
        "compression:smart_subsample:preset",
        "`lossless`, `near_lossless`, `webp_preset`",
        _webp_options,
        "`smart_subsample` is ignored.",
        DIFFERS,
    ),
    _row("avif_options avifo", "subsample", "`subsampling`", _avif_options),
    _row(
        "format f ext",
        "Format of the result",
        "`format`",
        _format,
        "`best` is `format=best`; `mp4` and `pdf` are refused.",
    ),
    _row("page pg", "Page or frame, from 0", "`page`", _field("page", "page", values.natural)),
    _row("pages pgs", "Number of pages", "", _pages, "Refused if more than one.", REFUSED),
    _row(
        "disable_animation da",
        "A still of an animation",
        "`animated=false`",
        _field("disable_animation", "disable_animation", values.flag),
    ),
    _row(
        "video_thumbnail_second vts",
        "Position in a video",
        "`second`",
        _field("video_thumbnail_second", "second", values.number_from_0),
    ),
    _row(
        "video_thumbnail_keyframes vtk",
        "Only key frames",
        "",
        _ignored("video_thumbnail_keyframes", 1),
        "",
        IGNORED,
    ),
    _row(
        "video_thumbnail_tile vtt",
        "Sheet of frames",
        "",
        _rejected_unless_zero("video_thumbnail_tile", "sheets of video frames are not made"),
        "Refused unless 0.",
        REFUSED,
    ),
    _row(
        "video_thumbnail_animation vta",
        "Animation of frames",
        "",
        _rejected_unless_zero("video_thumbnail_animation", "animations of video frames are not made"),
        "Refused unless 0.",
        REFUSED,
    ),
    _row(
        "fallback_image_url fiu",
        "Image instead of one that fails, in base64url",
        "",
        _field("fallback_image_url", "fallback_url", values.encoded_text),
    ),
    _row(
        "skip_processing skp",
        "Formats that are not processed",
        "`passthrough`",
        _skip,
        "Without metadata, as results are.",
        DIFFERS,
    ),
    _row(
        "raw",
        "The original as it is",
        "`format=original&metadata=all`",
        _field("raw", "raw", values.flag),
        "Images only.",
        DIFFERS,
    ),
    _row("cachebuster cb", "Any text", "`v`", _field("cachebuster", "cachebuster", _verbatim)),
    _row("expires exp", "Unix time after which the URL is invalid", "`expires`", _expires),
    _row("filename fn", "name:encoded", "`filename`", _filename),
    _row(
        "return_attachment att",
        "Send as a download",
        "`filename`",
        _field("return_attachment", "attachment", values.flag),
    ),
    _row("preset pr", "Names of presets", "`preset`", _preset),
    _row("hashsum hs", "Hash of the original", "", _hashsum, "Refused unless `none`.", REFUSED),
    _row("bypass_cache bc", "Do not use the cache", "", _ignored("bypass_cache", 1), "", IGNORED),
    _row("cache_tags ct", "Tags to purge by", "`tags`", _tags),
    _row(
        "max_src_resolution msr",
        "Megapixels of the original",
        "",
        _security_limit("max_src_resolution", values.number_from_0),
        _LIMIT_NOTE,
        IGNORED,
    ),
    _row(
        "max_src_file_size msfs",
        "Bytes of the original",
        "",
        _security_limit("max_src_file_size", values.whole),
        _LIMIT_NOTE,
        IGNORED,
    ),
    _row(
        "max_animation_frames maf",
        "Frames of an animation",
        "`max_frames`",
        _max_animation_frames,
        "Needs `allow_security_options`.",
    ),
    _row(
        "max_animation_frame_resolution mafr",
        "Megapixels of a frame",
        "",
        _security_limit("max_animation_frame_resolution", values.number_from_0),
        _LIMIT_NOTE,
        IGNORED,
    ),
    _row(
        "max_result_dimension mrd",
        "Longest side of the result",
        "`max_side`",
        _max_result_dimension,
        "Needs `allow_security_options`.",
    ),
)

OPTIONS: Final = options_of(ROWS)
APPLY: Final[Mapping[str, Apply]] = {name: row.read for name, row in by_name(ROWS).items()}

SUPABASE_OPTIONS: Final = (
    Option(("width", "height"), "Integers, limited to 1 to 2500", "`width`, `height`"),
    Option(
        ("resize",),
        "`cover` (default), `contain` or `fill`",
        "`fit=cover&clamp=sides`, `fit=inside`, `fit=fill`",
        "Nothing is enlarged.",
    ),
    Option(("quality",), "20 to 100", "`quality`"),
    Option(
        ("format",),
        "`origin`, `avif` or `webp`; without it by `Accept`",
        "`format=original`, `format=auto:webp,original`",
    ),
    Option(("gravity",), "As in imgproxy, `obj` excepted", "`gravity`"),
    Option(("x_offset", "y_offset"), "0 to 1, both required with `gravity=fp`", "`gravity=fp:x,y`"),
    Option(("token",), "Token of a signed URL, which has the transformations in it", "", "HS256 or HS512."),
    Option(("download",), "Send as a download, optionally with a name", "`filename`"),
)
