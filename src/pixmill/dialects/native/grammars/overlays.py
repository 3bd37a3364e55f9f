"""Overlays as text: ``url:logo.png,gravity:southeast,x:10;text:Hello,size:40``.

Overlays are separated by ``;``, their options by ``,``, name and value by ``:``. The first option is the image or the
text. A comma or a semicolon within a value is doubled. The text is read once, from left to right. The options are
declared in ``overlay_options.py``. Must never know a request or an image.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, cast

from msgspec.structs import replace

from pixmill.dialects.native.grammars.controls import Control, ControlKind
from pixmill.dialects.native.grammars.overlay_options import (
    IMAGE_OPTIONS,
    TEXT_OPTIONS,
    OptionValues,
    OverlayOption,
    processed_image_options,
)
from pixmill.dialects.native.grammars.scalars import Grammar, Schema, pattern_schema
from pixmill.dialects.native.grammars.text_markup import escape_text, parse_markup
from pixmill.errors import BadRequest, InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point
from pixmill.plan.ops import ImageOverlay, Overlay, Stage
from pixmill.plan.overlays import (
    CENTRED_PLACEMENT,
    DEFAULT_FONT,
    MAX_OVERLAYS,
    ZERO_LENGTH,
    Align,
    Length,
    OverlayFit,
    Placement,
    Repeat,
    Shadow,
    Stroke,
    TextOverlay,
)
from pixmill.plan.references import overlay_name

_OPTION_PATTERN: Final = re.compile(r"((?:[^,;]|,,|;;)*+)([,;]?)")
_FULL_OPACITY: Final = 100


class OverlayGrammar:
    """1 to ``MAX_OVERLAYS`` overlays; invisible ones are dropped.

    ``stages`` is the grammar of the stages of their images; None where they may have none.
    """

    expects = (
        f"1 to {MAX_OVERLAYS} overlays separated by ;, each a list of options name:value separated by commas that "
        "begins with url:… or text:…; a comma or semicolon within a value is doubled"
    )

    def __init__(self, stages: Grammar[tuple[Stage, ...]] | None = None) -> None:
        self.image_options = processed_image_options(stages) if stages else IMAGE_OPTIONS
        self._options_by_kind = {
            kind: {option.name: option for option in options}
            for kind, options in (("url", self.image_options), ("text", TEXT_OPTIONS))
        }

    control = Control(ControlKind.OVERLAY)

    @property
    def schema(self) -> Schema:
        """The schema of options in one order, with common images, texts and numbers."""
        overlay_pattern = "|".join(_option_pattern(tuple(one.values())) for one in self._options_by_kind.values())
        return pattern_schema(f"(?:{overlay_pattern})(?:;(?:{overlay_pattern})){{0,{MAX_OVERLAYS - 1}}}")

    def parse(self, text: str) -> tuple[Overlay, ...]:
        overlays: list[Overlay] = []
        for number, pieces in enumerate(_split_overlays(text)):
            if number == MAX_OVERLAYS:
                raise ValueError
            values = _parse_options(pieces, number, self._options_by_kind)
            if values.get("opacity", _FULL_OPACITY):
                overlays.append(_image_overlay(values) if "url" in values else _text_overlay(values, number))
        return tuple(overlays)


def _option_pattern(options: tuple[OverlayOption, ...]) -> str:
    first, *others = (f"{option.name}:(?:{option.pattern})" for option in options)
    return first + "".join(f"(?:,{other})?" for other in others)


def _split_overlays(text: str) -> Iterator[list[str]]:
    """Yield the options of each overlay."""
    pieces: list[str] = []
    for match in _OPTION_PATTERN.finditer(text):
        pieces.append(match[1].replace(",,", ",").replace(";;", ";"))
        if match[2] != ",":
            yield pieces
            pieces = []
        if not match[2]:
            return


def _parse_options(
    pieces: list[str], number: int, options_by_kind: Mapping[str, Mapping[str, OverlayOption]]
) -> OptionValues:
    """Parse the options of one overlay. Raises BadRequest that names the overlay and the option."""
    options = options_by_kind.get(pieces[0].partition(":")[0])
    if options is None:
        raise _invalid_overlay(number, "it must begin with url: or text:")
    values: dict[str, object] = {}
    for piece in pieces:
        name, _, value = piece.partition(":")
        option = options.get(name)
        if option is None:
            raise _invalid_overlay(number, f"there is no option {name[:32]!r}; the options are {', '.join(options)}")
        if name in values:
            raise _invalid_overlay(number, f"{name} is given more than once")
        values[name] = _parse_value(option, value, number)
    return cast("OptionValues", values)  # proved by tests/dialects/test_param_values.py


def _parse_value(option: OverlayOption, value: str, number: int) -> object:
    try:
        return option.grammar.parse(value)
    except BadRequest as error:
        raise error.with_subject(overlay_name(number), "overlay") from None
    except ValueError:
        raise _invalid_overlay(number, f"{option.name} must be {option.grammar.expects}") from None


def _invalid_overlay(number: int, message: str) -> InvalidParameter:
    return InvalidParameter(f"{overlay_name(number)}: {message}", param="overlay")


def _image_overlay(values: OptionValues) -> ImageOverlay:
    width, height = values.get("width"), values.get("height")
    fit = values.get("fit", OverlayFit.INSIDE) if width and height else OverlayFit.INSIDE
    stages = values.get("prepare", ()), values.get("then", ())
    return ImageOverlay(values["url"], width, height, fit, _placement(values), *stages)


def _text_overlay(values: OptionValues, number: int) -> TextOverlay:
    background = _visible(values.get("background"))
    outline = _visible(values.get("outline"))
    return TextOverlay(
        markup=_markup(values, number),
        font=values.get("font", DEFAULT_FONT),
        size=float(values.get("size", 32)),
        colour=values.get("color", Colour(0, 0, 0)),
        width=values.get("width"),
        align=values.get("align", Align.LEFT),
        stroke=Stroke(values.get("outline_width", 2), outline) if outline else None,
        background=background,
        padding=values.get("padding", 0) if background else 0,
        placement=_placement(values),
    )


def _markup(values: OptionValues, number: int) -> str:
    try:
        markup = (parse_markup if values.get("markup") else escape_text)(values["text"])
    except ValueError:
        raise _invalid_overlay(number, f"text must be {TEXT_OPTIONS[0].grammar.expects}") from None
    for name, element in (("italic", "i"), ("bold", "b")):
        if values.get(name):
            markup = f"<{element}>{markup}</{element}>"
    return markup


def _visible(colour: Colour | None) -> Colour | None:
    return colour if colour and colour.alpha else None


def _placement(values: OptionValues) -> Placement:
    point = values.get("gravity", Point())
    repeat = values.get("repeat", Repeat.NONE)
    placement = Placement(
        x=point.x,
        y=point.y,
        offset_x=_inward(values.get("x", ZERO_LENGTH), point.x),
        offset_y=_inward(values.get("y", ZERO_LENGTH), point.y),
        degrees=float(values.get("rotate", 0)),
        opacity=float(values.get("opacity", _FULL_OPACITY)),
        blend=values.get("blend", CENTRED_PLACEMENT.blend),
        repeat=repeat,
        gap=values.get("gap", 0) if repeat is not Repeat.NONE else 0,
        shadow=_shadow(values),
        expand=values.get("expand", False),
    )
    return placement if placement.may_grow else replace(placement, expand=False)


def _inward(length: Length, edge: float) -> Length:
    """Direct a distance away from the edge of the gravity; from the center, to the right or down."""
    if not length.value:
        return ZERO_LENGTH
    return Length(-length.value, length.percent) if edge == 1 else length


def _shadow(values: OptionValues) -> Shadow | None:
    colour = _visible(values.get("shadow"))
    if colour is None:
        return None
    default_shadow = Shadow()
    blur = float(values.get("shadow_blur", default_shadow.blur))
    return Shadow(
        colour, values.get("shadow_x", default_shadow.offset_x), values.get("shadow_y", default_shadow.offset_y), blur
    )
