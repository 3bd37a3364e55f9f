"""The operations of Google's image optimization as one table: names and attributes. Knows texts and values only."""

from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.numbers import Decimal, Integer, Reader, Words
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of

MAX_SIDE: Final = 8_192
MAX_PIXELS: Final = 67_108_864

Row = OptionRow[dict[str, Reader[object]]]

_SIDE: Final = Integer(1, MAX_SIDE)
_EDGE: Final = Decimal(0, 1)
_SNAP: Final = Integer(0, 65_535)

ROWS: Final[tuple[Row, ...]] = (
    OptionRow(
        Option(
            ("Resize",),
            "`width` and `height`, 1 to 8192: with both the image is distorted. `scaling=proportional`: it lies inside "
            "them; `scaling=stretch`: it may be enlarged, which needs both.",
            "`width`, `height`, `fit=fill`, `enlarge`",
        ),
        {"width": _SIDE, "height": _SIDE, "scaling": Words({"proportional": "proportional", "stretch": "stretch"})},
    ),
    OptionRow(
        Option(("Scale",), "`ratio`, above 0: of both sides; never enlarges. Not with other operations.", "`zoom`"),
        {"ratio": Decimal(Fraction(1, 100), 100)},
    ),
    OptionRow(
        Option(
            ("Crop",),
            "`left`, `right`, `top` and `bottom`: edges as shares of the sides, at least one of them. "
            "`shape=circle`: the largest circle in the region.",
            "`crop`, `mask=ellipse`",
            "`snap_to_x` and `snap_to_y` have no effect.",
            Status.DIFFERS,
        ),
        {
            "shape": Words({"rectangle": False, "circle": True}),
            **dict.fromkeys(("left", "right", "top", "bottom"), _EDGE),
            **dict.fromkeys(("snap_to_x", "snap_to_y"), _SNAP),
        },
    ),
)
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)
