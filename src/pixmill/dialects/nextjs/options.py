"""The parameters of the image optimizers as one table: what they mean, and how messages name them.

Knows texts only. Must never know a source or a plan.
"""

from typing import Final

from pixmill.dialects.kit.options import Option, Status

MAX_URL_CHARS: Final = 3_072
MAX_QUALITY: Final = 100

OPTIONS: Final = (
    Option(
        ("url",),
        "The original: a path of the site, which begins with one slash, or an http or https URL that `domains` or "
        "`remotePatterns` allows; required.",
        "`url`",
    ),
    Option(("w",), "Width in pixels, one of the configured ones; never enlarges; required.", "`width`"),
    Option(
        ("q",),
        "Quality from 1 to 100, one of `qualities` if there are any; required.",
        "`quality`",
        "Next.js multiplies it by 0.625 for AVIF; here one scale of perceived quality holds for all formats.",
        Status.DIFFERS,
    ),
)
NAMES: Final = frozenset(option.names[0] for option in OPTIONS)
SUBJECTS: Final = {"url": '"url" parameter', "w": '"w" parameter (width)', "q": '"q" parameter (quality)'}
"""How messages name a parameter."""
EXPECTS: Final = {"w": "must be an integer greater than 0", "q": "must be an integer between 1 and 100"}
