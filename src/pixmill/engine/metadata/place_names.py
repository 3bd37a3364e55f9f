"""Names of places that were removed from metadata, and texts that repeat them: captions, titles, keywords.

Knows texts only. Parses untrusted data: linear, bounded in the number and length of names.
"""

import re
from collections.abc import Iterable
from typing import Final
from unicodedata import combining, normalize

_MAX_NAMES: Final = 100
_MAX_NAME_CHARS: Final = 200
_WORD: Final = re.compile(r"\w+")
_NAME: Final = re.compile(r"[^\W\d_]{3}|[\u2e80-\uffff]{2}")
"""What a name contains at least: three letters, or two of a script that writes no spaces."""

_WITHOUT_SPACES: Final = re.compile(r"[\u2e80-\uffff]")
_COORDINATES: Final = re.compile(
    r"gps|latitude|longi?t?itude|geo(?:tag|hash|\s?uri)|geo:|\blat\s?[=:]|\blo?ng?\s?[=:]|\d\s?[°º]|\d\s?deg\b"
    r"|(?<!['’])\b[nsew]\s?\d{1,3}[.,]\d{3}|\b\d{1,3}[.,]\d{3,12}\s?[new]\b|\b\d{1,3}[.,]\d{4,12}\s?s\b"
    r"|-?\b\d{1,2}[.,]\d{4,12}\s?[,;/ ]\s?-?\d{1,3}[.,]\d{4}"
    r"|\b[23456789CFGHJMPQRVWX]{4,8}\+[23456789CFGHJMPQRVWX]{2,3}\b",
    re.IGNORECASE,
)
"""Words, degrees, decimal degrees with a letter or in pairs, and plus codes (Open Location Code)."""


class PlaceNames:
    """Decides which texts may stay."""

    def __init__(self, names: Iterable[str]) -> None:
        self._word_sets: list[frozenset[str]] = []
        self._substrings: list[str] = []
        for name, _ in zip(dict.fromkeys(names), range(_MAX_NAMES), strict=False):
            folded = _folded(name[:_MAX_NAME_CHARS]).strip()
            if not _NAME.search(folded):
                continue
            if _WITHOUT_SPACES.search(folded):
                self._substrings.append(folded)
            else:
                words = _WORD.findall(folded)
                self._word_sets += (frozenset(words), frozenset(("".join(words),)))

    def allows(self, text: str) -> bool:
        """Whether a text has no coordinates and no name.

        It has one if it has all its words, in any order, case and with any accents, or them as one word.
        """
        if _COORDINATES.search(text):
            return False
        if not self._word_sets and not self._substrings:
            return True
        folded = _folded(text)
        words = frozenset(_WORD.findall(folded))
        return not any(name <= words for name in self._word_sets) and not any(
            name in folded for name in self._substrings
        )


def _folded(text: str) -> str:
    """Return a text without case and accents."""
    return "".join(char for char in normalize("NFKD", text.casefold()) if not combining(char))


def places_of_keywords(path: str) -> list[str]:
    """Return the names in a path of keywords below one that means places."""
    first, *others = re.split(r"[|/\\]", path[: 5 * _MAX_NAME_CHARS])
    return others if _PLACES_KEYWORD.match(first.strip()) else []


_PLACES_KEYWORD: Final = re.compile(
    r"(?:places?|locations?|where|geo\w*|countr(?:y|ies)|cit(?:y|ies)|orte?|länder|lieux?|lugar(?:es)?|luogh[io])\b",
    re.IGNORECASE,
)
