"""Bunny's Optimizer: ``/photos/a.jpg?width=300&crop=200,200``. Crop, resize, rotation, colours, in this order.

As there, a URL with a value that is not valid gives the original, and says so in a header.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.bunny.options import CLASS, OPTIONS, TABLE
from pixmill.dialects.bunny.tokens import split_token, token_of, verify_token
from pixmill.dialects.bunny.writing import urls
from pixmill.dialects.kit.compiled import CompiledCache
from pixmill.dialects.kit.effects import blur_sigma
from pixmill.dialects.kit.numbers import angle
from pixmill.dialects.kit.options import query_params
from pixmill.dialects.kit.plan_values import ENCODED_AGAIN, path_source
from pixmill.dialects.kit.query import check_path_length, last_values, pairs, remove
from pixmill.dialects.kit.signatures import FIRST_EXPIRY, Key, check_signable
from pixmill.dialects.kit.stages import plan_of_stages
from pixmill.dialects.port import Outcome, Redirect, Text, UrlRoute, template_matcher
from pixmill.errors import Forbidden, InvalidParameter, MalformedRequest, PixmillError, RouteNotFound
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Adjust, ColourAdjustment, Effects, ToneAdjustment, UnsharpMask
from pixmill.plan.gravity import Faces, FocalPixels, Gravity, PixelRegion, Point
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import (
    MAX_SIDE,
    Aspect,
    BlurSpace,
    Crop,
    CropWindow,
    Flip,
    ImageOverlay,
    Output,
    Plan,
    Resize,
    Stage,
)
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.overlays import Blend, Length, OverlayFit, Placement
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import canvas_ref

_PARAMETERS: Final = frozenset((CLASS, *TABLE))
_ORIGINAL: Final = Output(source_format=True)
_ERROR: Final = "X-BO-Processing-Error"
_WHOLE: Final = Length(100.0, percent=True)
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        label="bunny:/image",
        summary="An image, as Bunny's Optimizer delivers it.",
        params=query_params(OPTIONS, aliases=True),
    ),
)


class BunnyOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``classes``: image classes, the query of each. ``force_classes``: no other parameters. ``webp``: WebP by Accept.
    ``upscaling``: whether images may be enlarged. ``quality``: without the parameter.
    """

    classes: Annotated[dict[str, str], Meta(max_length=1_000)] = {}
    force_classes: bool = False
    webp: bool = True
    upscaling: bool = False
    quality: Annotated[int, Meta(ge=1, le=100)] = 85


class Values(Struct, frozen=True):
    """The values of the parameters."""

    crop: tuple[int, ...] = ()
    crop_gravity: Point = Point()
    aspect_ratio: Aspect | None = None
    focus_crop: tuple[Fraction, ...] = ()
    face_crop: bool | tuple[int, ...] = False
    width: int = 0
    height: int = 0
    upscaling: bool = False
    flip: bool = False
    flop: bool = False
    rotate: int = 0
    sharpen: bool = False
    blur: Fraction = Fraction(0)
    brightness: Fraction = Fraction(0)
    contrast: Fraction = Fraction(0)
    saturation: Fraction = Fraction(0)
    gamma: Fraction = Fraction(0)
    hue: Fraction = Fraction(0)
    sepia: Fraction = Fraction(0)
    tint: Colour | None = None
    quality: int = 0
    format: Format | None = None


_OF_TOKEN: Final = frozenset((b"token", b"expires"))
_FIELDS: Final = frozenset(Values.__struct_fields__)


def read_values(query: bytes) -> Values:
    """Read the parameters of a query; the last of equal ones counts, unknown ones are ignored.

    Raises InvalidParameter.
    """
    found: dict[str, object] = {}
    for name, text in last_values(pairs(query, TABLE)).items():
        row = TABLE[name]
        if not text or name not in _FIELDS:
            continue
        try:
            found[name] = row.read(text)
        except (ValueError, KeyError):
            raise InvalidParameter(f"{name} must be {row.read.expects}", param=name) from None
    return replace(Values(), **found)


class BunnyDialect:
    """The URLs of one pull zone."""

    prefix = ""
    routes = _ROUTES

    def __init__(
        self,
        options: BunnyOptions,
        keys: tuple[Key, ...] = (),
        mount: str = "",
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``keys``: with any, URLs need a token. Raises BadRequest for a class that is not valid."""
        self._options = options
        self._keys = keys
        self._mount = mount.encode()
        self._mode = mode
        self._plans: CompiledCache[bytes, Plan] = CompiledCache()
        self._classes = {name: read_values(text.removeprefix("?").encode()) for name, text in options.classes.items()}
        self._match = template_matcher(_ROUTES)
        self.requires_signature = bool(keys)

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        if not self._keys:
            return None
        return verify_token(self._keys, self._mount, path, query, now, parameters=_PARAMETERS)

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        check_signable(self._keys, path, query, expires, first_expiry=FIRST_EXPIRY)
        if expires is None:
            raise MalformedRequest("A token needs an expiry")
        values = last_values(pairs(query))
        signed = "&".join(f"{name}={values[name]}" for name in sorted(values))
        message = self._mount + path + str(expires).encode() + signed.encode()
        rest = f"{query.decode()}&" if query else ""
        token = token_of(self._keys[0], message)
        signed_query = f"{rest}token={token}&expires={expires}"
        try:
            self.verify(path, signed_query.encode(), 0.0)
        except Forbidden as error:
            raise MalformedRequest(f"A token cannot cover this URL: {error.message}") from None
        return f"{(self._mount + path).decode()}?{signed_query}"

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        check_path_length(path)
        source = path_source(split_token(path)[0])
        try:
            return ImageRequest(source, self._plan_of(remove(query, _OF_TOKEN)))
        except InvalidParameter as error:
            shown = error.message.encode("ascii", "replace").decode()
            return ImageRequest(source, normal_form(Plan(output=_ORIGINAL)), headers=((_ERROR, f"301 {shown}"),))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        return Text(error.message, status)

    def _values(self, query: bytes) -> Values:
        """Return the values of a class, or those of the URL. Raises InvalidParameter, Forbidden."""
        given = last_values(pairs(query, {CLASS, *_FIELDS}))
        name = given.get(CLASS)
        if name in self._classes:
            return self._classes[name]
        if self._options.force_classes and given:
            raise Forbidden("Only image classes are allowed", param=CLASS)
        if name:
            raise InvalidParameter(f"There is no class {name[:64]}", param=CLASS)
        return read_values(query)

    def _plan_of(self, query: bytes) -> Plan:
        """Return the plan of a query without a token. Raises InvalidParameter, Forbidden."""
        plan = self._plans.get(query)
        if plan is None:
            plan = self._plans.put(query, self._plan(self._values(query)), len(query))
        return plan

    def _plan(self, values: Values) -> Plan:
        resize = Resize(values.width, values.height, enlarge=values.upscaling or self._options.upscaling)
        crops = _crops(values)
        flips = _FLIPS[values.flop, values.flip]
        pixels = _pixels(values)
        turns = Stage(rotate=values.rotate, flip=flips)
        if values.rotate and flips is not Flip.NONE:
            raise InvalidParameter("rotate and flip or flop exclude each other", param="rotate")
        last = Stage(crop=crops[-1] if crops else None, resize=resize)
        stages = [Stage(crop=crop) for crop in crops[:-1]]
        if turns == Stage():
            stages.append(_combined(last, pixels))
        elif last == Stage():
            stages.append(_combined(turns, pixels))
        else:
            stages += [last, _combined(turns, pixels)]
        return plan_of_stages(stages, output=self._output(values))

    def _output(self, values: Values) -> Output:
        quality, encoding = values.quality or self._options.quality, Encoding(mode=self._mode)
        if values.format:
            return Output((values.format,), quality=quality, encoding=encoding)
        if values == Values() and not self._options.webp:
            return _ORIGINAL
        kept = ENCODED_AGAIN if values.quality else ()
        output = Output(source_format=True, original_formats=kept, quality=quality, encoding=encoding)
        if self._options.webp:
            return replace(output, formats=(Format.WEBP,), negotiated=True, ordered=True)
        return output


_FLIPS: Final = {
    (False, False): Flip.NONE,
    (True, False): Flip.HORIZONTAL,
    (False, True): Flip.VERTICAL,
    (True, True): Flip.BOTH,
}


def _crops(values: Values) -> list[Crop | CropWindow]:
    """Return the regions in the order of work. Raises InvalidParameter."""
    faces = Faces() if values.face_crop is True else None
    gravity: Gravity = faces or values.crop_gravity
    crops: list[Crop | CropWindow] = []
    if values.crop:
        width, height, *start = values.crop
        if not width or not height or len(start) == 1:
            raise InvalidParameter("crop must be W,H or W,H,X,Y", param="crop")
        crops.append(Crop(start[0], start[1], width, height) if start else CropWindow(width, height, gravity))
    if values.aspect_ratio:
        crops.append(CropWindow(gravity=gravity, aspect=values.aspect_ratio))
    if values.focus_crop:
        crops.append(_focus_window(values.focus_crop))
    if isinstance(values.face_crop, tuple):
        width, height = values.face_crop
        crops.append(CropWindow(width, height, Faces()))
    return crops


def _focus_window(numbers: tuple[Fraction, ...]) -> CropWindow:
    width, height, x, y = numbers
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE and 0 <= x <= MAX_SIDE and 0 <= y <= MAX_SIDE):
        raise InvalidParameter("focus_crop is out of bounds", param="focus_crop")
    is_share = x <= 1 and y <= 1
    gravity = Point(float(x), float(y)) if is_share else FocalPixels((PixelRegion(int(x), int(y)),))
    return CropWindow(int(width), int(height), gravity)


def _pixels(values: Values) -> Stage:
    tone = ToneAdjustment(
        gamma=round(2 ** float(values.gamma / 100), 4),
        brightness=float(values.brightness),
        contrast=float(values.contrast),
    )
    colour = ColourAdjustment(
        saturation=float(values.saturation), hue=float(angle(values.hue * 18 / 5)), sepia=float(values.sepia)
    )
    blur = blur_sigma(float(values.blur) / 2)
    return Stage(
        adjust=Adjust(tone=tone, colour=colour),
        blur=blur,
        blur_space=BlurSpace.SRGB if blur else BlurSpace.LINEAR,
        effects=Effects(sharpen=UnsharpMask(1.0, 1.0) if values.sharpen else None),
        overlays=(_multiplied(values.tint),) if values.tint else (),
    )


def _multiplied(colour: Colour) -> ImageOverlay:
    """Return an overlay of one colour over the whole image."""
    placement = Placement(blend=Blend.MULTIPLY)
    return ImageOverlay(canvas_ref(1, 1, colour), _WHOLE, _WHOLE, fit=OverlayFit.FILL, placement=placement)


def _combined(geometry: Stage, pixels: Stage) -> Stage:
    changes = {name: getattr(pixels, name) for name in ("adjust", "blur", "blur_space", "effects", "overlays")}
    return replace(geometry, **changes)
