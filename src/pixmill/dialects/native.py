"""The native URLs: ``/resize`` and ``/info``, from raw bytes to an ImageRequest.

Knows how the values of ``params.py`` make a plan, and which spellings mean the same picture. Any bytes at all give an
ImageRequest or a BadRequest, in time linear in their number, and never another exception.
"""

from difflib import get_close_matches
from fractions import Fraction
from typing import Final, TypedDict, cast

import msgspec

from pixmill.dialects.params import INFO_PARAMS, MAX_SIDE, PARAMS, Param
from pixmill.dialects.scalars import decoded
from pixmill.errors import (
    ConflictingParameters,
    MissingParameter,
    NoSuchRoute,
    RepeatedParameter,
    RequestTooLarge,
    UnknownParameter,
)
from pixmill.media import Format
from pixmill.plan.geometry import round_half_up
from pixmill.plan.key import canonical, result_key
from pixmill.plan.ops import Colour, Crop, Fit, Flip, Metadata, Output, Plan, Point, Resize, Smart
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, upload_ref

MAX_QUERY_BYTES = 65_536
"""More than the longest URL that any server in front of us lets through; ``max_url_bytes`` is the bound that counts."""

_LONGEST_GUESS: Final = 32
"""Longer names get no suggestion: difflib's time grows with the square."""


class Asked(TypedDict, total=False):
    """The values of the parameters that were given."""

    url: SourceRef
    width: int
    height: int
    fit: Fit
    gravity: Point | Smart
    dpr: Fraction
    enlarge: bool
    crop: Crop | None
    rotate: int
    flip: Flip
    blur: Fraction
    grayscale: bool
    background: Colour
    format: tuple[Format, ...]
    quality: int
    metadata: Metadata
    filename: str
    expires: int
    sig: str


def _by_name(params: tuple[Param, ...]) -> dict[bytes, Param]:
    return {name.encode(): param for param in params for name in param.names}


PATHS: Final = {
    prefix + path: _by_name(params)
    for prefix in (b"", b"/api/v1")
    for path, params in ((b"/resize", PARAMS), (b"/info", INFO_PARAMS))
}
"""Every path that is answered, with the parameters it takes."""


class Native:
    """Pixmill's own grammar."""

    name = "native"

    def speaks(self, path: bytes) -> bool:
        return path in PATHS

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> ImageRequest:
        """What the URL asks for; ``upload`` when the original comes with the request. Raises BadRequest."""
        return parse(path, query, upload=upload)


def parse(path: bytes, query: bytes, *, upload: bool = False) -> ImageRequest:
    """What a URL, given as it was sent, asks for; ``upload`` when the original comes with the request. Raises BadRequest."""
    table = PATHS.get(path)
    if table is None:
        raise NoSuchRoute
    asked = _read(query, table)
    return ImageRequest(_source(asked, upload=upload), plan_of(asked), asked.get("filename", ""))


def explain(request: ImageRequest) -> dict[str, object]:
    """What a request means, for people: the source, the plan without its defaults, the key of the result."""
    return {
        "source": {"kind": request.source.kind.value, "text": request.source.text},
        "plan": msgspec.json.decode(canonical(request.plan)),
        "filename": request.filename,
        "key": result_key(request.source.text, request.plan),
    }


def _read(query: bytes, table: dict[bytes, Param]) -> Asked:
    """The values by the parameters' names. Names are taken as they stand: none of them needs an escape."""
    if len(query) > MAX_QUERY_BYTES:
        raise RequestTooLarge(f"The parameters may have at most {MAX_QUERY_BYTES} bytes")
    asked: dict[str, object] = {}
    for piece in query.split(b"&"):
        name, _, raw = piece.partition(b"=")
        param = table.get(name)
        if param is None:
            if piece:
                raise _unknown(name, table)
            continue
        if param.name in asked:
            raise RepeatedParameter(f"{param.name} is given more than once", param=param.name)
        asked[param.name] = param.parse(decoded(raw))
    return cast("Asked", asked)


def _unknown(raw: bytes, table: dict[bytes, Param]) -> UnknownParameter:
    name = raw[: _LONGEST_GUESS * 2].decode("ascii", "backslashreplace")
    shown = name if name.isprintable() else repr(name)
    close = get_close_matches(name, map(bytes.decode, table), n=1) if len(name) <= _LONGEST_GUESS else []
    hint = f"; did you mean {close[0]}?" if close else ""
    return UnknownParameter(f"There is no parameter {shown}{hint}", param=shown)


def _source(asked: Asked, *, upload: bool) -> SourceRef:
    if not upload:
        if "url" not in asked:
            raise MissingParameter("url is required: it says where the original lives", param="url")
        return asked["url"]
    if "url" in asked:
        raise ConflictingParameters("The original comes with the request: url must not be given", param="url")
    return upload_ref("")


def plan_of(asked: Asked) -> Plan:
    """The plan of these values, in the one spelling that all equal pictures share."""
    rotate, flip = _turned(asked.get("rotate", 0), asked.get("flip", Flip.NONE))
    resize = _resize(asked)
    output = _output(asked)
    return Plan(
        rotate=rotate,
        flip=flip,
        crop=asked.get("crop"),
        resize=resize,
        blur=float(asked.get("blur", 0)),
        grayscale=asked.get("grayscale", False),
        background=_background(asked, resize, output),
        output=output,
    )


def _turned(rotate: int, flip: Flip) -> tuple[int, Flip]:
    """Of the two ways to say each of the eight positions the one that turns less; both mirrors are a half turn."""
    if flip is Flip.BOTH:
        return (rotate + 180) % 360, Flip.NONE
    if flip is Flip.NONE or rotate < 180:  # noqa: PLR2004 - degrees
        return rotate, flip
    return rotate - 180, Flip.VERTICAL if flip is Flip.HORIZONTAL else Flip.HORIZONTAL


def _resize(asked: Asked) -> Resize:
    """Only what has an effect: a fit needs two sides, a gravity something to cut."""
    width, height = asked.get("width", 0), asked.get("height", 0)
    if "dpr" in asked:
        width, height = _scaled(width, height, asked["dpr"])
    if not width and not height:
        return Resize()
    fit = asked.get("fit", Fit.INSIDE) if width and height else Fit.INSIDE
    gravity = asked.get("gravity", Point()) if fit is Fit.COVER else Point()
    return Resize(width, height, fit, gravity, asked.get("enlarge", False))


def _scaled(width: int, height: int, dpr: Fraction) -> tuple[int, int]:
    """Both sides times ``dpr``, or as much of it as the longest side allows, so that the box keeps its shape."""
    scale = min(dpr, Fraction(MAX_SIDE, max(width, height, 1)))
    return round_half_up(width * scale) if width else 0, round_half_up(height * scale) if height else 0


def _output(asked: Asked) -> Output:
    formats = asked.get("format", ())
    lossy = not formats or formats[0] in _LOSSY
    return Output(
        formats=formats,
        negotiated=not formats,
        quality=asked.get("quality", Output().quality) if lossy else Output().quality,
        metadata=asked.get("metadata", Metadata.STRIP),
    )


def _background(asked: Asked, resize: Resize, output: Output) -> Colour:
    """Nothing of it can be seen where nothing is padded and the format keeps all transparency."""
    padded = resize.fit is Fit.CONTAIN
    if not padded and output.formats and output.formats[0] in _TRANSPARENT:
        return Colour()
    return asked.get("background", Colour())


_LOSSY: Final = {Format.JPEG, Format.WEBP, Format.AVIF}
_TRANSPARENT: Final = {Format.PNG, Format.WEBP, Format.AVIF}  # GIF knows no half-transparent pixels
