"""URLs of flyimg: ``/upload/w_300,o_webp/https://example.com/a.jpg``; ``/path/…`` gives the path of the result."""

import re
from html import escape
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.flyimg.options import AUTO, INPUT, TABLE
from pixmill.dialects.kit.compiled import CompiledCache
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.numbers import angle
from pixmill.dialects.kit.plan_values import ENCODED_AGAIN
from pixmill.dialects.kit.query import check_path_length
from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.port import Outcome, Text, UrlRoute
from pixmill.errors import InvalidParameter, MalformedRequest, PixmillError, RouteNotFound
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Faces, Gravity, Point, Smart
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Clamp, Crop, CropOverflow, Fit, Input, Kernel, Output, Plan, Resize
from pixmill.plan.output import Encoding, Metadata, RenderMode
from pixmill.plan.overlays import Placement, TextOverlay
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, parse_source, upload_ref
from pixmill.plan.transforms import FreeRotation

_UPLOAD: Final = re.compile(rb"/upload/([^/]+)(?:/(.+))?", re.DOTALL)
_PATH: Final = b"/path/"
_SCHEME: Final = re.compile(r"(https?):/{1,2}", re.IGNORECASE)
_NO_OPTIONS: Final = "-"
_FACE_BLUR: Final = 15.0
_MIDDLE: Final = 128
_RIGHT_ANGLE: Final = 90
_EFFORTS: Final = 9
_METHODS: Final = 6
_WHITE: Final = Colour(255, 255, 255)
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/upload/{options}/{+image}",
        takes_body=False,
        label="flyimg:/upload",
        summary="An image, as flyimg delivers it.",
    ),
    UrlRoute(
        "/upload/{options}",
        methods=frozenset({"POST"}),
        label="flyimg:/upload",
        summary="An image that comes with the request, as flyimg delivers it.",
    ),
    UrlRoute(
        "/path/{options}/{+image}",
        takes_body=False,
        needs_engine=False,
        label="flyimg:/path",
        summary="The path of an image, as a text.",
    ),
)


class FlyimgOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry, with the names of ``parameters.yml``.

    ``options_separator``: between options. ``enable_avif``, ``enable_webp``, ``enable_jxl``: formats of ``o_auto``.
    ``quality``: of URLs that name none.
    """

    options_separator: Annotated[str, Meta(pattern=r"^[,;|:+]\Z")] = ","
    enable_avif: bool = True
    enable_webp: bool = True
    enable_jxl: bool = False
    quality: Annotated[int, Meta(ge=1, le=100)] = 90


class Values(Struct, frozen=True):
    """The values of the options; a side of 0 is free."""

    w: int = 0
    h: int = 0
    c: bool = False
    g: Point = Point()
    par: bool = True
    pns: bool = True
    r: float = 0.0
    bg: Colour | None = None
    e: bool = False
    p1x: int = 0
    p1y: int = 0
    p2x: int = 0
    p2y: int = 0
    fc: bool = False
    smc: bool = False
    fb: bool = False
    f: Kernel = Kernel.LANCZOS3
    unsh: UnsharpMask | None = None
    sh: UnsharpMask | None = None
    blr: float = 0.0
    clsp: bool = False
    mnchr: bool = False
    t: str = ""
    tc: Colour = _WHITE
    ts: int = 14
    tbg: Colour | None = None
    o: Format | str = AUTO
    q: int | None = None
    webpl: bool = False
    webpm: int | None = None
    jxlef: int | None = None
    st: bool = True
    ao: bool = False
    pdfp: int = 1
    dnst: int = 0
    tm: float | None = None


_FIELDS: Final = frozenset(Values.__struct_fields__)


class FlyimgDialect(Keyless):
    """The URLs of one server. Of equal options the last counts; unknown ones, and those without a value, are ignored.

    The query of a URL is that of the original.
    """

    prefix = ""
    routes = _ROUTES

    def __init__(self, options: FlyimgOptions, mount: str = "", mode: RenderMode = RenderMode.BALANCED) -> None:
        self._options, self._mode = options, mode
        self._upload = f"{mount}/upload/".encode()
        self._separator = re.compile(rf"{re.escape(options.options_separator)}(?![^()]{{0,64}}\))")
        super().__init__()
        self._plans: CompiledCache[bytes, Plan] = CompiledCache()

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        check_path_length(path)
        is_path = path.startswith(_PATH)
        match = _UPLOAD.fullmatch(b"/upload/" + path.removeprefix(_PATH) if is_path else path)
        if match is None or (match[2] is None) is not upload or (is_path and upload):
            raise RouteNotFound
        source = upload_ref("") if upload else _source(match[2], query)
        plan = self._plans.get(match[1])
        if plan is None:
            plan = self._plans.put(match[1], self._plan(self._values(match[1])), len(match[1]))
        if is_path:
            target = self._upload + path.removeprefix(_PATH) + (b"?" + query if query else b"")
            return Text(target.decode("ascii", "replace"))
        return ImageRequest(source, plan)

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        return Text(error.message, status)

    def _values(self, raw: bytes) -> Values:
        """Read the segment of options. Raises BadRequest."""
        try:
            text = percent_decode(raw)
        except ValueError:
            raise MalformedRequest("The options are not UTF-8, or have control characters") from None
        found: dict[str, object] = {}
        for piece in self._separator.split(text) if text != _NO_OPTIONS else ():
            name, _, value = piece.partition("_")
            row = TABLE.get(name)
            if row is None or name not in _FIELDS or not value:
                continue
            try:
                found[name] = row.read(value)
            except (ValueError, KeyError):
                raise InvalidParameter(f"{name} must be {row.read.expects}", param=name) from None
        return replace(Values(), **found)

    def _plan(self, values: Values) -> Plan:
        stages = StageSequence("options")
        if values.e:
            stages.put(("crop",), _region(values))
        stages.put(("resize",), _resize(values))
        _rotate(stages, values)
        if values.clsp:
            stages.put(("grayscale",), True)
        if values.mnchr:
            stages.put(("adjust", "colour", "threshold"), _MIDDLE)
        for mask in filter(None, (values.unsh, values.sh)):
            stages.put(("effects", "sharpen"), mask)
        if values.blr:
            stages.blur(values.blr)
        if values.fb:
            stages.put(("effects", "blur_faces"), _FACE_BLUR)
        if values.bg is not None:
            stages.put(("flatten",), values.bg)
        if values.t.strip():
            stages.add_overlay(_text(values))
        source = Input(
            animated=not isinstance(values.o, Format) or values.o is Format.GIF,
            page=values.pdfp,
            dpi=values.dnst or Input().dpi,
            time_s=values.tm,
            orientation=0 if values.ao else 1,
        )
        plan = stages.plan()
        operations = {name: getattr(plan, name) for name in plan.__struct_fields__}
        return normal_form(Plan(**operations | {"input": source, "output": self._output(values)}))

    def _output(self, values: Values) -> Output:
        quality = self._options.quality if values.q is None else max(values.q, 1)
        effort = values.jxlef if values.o is Format.JXL else None
        if values.o is Format.WEBP and values.webpm is not None:
            effort = values.webpm * _EFFORTS // _METHODS
        encoding = Encoding(mode=self._mode, effort=effort, lossless=values.webpl and values.o is Format.WEBP)
        metadata = Metadata.STRIP if values.st else Metadata.ALL
        output = Output(quality=quality, encoding=encoding, metadata=metadata)
        if isinstance(values.o, Format):
            return replace(output, formats=(values.o,))
        output = replace(output, source_format=True, original_formats=ENCODED_AGAIN, fallback_format=Format.JPEG)
        formats = () if values.o == INPUT else self._automatic
        return replace(output, formats=formats, negotiated=True, ordered=True) if formats else output

    @property
    def _automatic(self) -> tuple[Format, ...]:
        options = self._options
        enabled = (
            (Format.AVIF, options.enable_avif),
            (Format.JXL, options.enable_jxl),
            (Format.WEBP, options.enable_webp),
        )
        return tuple(form for form, is_enabled in enabled if is_enabled)


def _source(raw: bytes, query: bytes) -> SourceRef:
    """Return the original: a URL, whose slashes a proxy may have merged, or a path of the source. Raises BadRequest."""
    try:
        text = percent_decode(raw)
    except ValueError:
        raise MalformedRequest("The path is not UTF-8, or has control characters", param="image") from None
    scheme = _SCHEME.match(text)
    if scheme is None:
        return parse_source(text if "://" in text else "/" + text.lstrip("/"))
    search = ("&" if "?" in text else "?") + query.decode("latin-1") if query else ""
    return parse_source(f"{scheme[1].lower()}://{text[scheme.end() :]}{search}")


def _region(values: Values) -> Crop:
    """Return the region between two points. Raises InvalidParameter."""
    width, height = values.p2x - values.p1x, values.p2y - values.p1y
    if width <= 0 or height <= 0:
        raise InvalidParameter("p2x and p2y must lie to the right of p1x and below p1y", param="p2x")
    return Crop(values.p1x, values.p1y, width, height, overflow=CropOverflow.CLIP)


def _resize(values: Values) -> Resize:
    resize = Resize(values.w, values.h, kernel=values.f, enlarge=not values.pns, enlarge_drawings=not values.pns)
    if not (values.w and values.h):
        return resize
    if values.c:
        gravity: Gravity = Faces() if values.fc else Smart() if values.smc else values.g
        clamp = Clamp.SIDES if values.pns else Clamp.SHAPE
        return replace(resize, fit=Fit.COVER, gravity=gravity, clamp=clamp)
    return resize if values.par else replace(resize, fit=Fit.FILL, enlarge=True, enlarge_drawings=True)


def _rotate(stages: StageSequence, values: Values) -> None:
    degrees = angle(values.r)
    if degrees and degrees % _RIGHT_ANGLE == 0:
        stages.put(("rotate",), int(degrees))
    elif degrees:
        stages.put(("rotate_free",), FreeRotation(float(degrees), values.bg or _WHITE))


def _text(values: Values) -> TextOverlay:
    return TextOverlay(
        escape(values.t, quote=False),
        size=float(values.ts),
        colour=values.tc,
        background=values.tbg,
        placement=Placement(values.g.x, values.g.y),
    )
