"""Contensis' Image API: ``/image-library/a.jpg?w=300&h=200&fit=fill&bg=f00``. Parameters are applied in their order."""

from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.contensis.options import OPTIONS, TABLE, Behaviour
from pixmill.dialects.kit.effects import blur_sigma
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.options import query_params
from pixmill.dialects.kit.plan_values import ENCODED_AGAIN, path_source
from pixmill.dialects.kit.query import Pair, pairs
from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.port import Outcome, Text, UrlRoute
from pixmill.errors import InvalidParameter, PixmillError
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.gravity import Point
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Fit, Output, Plan, Resize
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.transforms import FreeRotation

_RIGHT_ANGLE: Final = 90
_WHOLE_TURN: Final = 360
_RESIZING: Final = frozenset({"width", "height", "fit", "fp"})
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        takes_body=False,
        label="contensis:/image",
        summary="An image, as Contensis' Image API delivers it.",
        params=query_params(OPTIONS),
    ),
)


class ContensisOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry. ``quality``: of URLs that name none."""

    quality: Annotated[int, Meta(ge=1, le=100)] = 80


class ContensisDialect(Keyless):
    """The images of one site. Unknown parameters and empty values are ignored."""

    prefix = ""
    routes = _ROUTES

    def __init__(self, options: ContensisOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        self._options, self._mode = options, mode
        super().__init__()

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        self._check_path(path, upload=upload)
        return ImageRequest(path_source(path), self._plan(pairs(query, TABLE)))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        return Text(error.message, status)

    def _plan(self, found: list[Pair]) -> Plan:
        recipe = _Recipe()
        for name, text in found:
            if text:
                recipe.add(TABLE[name].option.names[0], _read(name, text))
        plan = recipe.plan()
        fields = {name: getattr(plan, name) for name in plan.__struct_fields__}
        output = Output(quality=recipe.quality or self._options.quality, encoding=Encoding(mode=self._mode))
        if recipe.format is not None:
            output = replace(output, formats=(recipe.format,))
        else:
            output = replace(output, source_format=True, original_formats=ENCODED_AGAIN if recipe.quality else ())
        return normal_form(Plan(**fields | {"output": output}))


def _read(name: str, text: str) -> object:
    row = TABLE[name]
    try:
        return row.read(text)
    except (ValueError, KeyError):
        raise InvalidParameter(f"{name} must be {row.read.expects}", param=name) from None


class _Box(Struct, frozen=True):
    """The parameters of a resize; a side of 0 is free."""

    width: int = 0
    height: int = 0
    fit: tuple[Behaviour, Point] = (Behaviour.MAX, Point())
    fp: Point | None = None


class _Recipe:
    """The operations of a URL. A resize is open for a fit and a point until another operation comes."""

    def __init__(self) -> None:
        self.format: Format | None = None
        self.quality = 0
        self._stages = StageSequence("parameters")
        self._open: dict[str, object] = {}
        self._is_padded = False

    def add(self, name: str, value: object) -> None:
        """Add a parameter. Raises InvalidParameter if there are too many."""
        if name == "format":
            self.format = value if isinstance(value, Format) else None
        elif name == "quality":
            self.quality = value if isinstance(value, int) else 0
        elif name in _RESIZING:
            if name in self._open:
                self._close()
            if self._open or name in {"width", "height"}:
                self._open[name] = value
        else:
            self._close()
            self._run(name, value)

    def plan(self) -> Plan:
        self._close()
        return self._stages.plan()

    def _close(self) -> None:
        """Do the open resize."""
        if not self._open:
            return
        box = replace(_Box(), **self._open)
        self._open = {}
        self._leave_padding()
        behaviour, place = box.fit
        resize = Resize(box.width, box.height, enlarge=behaviour is Behaviour.CONTAIN)
        if box.width and box.height:
            resize = _fitted(resize, behaviour, box.fp or place)
        self._stages.put(("resize",), resize)
        if resize.fit is Fit.CONTAIN:
            self._stages.change(("background",), TRANSPARENT)
            self._is_padded = True

    def _run(self, name: str, value: object) -> None:
        if name == "background" and isinstance(value, Colour):
            self._stages.put(("flatten",), value)
            if self._is_padded:
                self._stages.change(("background",), value)
            return
        self._leave_padding()
        if name == "rotate" and isinstance(value, int):
            self._rotate(value % _WHOLE_TURN)
        elif name == "blur" and isinstance(value, int):
            self._stages.blur(blur_sigma(float(value)))
        elif name == "effect":
            if value:
                self._stages.put(("grayscale",), True)
        else:
            self._stages.put((name,), value)

    def _leave_padding(self) -> None:
        """Begin a new stage if this one pads the image, which it does last."""
        if self._is_padded:
            self._stages.begin()
            self._is_padded = False

    def _rotate(self, degrees: int) -> None:
        if degrees % _RIGHT_ANGLE:
            self._stages.put(("rotate_free",), FreeRotation(degrees, TRANSPARENT))
        elif degrees:
            self._stages.put(("rotate",), degrees)


def _fitted(resize: Resize, behaviour: Behaviour, place: Point) -> Resize:
    """Return the resize to both sides."""
    match behaviour:
        case Behaviour.FILL:
            return replace(resize, fit=Fit.CONTAIN)
        case Behaviour.STRETCH:
            return replace(resize, fit=Fit.FILL, enlarge=True)
        case Behaviour.CROP:
            return replace(resize, fit=Fit.COVER, gravity=place)
        case _:
            return resize
