"""The grammar of ``format``: one name, or an order of formats for clients to choose from.

Knows formats and text; must never know what a plan is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pixmill.dialects.native.grammars.scalars import Schema, pattern_schema
from pixmill.media import MODERN_FORMATS, Format

_ORIGINAL: Final = "original"
_AUTO: Final = "auto:"
_UNIVERSAL_FORMATS: Final = (Format.JPEG, Format.PNG, Format.GIF)


@dataclass(frozen=True, slots=True)
class FormatOrder:
    """The client gets the first of ``formats`` that it shows, else the format of the original, or ``fallback``.

    With neither it gets one that fits the image.
    """

    formats: tuple[Format, ...]
    keeps_original: bool = False
    fallback: Format | None = None


@dataclass(frozen=True, slots=True)
class FormatGrammar:
    """A format by name, or ``auto:`` and modern formats in order; the last may be ``original`` or another format."""

    words: Mapping[str, tuple[Format, ...] | Literal["original"]]

    @property
    def expects(self) -> str:
        names = ", ".join(MODERN_FORMATS)
        return (
            f"{', '.join(self.words)}, or auto: and formats separated by commas, each once: {names} in any order, "
            f"last {_ORIGINAL} or another format"
        )

    @property
    def schema(self) -> Schema:
        names = "|".join(MODERN_FORMATS)
        last = "|".join(self._last_words())
        return pattern_schema(f"{'|'.join(self.words)}|{_AUTO}(?:{names})|{_AUTO}(?:{names}),(?:{last})")

    def parse(self, text: str) -> tuple[Format, ...] | Literal["original"] | FormatOrder:
        if text in self.words:
            return self.words[text]
        if not text.startswith(_AUTO):
            raise ValueError
        return self._parse_order(text[len(_AUTO) :].split(",", len(MODERN_FORMATS) + 1))

    def _parse_order(self, names: list[str]) -> FormatOrder:
        by_name = {form.value: form for form in MODERN_FORMATS}
        *firsts, last = names
        if len(set(names)) < len(names) or not all(name in by_name for name in firsts):
            raise ValueError
        formats = tuple(by_name[name] for name in firsts)
        if last in by_name:
            return FormatOrder((*formats, by_name[last]))
        if not formats or last not in self._last_words():
            raise ValueError
        named = self.words[last]
        return (
            FormatOrder(formats, keeps_original=True) if named == _ORIGINAL else FormatOrder(formats, fallback=named[0])
        )

    def _last_words(self) -> list[str]:
        """Return the words for formats that every client shows, and for ``original``."""
        return [
            word
            for word, named in self.words.items()
            if named == _ORIGINAL or (named and named[0] in _UNIVERSAL_FORMATS)
        ]
