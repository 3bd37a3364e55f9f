"""``/srcset``: one image in several widths and formats, each of which is a query of ``/resize``.

Knows the parameters of its own, and what the others mean for each candidate. Any bytes at all give a SrcsetRequest or a
BadRequest, in linear time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal
from urllib.parse import quote_from_bytes

from pixmill.dialects.native.element_options import ElementOptions, Placeholder, is_auto
from pixmill.dialects.native.hints import with_hints
from pixmill.dialects.native.param import MAX_SIDE, Param
from pixmill.dialects.native.param_values import ParamValues, select
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.native.presets import PRESETS_ONLY_PARAMS, Presets
from pixmill.dialects.native.query import param_table, parse_query
from pixmill.dialects.native.tables import source, srcset
from pixmill.errors import ConflictingParameters, InvalidParameter, MissingParameter
from pixmill.media import Format
from pixmill.plan.lengths import round_length

_NEUTRAL_VALUES: Final = {
    "dpr": b"1",
    "zoom": b"1",
    "enlarge": b"false",
    "shrink": b"true",
    "adaptive": b"false",
    "skip_smaller": b"never",
}
"""Parameters that would change the width of a candidate, with the values that undo those of a preset."""

_SIZE_LIMITS: Final = {
    "min_width": "smaller",
    "min_height": "smaller",
    "max_width": "larger",
    "max_height": "larger",
    "max_side": "larger",
}
"""Parameters that would make candidates of some widths impossible, and which ones."""

_WITHOUT_EFFECT: Final = frozenset(("dpr_rule", "dpr_max_side", "max_enlarged_side"))
"""Parameters that concern only a device pixel ratio or an enlarged image, which candidates do not have."""

_EXCLUDED_PARAMS: Final = {*_NEUTRAL_VALUES, *_SIZE_LIMITS, *_WITHOUT_EFFECT, "format"}
_SRCSET_ONLY_PARAMS: Final = {param.name for param in (*srcset.PARAMS, *source.ACCESS_PARAMS)} | {"width", "height"}
_NOT_WITH_VARIANTS: Final = ("widths", "densities", "width", "height", "of")
_MAX_DENSITY: Final = 2
"""Device pixels per CSS pixel of the largest candidate of an element of known width: more are hardly seen."""

_SAME_WIDTH: Final = 0.1
"""Part of a width by which another must differ to be worth a candidate."""

_PAGE_PARAMS: Final = frozenset(param.name for param in srcset.PARAMS) - set(_NOT_WITH_VARIANTS)
"""Parameters that concern the page and not the images; those of presets-only mode."""

_SAFE_IN_QUERY: Final = "!$'()*,;:@/?-._~=+%"
"""Characters that stay as they are in a query; all others are escaped, which means the same. Escapes stay."""

SRCSET_PARAMS: tuple[Param, ...] = (
    *(param for param in PARAMS if param.name not in _EXCLUDED_PARAMS and param not in source.ACCESS_PARAMS),
    *srcset.PARAMS,
    *source.ACCESS_PARAMS,
)
"""The parameters of ``/srcset``, besides ``preset``."""

SRCSET_PRESETS_ONLY_PARAMS: Final = (PRESETS_ONLY_PARAMS - {"format"}) | _PAGE_PARAMS
"""The parameters of ``/srcset`` in presets-only mode."""

SRCSET_PARAM_TABLE: Final = param_table((*SRCSET_PARAMS, srcset.PRESET))
_DEFAULTS: Final = parse_query(
    b"&".join(f"{param.name}={param.default}".encode() for param in srcset.PARAMS if param.default),
    SRCSET_PARAM_TABLE,
)


@dataclass(frozen=True, slots=True)
class SrcsetRequest:
    """The candidates of an image that a page offers. ``formats`` is empty when they are to be negotiated.

    ``base_query`` holds the parameters, as sent, that all candidates share. ``height_per_width`` is their shape; None
    for that of the image. ``variants`` are the presets of each candidate, in place of widths. ``width`` is that of the
    element in CSS pixels, None for that of the largest candidate. ``has_densities``: candidates differ in device pixels
    per CSS pixel, for an element of this width.
    """

    base_query: bytes
    height_per_width: Fraction | None
    widths: tuple[int, ...]
    variants: tuple[tuple[str, ...], ...]
    width: int | None
    has_densities: bool
    formats: tuple[Format, ...]
    element: ElementOptions
    placeholder: Placeholder
    warm: bool

    def query(self, width: int, form: Format) -> bytes:
        """Build the query of ``/resize`` for one candidate."""
        height = b"&height=%d" % round_length(width * self.height_per_width) if self.height_per_width else b""
        return b"%s&width=%d%s&format=%s" % (self.base_query, width, height, form.value.encode())

    def variant_query(self, names: tuple[str, ...], form: Format) -> bytes:
        """Build the query of ``/resize`` for the candidate of these presets."""
        return b"%s&preset=%s&format=%s" % (self.base_query, ",".join(names).encode(), form.value.encode())


def parse_srcset(
    query: bytes, presets: Presets, native_query_of: Callable[[bytes], bytes] | None = None
) -> SrcsetRequest:
    """Parse a query of ``/srcset``. Raises BadRequest.

    ``native_query_of`` returns the query of ``/resize`` that means the same as a path and query of any dialect.
    """
    explicit_values = parse_query(query, SRCSET_PARAM_TABLE)
    if native_query_of and "of" in explicit_values and not presets.only:
        query = _with_image_of(query, native_query_of(explicit_values["of"].encode()))
        explicit_values = parse_query(query, SRCSET_PARAM_TABLE)
    if "url" not in explicit_values:
        raise MissingParameter("url is required: the URL or path of the original", param="url")
    if "variants" in explicit_values or presets.only:
        return _request(query, explicit_values, variants=_variants(explicit_values, presets))
    given = with_hints(presets.apply(explicit_values))
    _check_conflicts(given)
    width, height = _pixels(given, "width"), _pixels(given, "height")
    height_per_width = Fraction(height, width) if width and height else None
    max_width = MAX_SIDE if not height_per_width else max(1, min(MAX_SIDE, int(MAX_SIDE / height_per_width)))
    element_width = width if "width" in explicit_values or "widths" not in given else None
    widths = _widths(given, element_width)
    return _request(
        _base_query(query, given),
        given,
        height_per_width=height_per_width,
        widths=tuple(sorted({min(one, max_width) for one in widths})),
        width=element_width,
    )


def _request(
    query: bytes,
    given: ParamValues,
    *,
    height_per_width: Fraction | None = None,
    widths: tuple[int, ...] = (),
    variants: tuple[tuple[str, ...], ...] = (),
    width: int | None = None,
) -> SrcsetRequest:
    values = _DEFAULTS | given
    return SrcsetRequest(
        base_query=_variant_query(query) if variants else query,
        height_per_width=height_per_width,
        widths=widths,
        variants=variants,
        width=width,
        has_densities="densities" in given,
        formats=values.get("formats", ()),
        element=_element_options(values),
        placeholder=values["placeholder"],
        warm=values["warm"],
    )


def _element_options(values: ParamValues) -> ElementOptions:
    loading = values.get("loading", "eager" if values["fetchpriority"] == "high" else "lazy")
    if loading == "eager" and is_auto(values.get("sizes", "")):
        raise ConflictingParameters(
            "sizes=auto needs loading=lazy: browsers load other images before they know the layout", param="sizes"
        )
    if "sizes" in values and "densities" in values:
        raise ConflictingParameters("sizes has no meaning with densities: the width is that of width", param="sizes")
    return ElementOptions(
        alt=values.get("alt", ""),
        css_class=values.get("class", ""),
        loading=loading,
        fetch_priority=values["fetchpriority"],
        decoding=values["decoding"],
        layout=values["layout"],
        sizes=values.get("sizes", ""),
    )


def _widths(given: ParamValues, element_width: int | None) -> set[int]:
    """Return the widths of the candidates, for an element of this width if that is known."""
    if "densities" in given:
        if "widths" in given:
            raise ConflictingParameters("densities takes the place of widths", param="densities")
        if element_width is None:
            raise MissingParameter("densities needs width: the width of the image on the page", param="width")
        return {min(MAX_SIDE, round_length(element_width * density)) for density in given["densities"]}
    if "widths" in given:
        return {*given["widths"], *((element_width,) if element_width else ())}
    default = set(_DEFAULTS["widths"])
    if element_width is None:
        return default
    own = (element_width, min(MAX_SIDE, _MAX_DENSITY * element_width))
    between = (width for width in default if width < own[1])
    return {*own, *(width for width in between if all(abs(width - one) > one * _SAME_WIDTH for one in own))}


def _variants(values: ParamValues, presets: Presets) -> tuple[tuple[str, ...], ...]:
    """Return the presets of each candidate. Raises BadRequest."""
    conflict = next((name for name in _NOT_WITH_VARIANTS if name in values), None)
    if conflict and not presets.only:
        raise ConflictingParameters(f"{conflict} contradicts variants: presets set the sizes", param=conflict)
    shared = values.get("preset", ())
    variants = tuple((*shared, name) for name in values["variants"]) if "variants" in values else (shared,)
    if len(variants[0]) > srcset.MAX_PRESETS:
        raise InvalidParameter(f"preset and a variant are {srcset.MAX_PRESETS} presets at most", param="variants")
    for names in variants:
        in_use: ParamValues = select(values, values.keys() - {"preset"}) | ({"preset": names} if names else {})
        presets.apply(in_use, _PAGE_PARAMS)
    return tuple(dict.fromkeys(variants))


def _variant_query(query: bytes) -> bytes:
    """Keep the pieces that apply to all variants, in order."""
    pieces = [
        piece
        for piece in query.split(b"&")
        if piece and SRCSET_PARAM_TABLE[piece.partition(b"=")[0]].name not in {*_SRCSET_ONLY_PARAMS, "preset"}
    ]
    return quote_from_bytes(b"&".join(pieces), safe=_SAFE_IN_QUERY + "&").encode()


def _with_image_of(query: bytes, native_query: bytes) -> bytes:
    """Put the parameters of an image in the place of ``of``, except for what the candidates differ in."""
    own = [piece for piece in query.split(b"&") if piece.partition(b"=")[0] != b"of"]
    image = [piece for piece in native_query.split(b"&") if piece.partition(b"=")[0] in SRCSET_PARAM_TABLE]
    is_shaped = any(piece.startswith(b"width=") for piece in image)
    image = [piece for piece in image if is_shaped or not piece.startswith(b"height=")]
    return b"&".join((*image, *own))


def _pixels(values: ParamValues, name: Literal["width", "height"]) -> int | None:
    side = values.get(name)
    if isinstance(side, Fraction):
        raise ConflictingParameters(f"{name} must be a number of pixels here: widths are in pixels", param=name)
    return side


def _check_conflicts(values: ParamValues) -> None:
    if "height" in values and "width" not in values:
        raise ConflictingParameters(
            "height needs width here: together they set the aspect ratio of all candidates", param="height"
        )
    conflict = next((name for name in _SIZE_LIMITS if name in values), None)
    if conflict:
        raise ConflictingParameters(
            f"{conflict} contradicts widths: no candidate could be {_SIZE_LIMITS[conflict]}", param=conflict
        )


def _base_query(query: bytes, values: ParamValues) -> bytes:
    """Keep the pieces that apply to every candidate, in order, and append what undoes the presets."""
    pieces = [
        piece
        for piece in query.split(b"&")
        if piece and SRCSET_PARAM_TABLE[piece.partition(b"=")[0]].name not in _SRCSET_ONLY_PARAMS
    ]
    resets = [b"%s=%s" % (name.encode(), neutral) for name, neutral in _NEUTRAL_VALUES.items() if name in values]
    return quote_from_bytes(b"&".join((*pieces, *resets)), safe=_SAFE_IN_QUERY + "&").encode()
