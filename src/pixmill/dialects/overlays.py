"""Overlays as text: ``url:logo.png,gravity:southeast,x:10;text:Hello,size:40``.

Overlays with ``;`` between, each of options with ``,`` between, each a name and a value with ``:`` between. The first says what is
laid. A comma or a semicolon within a value is doubled. Read once from left to right; which options there are stands in
``overlay_options.py``. Must never know a request or a picture.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pixmill.dialects.markup import marked, plain
from pixmill.dialects.overlay_options import PICTURE, TEXT, Option
from pixmill.dialects.scalars import Schema, shaped
from pixmill.errors import InvalidParameter
from pixmill.plan.overlays import (
    CENTRED,
    MAX_OVERLAYS,
    NOWHERE,
    Fitting,
    Length,
    Overlay,
    Picture,
    Placement,
    Repeat,
    Shadow,
    Stroke,
    Text,
)
from pixmill.plan.references import overlay_name

Said = Mapping[str, Any]

_OPTION: Final = re.compile(r"((?:[^,;]|,,|;;)*+)([,;]?)")
_KINDS: Final = {"url": PICTURE, "text": TEXT}
_WHOLE: Final = 100
"""Percent."""


class Overlays:
    """Up to ``MAX_OVERLAYS``, without those of which nothing could be seen."""

    expects = (
        f"1 to {MAX_OVERLAYS} overlays with ; between, each beginning with url:picture or text:letters, then options "
        "name:value, all with , between; a comma or semicolon within a value is doubled"
    )

    @property
    def schema(self) -> Schema:
        """With the options in one order, and of pictures, texts and numbers the common ones."""
        one = "|".join(_shape(options) for options in _KINDS.values())
        return shaped(f"(?:{one})(?:;(?:{one})){{0,{MAX_OVERLAYS - 1}}}")

    def parse(self, text: str) -> tuple[Overlay, ...]:
        found: list[Overlay] = []
        for number, pieces in enumerate(_split(text)):
            if number == MAX_OVERLAYS:
                raise ValueError
            said = _read(pieces, number)
            if said.get("opacity", _WHOLE):
                found.append(_picture(said) if "url" in said else _text(said, number))
        return tuple(found)


def _shape(options: tuple[Option, ...]) -> str:
    first, *others = (f"{option.name}:(?:{option.shape})" for option in options)
    return first + "".join(f"(?:,{other})?" for other in others)


def _split(text: str) -> Iterator[list[str]]:
    """The options of each overlay."""
    pieces: list[str] = []
    for found in _OPTION.finditer(text):
        pieces.append(found[1].replace(",,", ",").replace(";;", ";"))
        if found[2] != ",":
            yield pieces
            pieces = []
        if not found[2]:
            return


def _read(pieces: list[str], number: int) -> dict[str, Any]:
    """The values by name. Raises InvalidParameter that says which overlay and option is wrong."""
    options = {option.name: option for option in _KINDS.get(pieces[0].partition(":")[0], ())}
    if not options:
        raise _wrong(number, "it must begin with url: or text:")
    said: dict[str, Any] = {}
    for piece in pieces:
        name, _, value = piece.partition(":")
        option = options.get(name)
        if option is None:
            raise _wrong(number, f"there is no option {name[:32]!r}; there are {', '.join(options)}")
        if name in said:
            raise _wrong(number, f"{name} is given more than once")
        said[name] = _value(option, value, number)
    return said


def _value(option: Option, value: str, number: int) -> Any:
    try:
        return option.grammar.parse(value)
    except InvalidParameter as error:
        raise error.about(overlay_name(number), "overlay") from None
    except ValueError:
        raise _wrong(number, f"{option.name} must be {option.grammar.expects}") from None


def _wrong(number: int, what: str) -> InvalidParameter:
    return InvalidParameter(f"{overlay_name(number)}: {what}", param="overlay")


# ---------------------------------------------------------------- only what has an effect


def _picture(said: Said) -> Picture:
    width, height = said.get("width"), said.get("height")
    fit = said.get("fit", Fitting.INSIDE) if width and height else Fitting.INSIDE
    return Picture(said["url"], width, height, fit, _placement(said))


def _text(said: Said, number: int) -> Text:
    background = _seen(said.get("background"))
    outline = _seen(said.get("outline"))
    fields = {name: said[name] for name in ("font", "width", "align") if name in said}
    if "size" in said:
        fields["size"] = float(said["size"])
    if "color" in said:
        fields["colour"] = said["color"]
    return Text(
        markup=_markup(said, number),
        stroke=outline and Stroke(said.get("outline_width", 2), outline),
        background=background,
        padding=said.get("padding", 0) if background else 0,
        place=_placement(said),
        **fields,
    )


def _markup(said: Said, number: int) -> str:
    try:
        markup = (marked if said.get("markup") else plain)(said["text"])
    except ValueError:
        raise _wrong(number, f"text must be {TEXT[0].grammar.expects}") from None
    for name, element in (("italic", "i"), ("bold", "b")):
        if said.get(name):
            markup = f"<{element}>{markup}</{element}>"
    return markup


def _seen(colour: Any) -> Any:
    return colour if colour and colour.alpha else None


def _placement(said: Said) -> Placement:
    point = said.get("gravity", CENTRED)
    repeat = said.get("repeat", Repeat.NONE)
    return Placement(
        x=point.x,
        y=point.y,
        right=_away(said.get("x", NOWHERE), point.x),
        down=_away(said.get("y", NOWHERE), point.y),
        degrees=float(said.get("rotate", 0)),
        opacity=float(said.get("opacity", _WHOLE)),
        blend=said.get("blend", CENTRED.blend),
        repeat=repeat,
        gap=said.get("gap", 0) if repeat is not Repeat.NONE else 0,
        shadow=_shadow(said),
    )


def _away(length: Length, edge: float) -> Length:
    """Distances count from the edge that the gravity names, from the middle to the right and down."""
    if not length.value:
        return NOWHERE
    return Length(-length.value, length.percent) if edge == 1 else length


def _shadow(said: Said) -> Shadow | None:
    colour = _seen(said.get("shadow"))
    if colour is None:
        return None
    usual = Shadow()
    blur = float(said.get("shadow_blur", usual.blur))
    return Shadow(colour, said.get("shadow_x", usual.right), said.get("shadow_y", usual.down), blur)
