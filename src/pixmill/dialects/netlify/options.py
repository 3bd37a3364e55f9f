"""The parameters of Netlify's Image CDN as one table. Knows texts only; must never know a source or a plan."""

from typing import Final

from pixmill.dialects.kit.options import Option, Status

OPTIONS: Final = (
    Option(
        ("url",),
        "The original: a path of the site, or an http or https URL that `remote_images` allows; required.",
        "`url`",
    ),
    Option(("w", "width"), "Width in pixels; never enlarges.", "`width`"),
    Option(("h", "height"), "Height in pixels; never enlarges.", "`height`"),
    Option(
        ("fit",),
        "`contain` (default): inside the box, without padding; `cover`: fills it, which needs both sides; `fill`: "
        "distorts.",
        "`fit=inside`, `cover`, `fill`",
        "The handler `dev` fills the box if there is no `fit`, and shrinks it into the original first.",
    ),
    Option(("position",), "What `cover` keeps: `center`, `top`, `bottom`, `left` or `right`.", "`gravity`"),
    Option(
        ("fm",),
        "`avif`, `jpg`, `png`, `webp`, `gif` or `blurhash`; without it AVIF or WebP by `Accept`, else the format of "
        "the original.",
        "`format`",
        "The handler `dev` keeps the format of the original, and knows no `blurhash`.",
    ),
    Option(
        ("q", "quality"),
        "1 to 100, 75 by default.",
        "`quality`",
        "One scale of perceived quality for all formats; a PNG keeps all its colours.",
        Status.DIFFERS,
    ),
)
NAMES: Final = frozenset(name for option in OPTIONS for name in option.names)
