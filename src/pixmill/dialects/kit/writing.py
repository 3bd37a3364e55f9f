"""Writing URLs: what a plan says, word by word, and tables of how a grammar says it.

The inverse of reading. Knows plans and text; must never know a dialect, nor whether what is written means the same:
``dialects/writing.py`` proves that with the parser.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Final, TypeVar, cast
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import fields

from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Adjust, ColourAdjustment, Effects, ToneAdjustment, UnsharpMask
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.lengths import exact_fraction
from pixmill.plan.ops import Aspect, Crop, CropUnit, Fit, Flip, Input, Output, Plan, Resize, Stage
from pixmill.plan.output import Animation, Encoding
from pixmill.plan.shapes import CornerRadii, Shape
from pixmill.plan.source import SourceKind, SourceRef
from pixmill.plan.transforms import Extend, Fill, LengthUnit

Pair = tuple[str, str]
Speller = Callable[..., Iterable[Pair]]
"""From the value of a term to options."""
Words = Mapping[str, Speller]
"""The spellers of a grammar, by term, in the order of its URLs."""

T = TypeVar("T")
KeyT = TypeVar("KeyT")


class Terms(dict[str, object]):
    """What a plan says: the fields that differ from their defaults, by name, of all parts."""

    def value(self, name: str, default: T) -> T:
        """Return the value of a term, which is of the type of its default."""
        return cast("T", self.get(name, default))

    @property
    def width(self) -> int:
        return self.value("width", 0)

    @property
    def height(self) -> int:
        return self.value("height", 0)

    @property
    def fit(self) -> Fit:
        """How the image is fitted to a box of two sides."""
        return self.value("fit", Fit.INSIDE)

    @property
    def enlarge(self) -> bool:
        return self.value("enlarge", False)

    @property
    def gravity(self) -> Gravity:
        return self.value("gravity", cast("Gravity", Point()))

    @property
    def background(self) -> Colour:
        return self.value("background", Colour())

    @property
    def aspect(self) -> Aspect:
        """The ratio of a box without sides; a square if there is none."""
        return self.value("aspect", Aspect(1, 1))

    @property
    def extend(self) -> Extend:
        return self.value("extend", Extend())

    @property
    def crop(self) -> object:
        return self.get("crop")

    @property
    def rotate(self) -> int:
        return self.value("rotate", 0)

    @property
    def flip(self) -> Flip:
        return self.value("flip", Flip.NONE)

    @property
    def form(self) -> object:
        """The format; None for negotiation."""
        return self.get(FORMAT)


FORMAT: Final = "format"
"""The term of a format: a ``Format``, ``ORIGINAL``, or an ``Output`` for a list; absent for negotiation."""
ORIGINAL: Final = "original"
FLIP_LETTERS: Final[Mapping[Flip, str]] = {Flip.HORIZONTAL: "h", Flip.VERTICAL: "v", Flip.BOTH: "hv"}
_SHORT_NAMES: Final[Mapping[Format, str]] = {Format.JPEG: "jpg"}
_FORMAT_FIELDS: Final = frozenset(("formats", "negotiated", "source_format", "ordered"))
_PARTS: Final = (Resize, Adjust, ToneAdjustment, ColourAdjustment, Effects, Shape, Input, Output, Encoding, Animation)
_OPAQUE: Final = 255
_SAFE_IN_PATH: Final = "/!$&'()*+,;=:@~"
_SAFE_IN_QUERY: Final = "/:,;!*()~@$"
_RIGHT_ANGLES: Final = 90


def terms_of(plan: Plan) -> Terms:
    """Return what a plan says, each field by its own name: names are unique among all parts."""
    terms = Terms(_terms(plan))
    if form := _format(plan.output):
        terms[FORMAT] = form
    return terms


def terms_to_write(plan: Plan) -> Terms:
    """Return what a plan says, and the background where it shows: services have other ones by default."""
    terms = terms_of(plan)
    if shows_background(plan):
        terms["background"] = plan.background
    return terms


def shows_background(plan: Stage) -> bool:
    """Return whether there is a canvas or padding, whose colour shows whatever the image is."""
    extend = plan.extend
    has_margins = bool(extend.top or extend.right or extend.bottom or extend.left)
    is_padded = plan.resize.fit is Fit.CONTAIN or plan.canvas is not None or has_margins
    return is_padded and extend.fill is Fill.COLOUR


def _terms(part: Struct) -> Iterator[tuple[str, object]]:
    for one in fields(part):
        value = getattr(part, one.name)
        if isinstance(value, _PARTS):
            yield from _terms(value)
        elif value != one.default and one.name not in _FORMAT_FIELDS:
            yield one.name, value


def _format(output: Output) -> Format | str | Output | None:
    if output.negotiated:
        return output if output.formats and not output.source_format else None
    if output.formats:
        return output.formats[0]
    return ORIGINAL if output.source_format else None


def number(value: float) -> str:
    """Return a decimal without an exponent."""
    if isinstance(value, int) or value.is_integer():
        return str(int(value))
    return f"{value:.20f}".rstrip("0") if "e" in repr(value) else repr(value)


def text_of(value: object) -> str:
    """Return a flag, a number, a word or a colour."""
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case float() | int():
            return number(value)
        case Colour():
            return colour(value)
        case _:
            return str(value)


def colour(value: Colour) -> str:
    """Return the digits of a colour: six, or eight with the alpha behind them."""
    digits = f"{value.red:02x}{value.green:02x}{value.blue:02x}"
    return digits if value.alpha == _OPAQUE else f"{digits}{value.alpha:02x}"


def opaque_colour(value: Colour) -> str | None:
    """Return six digits, None for a colour that is not opaque."""
    return colour(value) if value.alpha == _OPAQUE else None


def word(name: str, text: Callable[..., str | None] = text_of) -> Speller:
    """Return the speller of one option; it writes nothing for a value without a text."""

    def write_terms(value: object) -> Iterable[Pair]:
        written = text(value)
        return () if written is None else ((name, written),)

    return write_terms


def option(name: str, texts: Mapping[KeyT, str]) -> Speller:
    """Return the speller of an option with a few words."""
    return lambda value: ((name, texts[value]),) if value in texts else ()


def scaled(factor: float, offset: float = 0.0, *, digits: int = 6) -> Callable[[float], str]:
    """Return the text of a number times ``factor``, plus ``offset``, with ``digits`` decimals at most."""

    def text(value: float) -> str:
        exact = exact_fraction(value) * exact_fraction(factor) + exact_fraction(offset)
        return number(round(float(Fraction(round(exact * 10**digits), 10**digits)), digits))

    return text


def slope_of(contrast: float) -> str:
    """Return the slope around mid-grey of a contrast in percent: the inverse of ``contrast_of_slope``."""
    exact = exact_fraction(contrast)
    return number(round(float((25_900 + 259 * exact) / (25_900 - 255 * exact)), 8))


def write_terms(terms: Terms, words: Words) -> list[Pair]:
    """Return the options of all terms that the grammar has words for, in its order."""
    return [pair for name, speller in words.items() if name in terms for pair in speller(terms[name])]


def fit_word(terms: Terms, fits: Mapping[tuple[Fit, bool], str]) -> str | None:
    """Return the word for a fit that may enlarge or not, else the word for the same fit otherwise; None without one.

    A box with one side, or none, has no fit of its own: it is inside.
    """
    fit, enlarge = terms.fit, terms.enlarge
    return fits.get((fit, enlarge), fits.get((fit, not enlarge)))


@dataclass(frozen=True, slots=True)
class BoxWords:
    """How a grammar says the box: the names of its sides, of the fit with its words, and of enlarging or not.

    ``default`` is the fit of URLs that name none. ``decides``: the fit also says whether a box of one side enlarges.
    """

    width: str
    height: str
    fit: str = ""
    fits: Mapping[tuple[Fit, bool], str] = field(default_factory=dict)
    default: str = ""
    enlarging: Pair | None = None
    not_enlarging: Pair | None = None
    decides: bool = False

    def write(self, terms: Terms) -> Iterator[Pair]:
        """Yield the options of the box."""
        for name, option_name in (("width", self.width), ("height", self.height)):
            if name in terms:
                yield option_name, str(terms[name])
        word_of_fit = fit_word(terms, self.fits)
        if word_of_fit and word_of_fit != self.default and (is_box(terms) or (self.decides and is_sized(terms))):
            yield self.fit, word_of_fit
        rule = self.enlarging if terms.enlarge else self.not_enlarging
        if rule and is_sized(terms):
            yield rule


def format_word(name: str, texts: Mapping[Format, str] = _SHORT_NAMES) -> Speller:
    """Return the speller of a format, by these names or its own."""
    return word(name, lambda form: texts.get(form, form.value) if isinstance(form, Format) else None)


def constant(*pairs: Pair) -> Speller:
    """Return the speller of a flag."""
    return lambda value: pairs if value else ()


def anchored(join: Callable[[str, str], str | None]) -> Callable[[object], str | None]:
    """Return the text of a plain direction from its vertical and its horizontal word, each of which may be empty."""

    def text(gravity: object) -> str | None:
        names = direction(gravity)
        return None if names is None else join(*names)

    return text


def join_words(separator: str, *, centre: str = "center", across_first: bool = False) -> Callable[[str, str], str]:
    """Return a function that joins the words of a direction."""

    def join(down: str, across: str) -> str:
        pair = (across, down) if across_first else (down, across)
        return separator.join(filter(None, pair)) or centre

    return join


def compass(down: str, across: str) -> str:
    """Return north, southeast and so on."""
    north = {"top": "north", "bottom": "south", "": ""}[down]
    return north + {"left": "west", "right": "east", "": ""}[across] or "center"


def margins_of(extend: Extend) -> tuple[int, int, int, int] | None:
    """Return the padding in pixels, top, right, bottom and left; None for any other, and for none."""
    sides = (extend.top, extend.right, extend.bottom, extend.left)
    return sides if extend.unit is LengthUnit.PIXELS and any(sides) else None


def equal_radius(radii: CornerRadii) -> str | None:
    """Return the radius of all four corners in pixels, None if they differ."""
    return number(radii.top_left) if radii == CornerRadii(*(radii.top_left,) * 4) else None


def mask_amount(sigma: float, factor: float) -> Callable[[UnsharpMask], str | None]:
    """Return the text of the amount of an unsharp mask of this sigma, times ``factor``."""

    def text(mask: UnsharpMask) -> str | None:
        return scaled(factor)(mask.amount) if mask.sigma == sigma and not mask.threshold else None

    return text


def is_sized(terms: Terms) -> bool:
    """Return whether a side of the box is given."""
    return "width" in terms or "height" in terms


def is_box(terms: Terms) -> bool:
    """Return whether both sides of the box are given."""
    return "width" in terms and "height" in terms


DIRECTIONS: Final[Mapping[tuple[float, float], tuple[str, str]]] = {
    (x, y): (down, across)
    for x, across in ((0.0, "left"), (0.5, ""), (1.0, "right"))
    for y, down in ((0.0, "top"), (0.5, ""), (1.0, "bottom"))
}
"""The nine directions as words of two axes: top, bottom or nothing, then left, right or nothing."""


def direction(gravity: object) -> tuple[str, str] | None:
    """Return the words of a plain direction, None for any other gravity."""
    if not isinstance(gravity, Point) or gravity != Point(gravity.x, gravity.y):
        return None
    return DIRECTIONS.get((gravity.x, gravity.y))


def focal_point(gravity: object) -> tuple[str, str] | None:
    """Return a plain point as shares of the sides, None for any other gravity."""
    if not isinstance(gravity, Point) or gravity != Point(gravity.x, gravity.y):
        return None
    return number(gravity.x), number(gravity.y)


def pixel_region(crop: object) -> tuple[int, int, int, int] | None:
    """Return left, top, width and height of a region in whole pixels, None for any other crop."""
    if not isinstance(crop, Crop) or crop.unit is not CropUnit.PIXELS:
        return None
    sides = (crop.left, crop.top, crop.width, crop.height)
    whole = tuple(int(side) for side in sides)
    return (whole[0], whole[1], whole[2], whole[3]) if whole == sides else None


def percent_region(crop: object) -> tuple[str, str, str, str] | None:
    """Return left, top, width and height of a region in percent, None for any other crop."""
    if not isinstance(crop, Crop) or crop.unit is not CropUnit.PERCENT:
        return None
    return number(crop.left), number(crop.top), number(crop.width), number(crop.height)


def transposed(terms: Terms) -> Terms:
    """Return the terms of a grammar that rotates after the resize: a quarter turn swaps the sides of the box."""
    if terms.rotate % (2 * _RIGHT_ANGLES) == 0:
        return terms
    swapped = {"width": "height", "height": "width"}
    return Terms((swapped.get(name, name), value) for name, value in terms.items())


def path_of(source: SourceRef) -> str:
    """Return a path, or a URL with its slashes, percent-encoded for the path of a URL."""
    return quote(source.text, safe=_SAFE_IN_PATH)


def segment_of(source: SourceRef) -> str:
    """Return a path or a URL percent-encoded as one segment."""
    return quote(source.text, safe="")


def is_url(source: SourceRef) -> bool:
    """Return whether a source is an absolute URL."""
    return source.kind is not SourceKind.PATH


def query_of(pairs: Iterable[Pair], safe: str = _SAFE_IN_QUERY) -> str:
    """Return a query; an option without a value is its name alone."""
    return "&".join(f"{name}={quote(text, safe=safe)}" if text else name for name, text in pairs)


def with_query(path: str, pairs: Iterable[Pair]) -> str:
    """Return a path with a query, if there is any."""
    query = query_of(pairs)
    return f"{path}?{query}" if query else path


def solve(function: Callable[[float], float], target: float, low: float, high: float) -> str:
    """Return the number at which a function that does not fall reaches a value, in at most five decimals."""
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < target else (low, middle)
    return number(round(high, 5))


_BISECTIONS: Final = 40
