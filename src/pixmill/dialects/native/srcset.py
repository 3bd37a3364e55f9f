"""``/srcset``: one picture in several widths and formats, each of which is a query of ``/resize``.

Knows which parameters a set has of its own, and what the others mean for each of its pictures. Any bytes at all give a SetRequest or
a BadRequest, in linear time.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final
from urllib.parse import quote_from_bytes

from pixmill.dialects.native.param import MAX_SIDE, Param, ParamValues
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.native.presets import Presets
from pixmill.dialects.native.query import param_table, parse_query
from pixmill.dialects.native.tables import source, srcset
from pixmill.errors import ConflictingParameters, MissingParameter
from pixmill.media import Format
from pixmill.plan.lengths import round_length

_NEUTRAL_VALUES: Final = {"dpr": b"1", "zoom": b"1", "enlarge": b"false", "adaptive": b"false"}
"""What would make another width than the one that is told; a preset may say it, a set undoes it."""

_SIZE_LIMITS: Final = {"min_width": "smaller", "min_height": "smaller", "max_width": "larger", "max_height": "larger"}
"""Which pictures there would not be."""

_EXCLUDED_PARAMS: Final = {*_NEUTRAL_VALUES, *_SIZE_LIMITS, "format"}
_SRCSET_ONLY_PARAMS: Final = {param.name for param in (*srcset.PARAMS, *source.ACCESS_PARAMS)} | {"width", "height"}
_SAFE_IN_QUERY: Final = "!$'()*,;:@/?-._~=+%"
"""What may stand in a query as it is. All other characters are escaped, which means the same; escapes stay as they are."""

SRCSET_PARAMS: tuple[Param, ...] = (
    *(param for param in PARAMS if param.name not in _EXCLUDED_PARAMS and param not in source.ACCESS_PARAMS),
    *srcset.PARAMS,
    *source.ACCESS_PARAMS,
)
"""What ``/srcset`` takes, besides presets."""

SRCSET_PARAM_TABLE: Final = param_table((*SRCSET_PARAMS, srcset.PRESET))
_BY_NAME: Final = {param.name: param for param in srcset.PARAMS}


@dataclass(frozen=True, slots=True)
class SrcsetRequest:
    """What a page wants to offer of one picture. ``formats`` is empty when they are to be chosen.

    ``carried`` are the parameters, as they were sent, that all pictures have in common; ``shape`` is height to width, None for that
    of the picture.
    """

    base_query: bytes
    height_per_width: Fraction | None
    widths: tuple[int, ...]
    formats: tuple[Format, ...]
    sizes: str
    alt: str
    placeholder: Format | None
    warm: bool

    def query(self, width: int, form: Format) -> bytes:
        """The query of ``/resize`` for one of them."""
        height = b"&height=%d" % round_length(width * self.height_per_width) if self.height_per_width else b""
        return b"%s&width=%d%s&format=%s" % (self.base_query, width, height, form.value.encode())


def parse_srcset(query: bytes, presets: Presets) -> SrcsetRequest:
    """What a query of ``/srcset`` asks for. Raises BadRequest."""
    explicit_values = parse_query(query, SRCSET_PARAM_TABLE)
    if "url" not in explicit_values:
        raise MissingParameter("url is required: it says where the original lives", param="url")
    values = presets.apply(dict(explicit_values))
    _check_conflicts(values)
    width, height = values.get("width"), values.get("height")
    height_per_width = Fraction(height, width) if width and height else None
    max_width = MAX_SIDE if not height_per_width else max(1, min(MAX_SIDE, int(MAX_SIDE / height_per_width)))
    widths = {*_value_or_default(values, "widths"), *((width,) if "width" in explicit_values else ())}
    return SrcsetRequest(
        base_query=_base_query(query, values),
        height_per_width=height_per_width,
        widths=tuple(sorted({min(one, max_width) for one in widths})),
        formats=values.get("formats", ()),
        sizes=_value_or_default(values, "sizes"),
        alt=values.get("alt", ""),
        placeholder=_value_or_default(values, "placeholder"),
        warm=values.get("warm", False),
    )


def _value_or_default(values: ParamValues, name: str) -> Any:
    param = _BY_NAME[name]
    return values[name] if name in values else param.parse(param.default)


def _check_conflicts(values: ParamValues) -> None:
    if "height" in values and "width" not in values:
        raise ConflictingParameters(
            "height needs width here: together they are the shape of the picture", param="height"
        )
    conflict = next((name for name in _SIZE_LIMITS if name in values), None)
    if conflict:
        raise ConflictingParameters(
            f"{conflict} contradicts widths: there would be no {_SIZE_LIMITS[conflict]} ones", param=conflict
        )


def _base_query(query: bytes, values: ParamValues) -> bytes:
    """The pieces that mean something for every picture, in their order, then what undoes the presets."""
    pieces = [
        piece
        for piece in query.split(b"&")
        if piece and SRCSET_PARAM_TABLE[piece.partition(b"=")[0]].name not in _SRCSET_ONLY_PARAMS
    ]
    resets = [b"%s=%s" % (name.encode(), neutral) for name, neutral in _NEUTRAL_VALUES.items() if name in values]
    return quote_from_bytes(b"&".join((*pieces, *resets)), safe=_SAFE_IN_QUERY + "&").encode()
