"""The parameters of queries, with the transformations of ``transforms.py`` behind them. Knows words only."""

from typing import Final

from pixmill.dialects.akamai.transforms import OPTIONS as TRANSFORMS
from pixmill.dialects.kit.options import Option, Status
from pixmill.media import Format

TOKENS: Final = ("hdnts", "hdnea", "__token__")
FORMATS: Final[dict[str, tuple[Format, ...]]] = {
    "avif": (Format.AVIF,),
    "chrome": (Format.WEBP,),
    "edge": (Format.WEBP,),
    "firefox": (Format.WEBP,),
    "generic": (),
    "gif": (Format.GIF,),
    "ie": (),
    "jpeg": (Format.JPEG,),
    "jpg": (Format.JPEG,),
    "png": (Format.PNG,),
    "safari": (),
    "webp": (Format.WEBP,),
}
OPTIONS: Final = (
    Option(("im",), "Transformations separated by `;`: see below.", "stages, `then`"),
    Option(("impolicy",), "Policy of the entry, `.auto` by default.", "`preset`"),
    Option(("imwidth",), "Width: the next breakpoint of the policy that is not smaller; never enlarges.", "`width`"),
    Option(("imdensity",), "Factor of `imwidth`, up to 10.", "`dpr`"),
    Option(
        ("imformat",),
        "A browser or a format: " + ", ".join(f"`{name}`" for name in FORMATS) + ".",
        "`format`",
        "`safari`, `ie` and `generic`: the format of the original. Others are ignored.",
        Status.DIFFERS,
    ),
    Option(("imbypass",), "`on`: the original as it is.", "`format=original`"),
    Option(TOKENS, "Token of EdgeAuth, if the entry has `keys`."),
    Option(
        ("resize", "downsize"),
        "Image Converter: `300px:*`, `50%:50%`, after the transformations; `downsize` never enlarges.",
        "`width`, `height`",
        "Both sides are a box that the image fits into.",
        Status.DIFFERS,
    ),
    Option(("output-format",), "Image Converter: `jpeg`, `progressive-jpeg`, `png`, `webp`, `gif`.", "`format`"),
    Option(("output-quality",), "Image Converter: quality.", "`quality`"),
    Option(("crop", "interpolation"), "Other parameters of Image Converter.", status=Status.IGNORED),
    *TRANSFORMS,
)
