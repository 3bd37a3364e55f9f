"""How values of Python become texts of a URL: one class per kind of parameter.

Each writes one spelling for all values that mean the same, as the server writes them, so that caches see one URL. Must
never know a parameter's name.
"""

from __future__ import annotations

import re

from .sources import source_text

_MAX_DIGITS = 20
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,20})?")
_INTEGER = re.compile(r"0|[1-9][0-9]{0,11}")
_HEX = re.compile("#?(?:[0-9A-Fa-f]{3,4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_SHORT_DIGITS = 4
_TRANSPARENT = "ffffff00"


def number_text(value: object) -> str:
    """Return a number without an exponent: an ``int``, ``float``, ``Decimal`` or ``Fraction``. Raises ValueError.

    Of a ``timedelta`` its seconds.
    """
    if hasattr(value, "total_seconds"):
        value = value.total_seconds()
    if isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - it means an invalid value
    if isinstance(value, int):
        return str(value)
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, OverflowError):
        raise ValueError from None
    if number.is_integer():
        return str(int(number))
    text = repr(number)
    return f"{number:.{_MAX_DIGITS}f}".rstrip("0").rstrip(".") if "e" in text else text


def plain_text(value: object) -> str:
    """Return a text, a number, a flag, or several of them separated by commas. Raises ValueError."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, (tuple, list)):
        text = ",".join([plain_text(item) for item in value])
    elif hasattr(value, "numerator") and getattr(value, "denominator", 1) != 1:
        text = f"{value.numerator}:{value.denominator}"  # type: ignore[attr-defined]
    else:
        text = number_text(value)
    if _CONTROL.search(text):
        raise ValueError
    return text


class Rule:
    """A kind of value. ``default`` is the text that means the same as none; ``expects`` follows "must be"."""

    __slots__ = ("default", "expects")

    def __init__(self, default: str, expects: str) -> None:
        self.default = default
        self.expects = expects

    def text_of(self, value: object) -> str:
        """Return the text of a value. Raises ValueError."""
        raise NotImplementedError


class Text(Rule):
    """Texts that match a pattern; with none, the server checks the value. ``words`` have one spelling each."""

    __slots__ = ("_pattern", "_words")

    def __init__(self, pattern: str, expects: str, words: dict[str, str] | None = None, default: str = "") -> None:
        super().__init__(default, expects)
        self._pattern = pattern
        self._words = words

    def text_of(self, value: object) -> str:
        text = plain_text(value)
        if self._pattern and not re.fullmatch(self._pattern, text):
            raise ValueError
        return self._words.get(text, text) if self._words else text


class Integer(Rule):
    """Whole numbers, or another text that matches a pattern."""

    __slots__ = ("_high", "_low", "_pattern")

    def __init__(self, low: int, high: int, pattern: str = "", expects: str = "", default: str = "") -> None:
        super().__init__(default, expects or f"a whole number from {low} to {high}")
        self._low = low
        self._high = high
        self._pattern = pattern

    def text_of(self, value: object) -> str:
        text = value if isinstance(value, str) else number_text(value)
        if _INTEGER.fullmatch(text) and self._low <= int(text) <= self._high:
            return text
        if self._pattern and re.fullmatch(self._pattern, text):
            return text
        raise ValueError


class Number(Rule):
    """Numbers, or another text that matches a pattern."""

    __slots__ = ("_allow_zero", "_high", "_low", "_pattern")

    def __init__(
        self,
        low: float,
        high: float,
        *,
        allow_zero: bool = False,
        pattern: str = "",
        expects: str = "",
        default: str = "",
    ) -> None:
        zero = "0 or " if allow_zero else ""
        super().__init__(default, expects or f"{zero}a number from {low:g} to {high:g}")
        self._low = low
        self._high = high
        self._allow_zero = allow_zero
        self._pattern = pattern

    def text_of(self, value: object) -> str:
        text = value if isinstance(value, str) else number_text(value)
        if _DECIMAL.fullmatch(text):
            number = float(text)
            if self._low <= number <= self._high or (self._allow_zero and not number):
                return number_text(number) if len(text) < 16 else text  # noqa: PLR2004 - digits of a float
        elif self._pattern and re.fullmatch(self._pattern, text):
            return text
        raise ValueError


class Words(Rule):
    """One of a few words; ``words`` maps each to its only spelling."""

    __slots__ = ("_words",)

    def __init__(self, words: dict[str, str], default: str = "") -> None:
        *others, last = dict.fromkeys(words.values())
        super().__init__(default, f"{', '.join(others)} or {last}")
        self._words = words

    def text_of(self, value: object) -> str:
        text = self._words.get(plain_text(value))
        if text is None:
            raise ValueError
        return text


class WordList(Rule):
    """Some of several words, in an order that is kept."""

    __slots__ = ("_max_items", "_words")

    def __init__(self, words: tuple[str, ...], max_items: int, default: str = "") -> None:
        super().__init__(default, f"1 to {max_items} of {', '.join(words)}")
        self._words = frozenset(words)
        self._max_items = max_items

    def text_of(self, value: object) -> str:
        names = plain_text(value).split(",")
        if not self._words.issuperset(names):
            raise ValueError
        names = list(dict.fromkeys(names))
        return ",".join(names)


class Colour(Rule):
    """Colours by name or in hexadecimal digits, which are written in lower case, all of them."""

    __slots__ = ()

    def __init__(self, default: str = "") -> None:
        super().__init__(default, "rgb, rgba, rrggbb or rrggbbaa in hexadecimal digits, or a CSS colour name")

    def text_of(self, value: object) -> str:
        text = value if isinstance(value, str) else ""
        if not _HEX.fullmatch(text):
            from .colour_names import NAMES  # noqa: PLC0415 - few URLs have names of colours

            if text not in NAMES:
                raise ValueError
            return NAMES[text]
        digits = text.lstrip("#").lower()
        if len(digits) <= _SHORT_DIGITS:
            digits = "".join([digit * 2 for digit in digits])
        if digits[6:] == "00":
            return _TRANSPARENT
        return digits[:6] if digits[6:] == "ff" else digits


class Source(Rule):
    """URLs and paths of originals."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("", "a URL or a path")

    def text_of(self, value: object) -> str:
        return source_text(plain_text(value))


class Stages(Rule):
    """Further stages as a text; that of parameters is made before."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("", "a mapping of parameters, or several of them")

    def text_of(self, value: object) -> str:
        if not isinstance(value, str):
            raise ValueError  # noqa: TRY004 - it means an invalid value
        return plain_text(value)


class Overlays(Rule):
    """Overlays: a text, or the options of one or several overlays."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("", "a mapping of options that begins with url or text, or several of them")

    def text_of(self, value: object) -> str:
        if isinstance(value, str):
            return plain_text(value)
        overlays = value if isinstance(value, (list, tuple)) else [value]
        return ";".join([_overlay_text(overlay) for overlay in overlays])


def _overlay_text(overlay: object) -> str:
    """Return the options of an overlay, the image or the text first; commas and semicolons are doubled."""
    try:
        items = dict(overlay).items()  # type: ignore[call-overload]
    except (TypeError, ValueError):
        raise ValueError from None
    ordered = sorted(items, key=lambda item: item[0] not in ("url", "text"))
    if not ordered or ordered[0][0] not in ("url", "text"):
        raise ValueError
    return ",".join([f"{name}:{plain_text(value).replace(',', ',,').replace(';', ';;')}" for name, value in ordered])
