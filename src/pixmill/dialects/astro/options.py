"""The parameters of Astro's image endpoint as one table. Knows texts only; must never know a source or a plan."""

from typing import Final

from pixmill.dialects.kit.options import Option, Status
from pixmill.media import Format
from pixmill.plan.ops import Fit

FITS: Final = {
    "fill": Fit.FILL,
    "contain": Fit.INSIDE,
    "cover": Fit.COVER,
    "none": Fit.OUTSIDE,
    "scale-down": Fit.INSIDE,
    "outside": Fit.OUTSIDE,
    "inside": Fit.INSIDE,
}
FORMATS: Final = {
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "gif": Format.GIF,
    "tiff": Format.TIFF,
}
AS_IT_IS: Final = "svg"
QUALITIES: Final = {"low": 25, "mid": 50, "high": 80, "max": 100}

OPTIONS: Final = (
    Option(
        ("href",),
        "The original: a path of the site, or an http or https URL that `domains` or `remote_patterns` allows; "
        "required.",
        "`url`",
    ),
    Option(("w",), "Width in pixels.", "`width`"),
    Option(("h",), "Height in pixels.", "`height`"),
    Option(
        ("fit",),
        "With both sides: `cover` (default), `contain`, `inside` and `scale-down` (inside the box, without padding), "
        "`fill` (distorts), `outside` and `none` (around the box). Others are as `contain`.",
        "`fit=cover`, `inside`, `fill`, `outside`",
    ),
    Option(("position",), "What `cover` keeps: `top`, `right top` …, `north` …, `entropy`, `attention`.", "`gravity`"),
    Option(
        ("q",),
        "Quality, 1 to 100, or `low` (25), `mid` (50), `high` (80), `max` (100).",
        "`quality`",
        "One scale of perceived quality for all formats.",
        Status.DIFFERS,
    ),
    Option(
        ("f",),
        "`webp` (default), `avif`, `jpeg`, `jpg`, `png`, `gif` or `tiff`; `svg`: the original as it is.",
        "`format`",
    ),
    Option(("background",), "A colour behind what is transparent.", "`flatten`"),
)
NAMES: Final = frozenset(option.names[0] for option in OPTIONS)
