"""Writes a plan as transformations of Cloudinary: components in the order of work.

The inverse of ``options.py`` and ``effects.py``. Must never know whether what is written means the same.
"""

from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote

from pixmill.dialects.kit.writing import (
    Pair,
    Speller,
    Terms,
    Words,
    colour,
    direction,
    fit_word,
    is_sized,
    is_url,
    number,
    option,
    path_of,
    percent_region,
    pixel_region,
    scaled,
    segment_of,
    terms_to_write,
    word,
    write_terms,
)
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Faces, FocalPixels, Gravity, Point, Smart
from pixmill.plan.ops import Crop, CropUnit, CropWindow, Fit, Flip
from pixmill.plan.output import Metadata, Profile
from pixmill.plan.request import ImageRequest
from pixmill.plan.shapes import Border, CornerRadii, Ellipse
from pixmill.plan.transforms import Fill, FreeRotation, Trim

_MODES: Final = {
    (Fit.INSIDE, False): "limit",
    (Fit.INSIDE, True): "fit",
    (Fit.COVER, True): "fill",
    (Fit.COVER, False): "lfill",
    (Fit.FILL, True): "scale",
    (Fit.CONTAIN, True): "pad",
    (Fit.CONTAIN, False): "lpad",
}
_FLIPS: Final = {Flip.HORIZONTAL: "hflip", Flip.VERTICAL: "vflip"}
_FORMATS: Final = {Format.JPEG: "jpg"}
_COMPASS: Final = {"top": "north", "bottom": "south", "left": "west", "right": "east"}
_SHARPENING: Final = {1.0: "sharpen", 2.0: "unsharp_mask"}
_OPAQUE: Final = 255
_FLAGS: Final[Words] = {
    "metadata": option("fl", {Metadata.COPYRIGHT: "keep_attribution"}),
    "profile": option("cs", {Profile.SRGB: "srgb"}),
}


def _gravity(gravity: Gravity) -> list[str]:
    if gravity == Smart():
        return ["g_auto"]
    if gravity == Faces():
        return ["g_face"]
    if isinstance(gravity, FocalPixels) and len(gravity.regions) == 1 and not gravity.regions[0].width:
        return ["g_xy_center", f"x_{gravity.regions[0].left}", f"y_{gravity.regions[0].top}"]
    if not isinstance(gravity, Point):
        return []
    words = direction(Point(gravity.x, gravity.y))
    if not words:
        return []
    offsets = (
        (-gravity.offset_x if gravity.x == 1 else gravity.offset_x),
        (-gravity.offset_y if gravity.y == 1 else gravity.offset_y),
    )
    names = "_".join(_COMPASS[one] for one in words if one)
    return [
        *([f"g_{names}"] if names else ["g_center"] if any(offsets) else []),
        *(f"{name}_{offset}" for name, offset in zip("xy", offsets, strict=True) if offset),
    ]


def _rgb(shade: Colour) -> str:
    return f"rgb:{colour(shade)}"


def _crop(crop: object) -> str | None:
    if region := pixel_region(crop):
        left, top, width, height = region
        return f"c_crop,x_{left},y_{top},w_{width},h_{height}"
    if isinstance(crop, Crop) and percent_region(crop):
        return ",".join(("c_crop", *(f"{name}_{_share(getattr(crop, field))}" for name, field in _REGION)))
    if isinstance(crop, CropWindow) and crop.unit is CropUnit.PIXELS and (crop.aspect or (crop.width and crop.height)):
        sides = [f"{name}_{number(side)}" for name, side in (("w", crop.width), ("h", crop.height)) if side]
        ratio = [f"ar_{crop.aspect.width}:{crop.aspect.height}"] if crop.aspect else []
        return ",".join(("c_crop", *(_gravity(crop.gravity) or ["g_center"]), *sides, *ratio))
    return None


_REGION: Final = (("x", "left"), ("y", "top"), ("w", "width"), ("h", "height"))


def _share(percent: float) -> str:
    """Write a share, with a decimal point: whole numbers are pixels."""
    text = scaled(0.01)(percent)
    return text if "." in text else f"{text}.0"


def _effect(name: str, text: Callable[..., str] = number) -> Speller:
    return word(f"e_{name}", lambda value: f":{text(value)}")


def _trim(trim: Trim) -> str | None:
    if trim.padding:
        return None
    shade = f":{_rgb(trim.colour)}" if trim.colour else ""
    return f":{scaled(100 / _OPAQUE, digits=2)(trim.tolerance)}{shade}"


def _sharpening(mask: UnsharpMask) -> list[Pair]:
    name = _SHARPENING.get(mask.sigma)
    return [(f"e_{name}", f":{scaled(100)(mask.amount)}")] if name and not mask.threshold else []


def _amount(shade: Colour) -> str:
    return f"{shade.alpha * 100 / _OPAQUE:.0f}"


def _six(shade: Colour) -> str:
    return f"rgb:{shade.red:02x}{shade.green:02x}{shade.blue:02x}"


def _radii(radii: CornerRadii) -> str | None:
    if radii.percent:
        return None
    corners = [radii.top_left, radii.top_right, radii.bottom_right, radii.bottom_left]
    return "_" + (number(corners[0]) if len(set(corners)) == 1 else ":".join(map(number, corners)))


def _border(border: Border) -> str:
    return f"_{border.width}px_solid_{_rgb(border.colour)}"


def _free(rotation: FreeRotation) -> str:
    return f"_{number(rotation.degrees)}"


_BEFORE: Final[Words] = {
    "rotate": word("a", lambda degrees: f"_{degrees}"),
    "flip": word("a", lambda flip: f"_{_FLIPS[flip]}" if flip in _FLIPS else None),
    "trim": word("e_trim", _trim),
}
_AFTER: Final[Words] = {
    "rotate_free": word("a", _free),
    "grayscale": word("e_grayscale", lambda _: ""),
    "normalise": word("e_improve", lambda _: ""),
    "gamma": _effect("gamma", scaled(100, -100)),
    "shadows": _effect("fill_light"),
    **{name: _effect(name) for name in ("brightness", "contrast", "red", "green", "blue")},
    "invert": word("e_negate", lambda _: ""),
    **{name: _effect(name) for name in ("vibrance", "saturation")},
    "hue": _effect("hue", lambda degrees: scaled(1 / 1.8, digits=4)(degrees if degrees <= 180 else degrees - 360)),  # noqa: PLR2004
    "sepia": _effect("sepia"),
    "tint": word("e_tint", lambda shade: f":{_amount(shade)}:{_six(shade)}"),
    "duotone": word("e_tint", lambda pair: f":{_amount(pair.light)}:{_six(pair.dark)}:{_six(pair.light)}"),
    "colorize": word("co", lambda shade: f"_{_six(shade)},e_colorize:{_amount(shade)}"),
    "threshold": _effect("blackwhite", scaled(100 / _OPAQUE, digits=2)),
    "blur": _effect("blur", scaled(20)),
    "sharpen": _sharpening,
    "pixelate": _effect("pixelate"),
    "blur_faces": _effect("blur_faces", scaled(20)),
    "pixelate_faces": _effect("pixelate_faces"),
    "vignette": _effect("vignette"),
    "corner_radii": word("r", _radii),
    "mask": option("r", {Ellipse(): "_max"}),
    "border": word("bo", _border),
    "opacity": word("o", lambda percent: f"_{number(percent)}"),
    "flatten": word("b", lambda shade: f"_{_rgb(shade)}"),
    "dpi": word("dn", lambda dpi: f"_{dpi}"),
}


def _size(terms: Terms) -> str:
    if not (is_sized(terms) or "aspect" in terms or "width_share" in terms or "height_share" in terms):
        return ""
    mode = fit_word(Terms(terms, enlarge=True) if "aspect" in terms else terms, _MODES)
    parts = [f"c_{mode}"] if mode else []
    if "aspect" in terms:
        parts.append(f"ar_{terms.aspect.width}:{terms.aspect.height}")
    parts += [f"{name[0]}_{terms[name]}" for name in ("width", "height") if name in terms]
    parts += [
        f"{name[0]}_{_share(terms.value(f'{name}_share', 0.0) * 100)}"
        for name in ("width", "height")
        if f"{name}_share" in terms
    ]
    parts += _gravity(terms.gravity) if "gravity" in terms else []
    if terms.fit is Fit.CONTAIN:
        is_blurred = "extend" in terms and terms.extend.fill is Fill.BLUR
        parts.append("b_blurred" if is_blurred else f"b_{_rgb(terms.background)}")
    return ",".join(parts)


def _output(terms: Terms) -> str:
    form = terms.form
    parts = [f"f_{_FORMATS.get(form, form.value)}"] if isinstance(form, Format) else ["f_auto"] if form is None else []
    if "quality" in terms:
        parts.append(f"q_{terms['quality']}")
    parts += [f"{name}_{text}" for name, text in write_terms(terms, _FLAGS)]
    parts += [f"pg_{terms['page']}"] if "page" in terms else []
    return ",".join(parts)


def components_of(request: ImageRequest) -> list[str]:
    """Return the components of a request, in the order of work."""
    terms = terms_to_write(request.plan)
    crop = _crop(terms.crop)
    parts = [
        *(name + text for name, text in write_terms(terms, _BEFORE)),
        crop,
        _size(terms),
        *(name + text for name, text in write_terms(terms, _AFTER)),
        _output(terms),
    ]
    if request.filename and not request.inline:
        parts.append(f"fl_attachment:{quote(request.filename.rpartition('.')[0] or request.filename)}")
    return [part for part in parts if part]


def urls(request: ImageRequest, cloud: str) -> Iterator[str]:
    """Yield the URL of an image of a cloud, or of another server."""
    components = "".join(f"{part}/" for part in components_of(request))
    source = request.source
    if not is_url(source):
        version = f"v{source.version}/" if source.version.isdigit() else ""
        yield f"/{cloud}/image/upload/{components}{version}{path_of(source)}"
        return
    is_plain = not {"?", "%"} & set(source.text)
    yield f"/{cloud}/image/fetch/{components}{source.text if is_plain else segment_of(source)}"
