"""``/srcset``: one picture in several widths and formats, each of which is a query of ``/resize``.

Knows which parameters a set has of its own, and what the others mean for each of its pictures. Any bytes at all give a SetRequest or
a BadRequest, in linear time.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final
from urllib.parse import quote_from_bytes

from pixmill.dialects.param import MAX_SIDE, Asked, Param
from pixmill.dialects.params import PARAMS
from pixmill.dialects.presets import Presets
from pixmill.dialects.reading import read, table_of
from pixmill.dialects.tables import sets, source
from pixmill.errors import ConflictingParameters, MissingParameter
from pixmill.media import Format
from pixmill.plan.lengths import round_half_up

_NEUTRAL: Final = {"dpr": b"1", "zoom": b"1", "enlarge": b"false", "adaptive": b"false"}
"""What would make another width than the one that is told; a preset may say it, a set undoes it."""

_BOUNDS: Final = {"min_width": "smaller", "min_height": "smaller", "max_width": "larger", "max_height": "larger"}
"""Which pictures there would not be."""

_NOT_TAKEN: Final = {*_NEUTRAL, *_BOUNDS, "format"}
_OWN: Final = {param.name for param in (*sets.PARAMS, *source.ACCESS_PARAMS)} | {"width", "height"}
_IN_QUERY: Final = "!$'()*,;:@/?-._~=+%"
"""What may stand in a query as it is. All other characters are escaped, which means the same; escapes stay as they are."""

SET_PARAMS: tuple[Param, ...] = (
    *(param for param in PARAMS if param.name not in _NOT_TAKEN and param not in source.ACCESS_PARAMS),
    *sets.PARAMS,
    *source.ACCESS_PARAMS,
)
"""What ``/srcset`` takes, besides presets."""

TABLE: Final = table_of((*SET_PARAMS, sets.PRESET))
_BY_NAME: Final = {param.name: param for param in sets.PARAMS}


@dataclass(frozen=True, slots=True)
class SetRequest:
    """What a page wants to offer of one picture. ``formats`` is empty when they are to be chosen.

    ``carried`` are the parameters, as they were sent, that all pictures have in common; ``shape`` is height to width, None for that
    of the picture.
    """

    carried: bytes
    shape: Fraction | None
    widths: tuple[int, ...]
    formats: tuple[Format, ...]
    sizes: str
    alt: str
    placeholder: Format | None
    warm: bool

    def query(self, width: int, form: Format) -> bytes:
        """The query of ``/resize`` for one of them."""
        height = b"&height=%d" % round_half_up(width * self.shape) if self.shape else b""
        return b"%s&width=%d%s&format=%s" % (self.carried, width, height, form.value.encode())


def parse_set(query: bytes, presets: Presets) -> SetRequest:
    """What a query of ``/srcset`` asks for. Raises BadRequest."""
    said = read(query, TABLE)
    if "url" not in said:
        raise MissingParameter("url is required: it says where the original lives", param="url")
    asked = presets.applied(dict(said))
    _check(asked)
    width, height = asked.get("width"), asked.get("height")
    shape = Fraction(height, width) if width and height else None
    widest = MAX_SIDE if not shape else max(1, min(MAX_SIDE, int(MAX_SIDE / shape)))
    widths = {*_own(asked, "widths"), *((width,) if "width" in said else ())}
    return SetRequest(
        carried=_carried(query, asked),
        shape=shape,
        widths=tuple(sorted({min(one, widest) for one in widths})),
        formats=asked.get("formats", ()),
        sizes=_own(asked, "sizes"),
        alt=asked.get("alt", ""),
        placeholder=_own(asked, "placeholder"),
        warm=asked.get("warm", False),
    )


def _own(asked: Asked, name: str) -> Any:
    param = _BY_NAME[name]
    return asked[name] if name in asked else param.parse(param.default)


def _check(asked: Asked) -> None:
    if "height" in asked and "width" not in asked:
        raise ConflictingParameters(
            "height needs width here: together they are the shape of the picture", param="height"
        )
    bound = next((name for name in _BOUNDS if name in asked), None)
    if bound:
        raise ConflictingParameters(f"{bound} contradicts widths: there would be no {_BOUNDS[bound]} ones", param=bound)


def _carried(query: bytes, asked: Asked) -> bytes:
    """The pieces that mean something for every picture, in their order, then what undoes the presets."""
    pieces = [piece for piece in query.split(b"&") if piece and TABLE[piece.partition(b"=")[0]].name not in _OWN]
    undone = [b"%s=%s" % (name.encode(), neutral) for name, neutral in _NEUTRAL.items() if name in asked]
    return quote_from_bytes(b"&".join((*pieces, *undone)), safe=_IN_QUERY + "&").encode()
