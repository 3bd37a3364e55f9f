"""``width=auto`` and ``dpr=auto``: with and without what the client says."""

from fractions import Fraction

import pytest

from pixmill.dialects.native.dialect import NativeDialect, parse
from pixmill.dialects.native.presets import parse_presets
from pixmill.errors import BadRequest
from pixmill.plan.hints import Hints, HintValues
from pixmill.plan.request import ImageRequest

SAID = HintValues(640, Fraction(2))


def hinted(query: str, said: HintValues = SAID) -> ImageRequest:
    return NativeDialect().parse_with_hints(b"/resize", b"url=a.jpg&" + query.encode(), said)


def plain(query: str) -> ImageRequest:
    return parse(b"/resize", b"url=a.jpg&" + query.encode())


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("width=auto", "width=640"),
        ("w=auto&height=100", "width=640&height=100"),
        ("width=auto&dpr=auto", "width=320&dpr=2"),
        ("width=auto&dpr=2", "width=320&dpr=2"),
        ("width=auto&dpr=3", "width=214&dpr=3"),
        ("width=100&dpr=auto", "width=100&dpr=2"),
        ("dpr=auto&padding=3&width=9", "dpr=2&padding=3&width=9"),
    ],
)
def test_a_hint_means_the_same_as_the_number(query: str, same: str) -> None:
    assert hinted(query).plan == plain(same).plan
    assert hinted(query, HintValues(640, Fraction(2), save_data=True)).plan == plain(same).plan


@pytest.mark.parametrize(
    ("query", "hints"),
    [
        ("width=auto", Hints(width=True, save_data=True)),
        ("dpr=auto", Hints(dpr=True, save_data=True)),
        ("width=auto&dpr=auto", Hints(width=True, dpr=True, save_data=True)),
        ("width=9&dpr=2", None),
    ],
)
def test_a_request_says_what_it_leaves_to_the_client(query: str, hints: Hints | None) -> None:
    assert plain(query).hints == hinted(query).hints == hints
    assert plain(query).hints == plain(query).hints, "also from the cache of plans"


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("width=auto", ""),
        ("width=auto&height=50&dpr=auto", "height=50"),
        ("width=auto&fit=cover&height=9", "fit=cover&height=9"),
    ],
)
def test_without_hints_it_is_as_if_it_was_not_given(query: str, same: str) -> None:
    assert plain(query).plan == hinted(query, HintValues()).plan == plain(same).plan


def test_one_client_does_not_get_the_size_of_another() -> None:
    dialect = NativeDialect()
    query = b"url=a.jpg&width=auto"
    sizes = [
        dialect.parse_with_hints(b"/resize", query, HintValues(width)).plan.resize.width for width in (320, 640, 320)
    ]
    assert sizes == [320, 640, 320]
    assert dialect.parse(b"/resize", query).plan.resize.width == 0


def test_a_preset_can_leave_its_size_to_the_client() -> None:
    dialect = NativeDialect(parse_presets('{"card": "width=auto&height=100&fit=cover"}'))
    request = dialect.parse_with_hints(b"/resize", b"url=a.jpg&preset=card", SAID)
    assert (request.plan.resize.width, request.plan.resize.height) == (640, 100)
    assert dialect.parse(b"/resize", b"url=a.jpg&preset=card&width=50").hints is None


def test_a_later_stage_has_no_width_of_the_client() -> None:
    with pytest.raises(BadRequest, match="first stage"):
        plain("width=9&then=width%3Dauto")


def test_a_set_of_widths_needs_no_hint() -> None:
    assert NativeDialect().parse_srcset(b"url=a.jpg&width=auto&widths=9") == NativeDialect().parse_srcset(
        b"url=a.jpg&widths=9"
    )
