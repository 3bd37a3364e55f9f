"""What a client says is rounded up to few values."""

from fractions import Fraction

import pytest

from pixmill.plan.hints import DPRS, HintValues, hint_values

WIDTHS = (100, 200, 400)


@pytest.mark.parametrize(
    ("width", "viewport", "dpr", "save_data", "expected"),
    [
        (None, None, None, False, HintValues()),
        (100, None, None, False, HintValues(100)),
        (100.5, None, None, False, HintValues(200)),
        (9_999, None, None, False, HintValues(400)),
        (1, None, None, False, HintValues(100)),
        (0, None, None, False, HintValues()),
        (150, 90, None, False, HintValues(200)),
        (None, 90, None, False, HintValues(100)),
        (None, 90, 2.0, False, HintValues(200, Fraction(2))),
        (None, None, 1.25, False, HintValues(None, Fraction(3, 2))),
        (None, None, 0.5, False, HintValues(None, Fraction(1))),
        (None, None, 99.0, False, HintValues(None, DPRS[-1])),
        (None, None, 0.0, False, HintValues()),
        (300, None, 3.0, True, HintValues(100, Fraction(1), save_data=True)),
        (None, 90, 3.0, True, HintValues(100, Fraction(1), save_data=True)),
        (None, None, None, True, HintValues(None, Fraction(1), save_data=True)),
    ],
)
def test_hints(
    width: float | None, viewport: float | None, dpr: float | None, save_data: bool, expected: HintValues
) -> None:
    assert hint_values(width, viewport, dpr, WIDTHS, save_data=save_data) == expected
