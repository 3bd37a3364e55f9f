"""The parameters of EmgR's ``resize`` as one table: their readers, their schemas, and their place on the page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pixmill.dialects.kit.numbers import Integer, Reader, Reading, Words
from pixmill.dialects.kit.options import Option, Status, by_name, options_of
from pixmill.dialects.port import QueryParam
from pixmill.media import Format
from pixmill.plan.source import parse_source

MAX_SIDE: Final = 16_383
MAX_BLUR: Final = 100.0
MIN_BLUR: Final = 0.1

_DECIMAL: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,6})?")

FORMATS: Final = {"jpg": Format.JPEG, "png": Format.PNG, "webp": Format.WEBP}


@dataclass(frozen=True, slots=True)
class EmgrParam:
    """A parameter: ``schema`` is that of the OpenAPI document."""

    option: Option
    read: Reader[object]
    schema: Mapping[str, object]
    required: bool = False

    @property
    def name(self) -> str:
        return self.option.names[0]

    @property
    def query_param(self) -> QueryParam:
        return QueryParam(self.name, self.option.meaning, self.schema, self.required)


def _blur(text: str) -> float:
    """Read the sigma of a blur, with at most six decimals. Raises ValueError."""
    sigma = float(text) if _DECIMAL.fullmatch(text) else -1.0
    if not (sigma == 0 or MIN_BLUR <= sigma <= MAX_BLUR):
        raise ValueError("out of bounds")
    return sigma


_SIDE: Final = Integer(1, MAX_SIDE)
_SIDE_SCHEMA: Final = {"type": "integer", "minimum": 1, "maximum": MAX_SIDE}

PARAMS: Final = (
    EmgrParam(
        Option(("url",), "Source image URL or path; required.", "`url`"),
        Reading(parse_source, "a URL or a path"),
        {"type": "string"},
        required=True,
    ),
    EmgrParam(
        Option(
            ("width",),
            "Width in pixels, 1 to 16383; without height the aspect ratio is kept. Enlarges.",
            "`width`, `enlarge=true`",
        ),
        _SIDE,
        _SIDE_SCHEMA,
    ),
    EmgrParam(
        Option(
            ("height",),
            "Height in pixels, 1 to 16383; with width the image is cropped to both from the centre. Enlarges.",
            "`height`, with `width` also `fit=cover`, `enlarge=true`",
        ),
        _SIDE,
        _SIDE_SCHEMA,
    ),
    EmgrParam(
        Option(
            ("format",),
            "Output format: `jpg` (default), `png` or `webp`; WebP is lossless.",
            "`format`, `lossless=true`, `animated=false`",
        ),
        Words(FORMATS),
        {"type": "string", "enum": [*FORMATS], "default": "jpg"},
    ),
    EmgrParam(
        Option(
            ("blur_sigma",),
            "Gaussian blur: 0, or 0.1 to 100.",
            "`blur`",
            "EmgR also takes numbers below 0.1, which change nothing.",
            Status.DIFFERS,
        ),
        Reading(_blur, "0, or a number from 0.1 to 100"),
        {"type": "number", "minimum": 0, "maximum": MAX_BLUR},
    ),
    EmgrParam(
        Option(("grayscale",), "Removes all colour: `true` or `false`.", "`grayscale`"),
        Words({"true": True, "false": False}),
        {"type": "boolean", "default": False},
    ),
)

PARAMS_BY_NAME: Final = by_name(PARAMS)
OPTIONS: Final = options_of(PARAMS)
