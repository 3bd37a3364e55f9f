"""The grammar of ``format``: one name, or an order of formats for clients to choose from.

Knows formats and text; must never know what a plan is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final, Literal

from pixmill.dialects.native.grammars.controls import Control, ControlKind, first_words
from pixmill.dialects.native.grammars.scalars import Schema, pattern_schema
from pixmill.media import MODERN_FORMATS, OUTPUT_FORMATS, Format

_ORIGINAL: Final = "original"
_AUTO: Final = "auto:"
_UNIVERSAL_FORMATS: Final = (Format.JPEG, Format.PNG, Format.GIF)


@dataclass(frozen=True, slots=True)
class FormatOrder:
    """The client gets the first of ``formats`` that it shows, else the format of the original, or ``fallback``.

    With both, ``fallback`` replaces formats of originals that are not to be kept. With neither it gets one that fits
    the image.
    """

    formats: tuple[Format, ...]
    keeps_original: bool = False
    fallback: Format | None = None


@dataclass(frozen=True, slots=True)
class FormatGrammar:
    """A format by name, or ``auto:`` and modern formats in order, then ``original``, a universal format, or both."""

    words: Mapping[str, tuple[Format, ...] | Literal["original", "best"]]

    @property
    def expects(self) -> str:
        names = ", ".join(MODERN_FORMATS)
        return (
            f"{', '.join(self.words)}, or auto: and formats separated by commas, each once: {names} in any order, "
            f"then {_ORIGINAL}, jpeg, png or gif, or both; or {_ORIGINAL} and any format"
        )

    @property
    def control(self) -> Control:
        return Control(ControlKind.FORMAT, choices=first_words(self.words))

    @property
    def schema(self) -> Schema:
        """The schema, which lists every order of the modern formats: a pattern cannot say that each comes once."""
        counts = range(1, len(MODERN_FORMATS) + 1)
        names = "|".join(",".join(order) for count in counts for order in permutations(MODERN_FORMATS, count))
        universal, any_word = ("|".join(self._words_of(formats)) for formats in (_UNIVERSAL_FORMATS, OUTPUT_FORMATS))
        orders = f"(?:{names})(?:,(?:{universal})|,{_ORIGINAL}(?:,(?:{universal}))?)?|{_ORIGINAL},(?:{any_word})"
        return pattern_schema("|".join((*self.words, f"{_AUTO}(?:{orders})")))

    def parse(self, text: str) -> tuple[Format, ...] | Literal["original", "best"] | FormatOrder:
        if text in self.words:
            return self.words[text]
        if not text.startswith(_AUTO):
            raise ValueError
        return self._parse_order(text[len(_AUTO) :].split(",", len(MODERN_FORMATS) + 2))

    def _parse_order(self, names: list[str]) -> FormatOrder:
        by_name = {form.value: form for form in MODERN_FORMATS}
        allowed = self._words_of(OUTPUT_FORMATS if names[0] == _ORIGINAL else _UNIVERSAL_FORMATS)
        fallback = allowed[names.pop()] if names[-1] in allowed else None
        keeps_original = names[-1:] == [_ORIGINAL]
        del names[len(names) - keeps_original :]
        is_complete = bool(names) or (keeps_original and fallback is not None)
        if not is_complete or len(set(names)) < len(names) or not all(name in by_name for name in names):
            raise ValueError
        return FormatOrder(tuple(by_name[name] for name in names), keeps_original, fallback)

    def _words_of(self, formats: Sequence[Format]) -> dict[str, Format]:
        """Return the words for each of these formats."""
        return {
            word: named[0]
            for word, named in self.words.items()
            if isinstance(named, tuple) and named and named[0] in formats
        }
