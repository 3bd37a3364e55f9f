"""Parameters of Image Converter, the older service: ``?resize=300px:*&output-format=webp&output-quality=80``.

Knows texts and plans; must never know a chain. All raise InvalidParameter.
"""

import re
from collections.abc import Container, Mapping
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.akamai.args import MAX_SIDE
from pixmill.dialects.kit.numbers import Integer, decimal
from pixmill.dialects.kit.stages import StageSequence
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.ops import Output, Resize

NAMES: Final = ("resize", "downsize", "output-format", "output-quality")
_SIDE: Final = re.compile(r"([0-9.]{1,12})(px|%|xw|xh|)")
_SHARES: Final = {"%": 100, "xw": 1, "xh": 1}
_MAX_SHARE: Final = 100
_FORMATS: Final = {
    "gif": Format.GIF,
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "png": Format.PNG,
    "progressive-jpeg": Format.JPEG,
    "webp": Format.WEBP,
}


def resize(sequence: StageSequence, values: Mapping[str, str], allowed: Container[str] | None = None) -> None:
    """Resize into a box; ``downsize`` never enlarges. ``allowed``: the names of transformations, None for all."""
    for name in ("resize", "downsize"):
        if text := values.get(name, ""):
            if allowed is not None and "resize" not in allowed:
                raise InvalidParameter("Resize is not allowed here", param=name)
            sequence.put(("resize",), _resize(name, text))


def _resize(name: str, text: str) -> Resize:
    try:
        width, height = text.split(":", 1)
        (pixels_x, share_x), (pixels_y, share_y) = _side(width), _side(height)
    except ValueError:
        raise InvalidParameter(f"{name} must be WIDTH:HEIGHT, in px or %, or *", param=name) from None
    if not any((pixels_x, share_x, pixels_y, share_y)):
        raise InvalidParameter(f"{name} needs a width or a height", param=name)
    return Resize(pixels_x, pixels_y, width_share=share_x, height_share=share_y, enlarge=name == "resize")


def _side(text: str) -> tuple[int, float]:
    """Return pixels, or a share of the side of the image; neither for ``*``. Raises ValueError."""
    if text == "*":
        return 0, 0.0
    match = _SIDE.fullmatch(text)
    if match is None:
        raise ValueError("not a side")
    value = decimal(match[1])
    divisor = _SHARES.get(match[2], 0)
    if not 0 < value <= (_MAX_SHARE * divisor or MAX_SIDE):
        raise ValueError("out of bounds")
    return (0, float(value / divisor)) if divisor else (max(round(value), 1), 0.0)


def output(found: Output, values: Mapping[str, str]) -> Output:
    """Return the output with the format and the quality of the parameters; other formats are ignored."""
    if text := values.get("output-quality", ""):
        try:
            found = replace(found, quality=Integer(1, 100, clamps=True)(text))
        except ValueError:
            raise InvalidParameter("output-quality must be a number from 1 to 100", param="output-quality") from None
    name = values.get("output-format", "").lower()
    if name not in _FORMATS:
        return found
    encoding = replace(found.encoding, progressive=name == "progressive-jpeg")
    return Output((_FORMATS[name],), quality=found.quality, encoding=encoding)
