"""What a URL leaves to its client: the width of the image, the device pixel ratio, whether to save data.

Knows numbers; ``api/http/client_hints.py`` reads the headers. Values are rounded up to few, so that results are shared.
"""

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from msgspec import Struct

DPRS: Final = (Fraction(1), Fraction(3, 2), Fraction(2), Fraction(3), Fraction(4))
"""The device pixel ratios that results are made for; other ones are rounded up, larger ones are 4."""

DEFAULT_WIDTHS: Final = (160, 320, 480, 640, 800, 960, 1_200, 1_440, 1_680, 1_920, 2_560, 3_200, 3_840)


class Hints(Struct, frozen=True):
    """Which values a URL leaves to its client."""

    width: bool = False
    dpr: bool = False
    save_data: bool = False


class HintValues(Struct, frozen=True):
    """What a client has said, each None if it has not.

    ``width``: of the image in device pixels. ``dpr``: device pixels per CSS pixel. ``save_data``: the client wants few
    bytes; width and ratio are then those of a screen with one device pixel per CSS pixel.
    """

    width: int | None = None
    dpr: Fraction | None = None
    save_data: bool = False


def hint_values(
    width: float | None, viewport_width: float | None, dpr: float | None, widths: Sequence[int], *, save_data: bool
) -> HintValues:
    """Round what a client says up to the values that results are made for.

    ``width`` is in device pixels. Without one it is that of the viewport, which is in CSS pixels. ``widths`` ascend.
    """
    if width is None and viewport_width is not None:
        width = viewport_width * (dpr or 1)
    if save_data:
        width = width and width / (dpr or 1)
        dpr = 1.0
    return HintValues(
        None if not width else widths[min(bisect_left(widths, width), len(widths) - 1)],
        None if not dpr else DPRS[min(bisect_left(DPRS, dpr), len(DPRS) - 1)],
        save_data,
    )
