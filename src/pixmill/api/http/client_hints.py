"""Client hints: request headers in which a browser says how large an image will be shown, and how sharp.

Knows the headers, by their names of today and of before (https://wicg.github.io/responsive-image-client-hints/). What
they mean for an image is in ``plan/hints.py``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from pixmill.plan.hints import Hints, HintValues, hint_values

_WIDTH: Final = ("Sec-CH-Width", "Width")
_VIEWPORT_WIDTH: Final = ("Sec-CH-Viewport-Width", "Viewport-Width")
_DPR: Final = ("Sec-CH-DPR", "DPR")
_SAVE_DATA: Final = ("Save-Data",)
_NUMBER = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,6})?")

HINT_HEADERS: Final = frozenset(name.lower().encode() for name in (*_WIDTH, *_VIEWPORT_WIDTH, *_DPR, *_SAVE_DATA))
"""All that are read, in lower case."""

ACCEPT_CH: Final = ("Accept-CH", "Sec-CH-DPR, Sec-CH-Width, Sec-CH-Viewport-Width")
"""Asks a browser that opens the image as a page to send them to this origin."""


def read_hints(headers: Mapping[str, str], widths: Sequence[int]) -> HintValues:
    """Return what the headers say; a malformed one says nothing."""
    save_data = headers.get(_SAVE_DATA[0], "").partition(";")[0].strip().lower() == "on"
    return hint_values(
        _number(headers, _WIDTH),
        _number(headers, _VIEWPORT_WIDTH),
        _number(headers, _DPR),
        widths,
        save_data=save_data,
    )


def vary_of(hints: Hints) -> tuple[str, ...]:
    """Return the headers that a response depends on."""
    return (
        *((*_WIDTH, *_VIEWPORT_WIDTH) if hints.width else ()),
        *(_DPR if hints.width or hints.dpr else ()),
        *_SAVE_DATA,
    )


def _number(headers: Mapping[str, str], names: Sequence[str]) -> float | None:
    """Return the number of the first of these headers that is there."""
    text = next((headers[name] for name in names if name in headers), "").strip(" \t")
    return float(text) if _NUMBER.fullmatch(text) else None
