"""Image optimization of Google's Media CDN and Cloud CDN: ``/photos/a.jpg?imop=Resize,width=300;Crop,left=0.5``."""

from fractions import Fraction
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.plan_values import path_source
from pixmill.dialects.kit.query import first_values, pairs
from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.mediacdn.options import MAX_PIXELS, TABLE
from pixmill.dialects.port import Outcome, QueryParam, Text, UrlRoute
from pixmill.errors import InvalidParameter, PixmillError
from pixmill.media import Format
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Aspect, Clamp, Crop, CropUnit, CropWindow, Fit, Output, Plan, Resize
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.shapes import Ellipse, Shape

PARAM: Final = "imop"

_MAX_OPERATIONS: Final = 8
_MAX_ATTRIBUTES: Final = 16
_PERCENT: Final = 100
_STRETCH: Final = "stretch"
_PROPORTIONAL: Final = "proportional"
_FORMATS: Final = (Format.AVIF, Format.WEBP)
_UNCHANGED: Final = normal_form(Plan(output=Output(source_format=True)))
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        takes_body=False,
        label="mediacdn:/image",
        summary="An image, as Google's Media CDN delivers it.",
        params=(QueryParam(PARAM, "Operations, separated by semicolons.", {"type": "string"}),),
    ),
)


class MediaCdnOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry. ``quality``: of images that are processed. ``negotiate``: AVIF and WebP by Accept."""

    quality: Annotated[int, Meta(ge=1, le=100)] = 80
    negotiate: bool = True


class ResizeValues(Struct, frozen=True):
    """The attributes of ``Resize``; a side of 0 is free."""

    width: int = 0
    height: int = 0
    scaling: str = ""


class ScaleValues(Struct, frozen=True):
    """The attribute of ``Scale``."""

    ratio: Fraction | None = None


class CropValues(Struct, frozen=True):
    """The attributes of ``Crop``; an edge that is not given is that of the image. ``shape``: whether it is a circle."""

    left: Fraction | None = None
    right: Fraction | None = None
    top: Fraction | None = None
    bottom: Fraction | None = None
    shape: bool = False
    snap_to_x: int = 0
    snap_to_y: int = 0


Operation = ResizeValues | ScaleValues | CropValues
_KINDS: Final[dict[str, Operation]] = {"Resize": ResizeValues(), "Scale": ScaleValues(), "Crop": CropValues()}


class MediaCdnDialect(Keyless):
    """The URLs of one service. The operations are done in the order of the URL; without any the original is sent."""

    prefix = ""
    routes = _ROUTES

    def __init__(self, options: MediaCdnOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        self._options, self._mode = options, mode
        super().__init__()

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        self._check_path(path, upload=upload)
        text = first_values(pairs(query, {PARAM})).get(PARAM, "")
        return ImageRequest(path_source(path), self._plan(text) if text else _UNCHANGED)

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        return Text(error.message, status)

    def _plan(self, text: str) -> Plan:
        pieces = list(filter(None, text.split(";")))
        if not 1 <= len(pieces) <= _MAX_OPERATIONS:
            raise _invalid(f"must be one to {_MAX_OPERATIONS} operations")
        operations = [_operation(piece) for piece in pieces]
        if len(operations) > 1 and any(isinstance(one, ScaleValues) for one in operations):
            raise _invalid("Scale cannot be combined with other operations")
        stages = StageSequence(PARAM)
        for operation in operations:
            _run(stages, operation)
        plan = stages.plan()
        fields = {name: getattr(plan, name) for name in plan.__struct_fields__}
        return normal_form(Plan(**fields | {"output": self._output}))

    @property
    def _output(self) -> Output:
        formats = _FORMATS if self._options.negotiate else ()
        return Output(
            formats,
            negotiated=bool(formats),
            ordered=bool(formats),
            source_format=True,
            quality=self._options.quality,
            encoding=Encoding(mode=self._mode),
        )


def _operation(text: str) -> Operation:
    """Read an operation and its attributes. Raises InvalidParameter."""
    name, *pieces = text.split(",", _MAX_ATTRIBUTES)
    row = TABLE.get(name)
    if row is None:
        raise _invalid(f"{name[:40]!r} is not one of {', '.join(TABLE)}")
    found: dict[str, object] = {}
    for piece in pieces:
        attribute, _, value = piece.partition("=")
        read = row.read.get(attribute)
        if read is None:
            raise _invalid(f"{name} has no attribute {attribute[:40]!r}")
        try:
            found[attribute] = read(value)
        except ValueError:
            raise _invalid(f"{attribute} of {name} must be {read.expects}") from None
    return replace(_KINDS[name], **found)


def _run(stages: StageSequence, operation: Operation) -> None:
    """Do an operation. Raises InvalidParameter."""
    match operation:
        case ResizeValues():
            stages.put(("resize",), _resize(operation))
        case ScaleValues():
            if operation.ratio is None:
                raise _invalid("Scale needs a ratio")
            stages.put(("resize",), Resize(zoom=float(min(operation.ratio, Fraction(1)))))
        case CropValues():
            stages.put(("crop",), _crop(operation))
            if operation.shape:
                stages.put(("crop",), CropWindow(aspect=Aspect(1, 1)))
                stages.put(("shape",), Shape(mask=Ellipse()))


def _resize(given: ResizeValues) -> Resize:
    has_both = bool(given.width and given.height)
    if not given.width and not given.height:
        raise _invalid("Resize needs a width or a height")
    if given.width * given.height > MAX_PIXELS:
        raise _invalid(f"width × height of Resize may be at most {MAX_PIXELS}")
    if given.scaling == _STRETCH and not has_both:
        raise _invalid("scaling=stretch needs a width and a height")
    if given.scaling == _PROPORTIONAL or not has_both:
        return Resize(given.width, given.height)
    may_enlarge = given.scaling == _STRETCH
    clamp = Clamp.SHAPE if may_enlarge else Clamp.SIDES
    return Resize(given.width, given.height, Fit.FILL, enlarge=may_enlarge, clamp=clamp)


def _crop(given: CropValues) -> Crop:
    if {given.left, given.right, given.top, given.bottom} == {None}:
        raise _invalid("Crop needs left, right, top or bottom")
    left, top = given.left or Fraction(0), given.top or Fraction(0)
    right = Fraction(1) if given.right is None else given.right
    bottom = Fraction(1) if given.bottom is None else given.bottom
    if right <= left or bottom <= top:
        raise _invalid("right and bottom of Crop must lie beyond left and top")
    sides = [float(side * _PERCENT) for side in (left, top, right - left, bottom - top)]
    return Crop(sides[0], sides[1], sides[2], sides[3], CropUnit.PERCENT)


def _invalid(reason: str) -> InvalidParameter:
    return InvalidParameter(f"{PARAM}: {reason}", param=PARAM)
