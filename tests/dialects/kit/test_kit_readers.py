"""The readers that dialects share: any text gives a value or ValueError, and any query pairs or BadRequest."""

import base64
import contextlib
from collections.abc import Callable
from fractions import Fraction
from urllib.parse import parse_qsl, quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pixmill.dialects.kit import colours, encodings, numbers
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.dialects.kit.query import all_values, first_values, last_values, pairs, remove
from pixmill.errors import BadRequest, MalformedRequest, RequestTooLarge
from pixmill.plan.colour import TRANSPARENT, Colour

READERS: list[Callable[[str], object]] = [
    numbers.integer,
    numbers.decimal,
    numbers.ratio,
    numbers.share,
    numbers.Integer(0, 100),
    numbers.Integer(-5, 5, clamps=True),
    numbers.Decimal(0, 100),
    numbers.Decimal(0, Fraction(1, 2), clamps=True),
    numbers.Words(numbers.GO_BOOLEANS),
    numbers.Words({"a": 1}, folds_case=True),
    numbers.Items(numbers.Integer(0, 9)),
    numbers.Reading(numbers.integer, "a whole number"),
    colours.hex_colour,
    colours.named_colour,
    colours.rgb_colour,
    colours.css_colour,
    lambda text: colours.components_colour(text.split(",")),
    encodings.base64url_decode,
    encodings.base64url_text,
]
EXAMPLES = [
    "",
    "5",
    "-5",
    "+.5",
    "5.",
    "1e3",
    "1e99",
    "16:9",
    "0:0",
    "1:0",
    "50%",
    "50p",
    "rgb(1,2,3)",
    "#abc",
    "%",
    "=",
]
texts = st.one_of(
    st.text(max_size=60),
    st.sampled_from(EXAMPLES),
    st.text("0123456789.+-eE:%,x/#abcdefrgb() ", max_size=60),
    st.integers(min_value=1, max_value=40_000).map("9".__mul__),
)


@given(texts)
@example("9" * 100_000)
@example("." * 100_000)
@example("1," * 50_000)
@example("rgb(" + " " * 100_000)
@example("-" + "0" * 60_000)
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in READERS:
        try:
            read(text)
        except ValueError:
            continue
    assert isinstance(numbers.leading_integer(text), int)
    assert isinstance(numbers.leading_decimal(text), Fraction)


@given(st.fractions(min_value=-(10**9), max_value=10**9).filter(lambda value: 10**9 % value.denominator == 0))
def test_a_decimal_is_read_exactly(value: Fraction) -> None:
    sign, digits = "-" if value < 0 else "", f"{abs(value) * 10**9 // 1:010d}"
    assert numbers.decimal(f"{sign}{digits[:-9]}.{digits[-9:]}") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("+5", 5), ("-.5", Fraction(-1, 2)), ("5.", 5), ("2.50", Fraction(5, 2)), ("25e-1", Fraction(5, 2))],
)
def test_numbers_have_several_spellings(text: str, value: Fraction) -> None:
    assert numbers.decimal(text) == value


@pytest.mark.parametrize(
    "text", ["", ".", "-", "+-1", "1.2.3", "1e", "1e100", "0x10", "1_000", " 1", "NaN", "inf", "٣"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        numbers.decimal(text)
    with pytest.raises(ValueError, match=r".+"):
        numbers.integer(text)


@pytest.mark.parametrize(
    ("text", "whole", "exact"),
    [
        ("300px", 300, 300),
        ("300.7", 300, Fraction(3007, 10)),
        (" 50%", 50, 50),
        ("-5x", -5, -5),
        ("abc", 0, 0),
        ("", 0, 0),
    ],
)
def test_leading_numbers_are_read_as_php_and_javascript_do(text: str, whole: int, exact: Fraction) -> None:
    assert numbers.leading_integer(text) == whole
    assert numbers.leading_decimal(text) == exact


def test_bounds_refuse_or_clamp() -> None:
    assert numbers.Integer(1, 9, clamps=True)("12") == 9
    assert numbers.Decimal(0, 1, clamps=True)("-3") == 0
    for read in (numbers.Integer(1, 9), numbers.Decimal(0, 1)):
        with pytest.raises(ValueError, match="bounds"):
            read("12")


def test_words_lists_ratios_and_shares() -> None:
    assert numbers.Words({"cover": 1}, folds_case=True)("Cover") == 1
    assert numbers.Items(numbers.Integer(0, 9), "x", least=2, most=3)("1x2") == (1, 2)
    assert numbers.ratio("16:9") == numbers.ratio("16x9") == Fraction(16, 9)
    assert numbers.ratio("1.91:1") == numbers.ratio("1.91") == Fraction(191, 100)
    assert numbers.share("12.5p") == Fraction(1, 8)
    for text in ("1", "1x2x3x4", "x", "1xx"):
        with pytest.raises(ValueError, match=r".+"):
            numbers.Items(numbers.Integer(0, 9), "x", least=2, most=3)(text)


def test_what_a_reader_expects_is_said_in_words() -> None:
    assert numbers.Integer(1, 9).expects == "a whole number from 1 to 9"
    assert numbers.Decimal(0, Fraction(1, 2)).expects == "a number from 0 to 0.5"
    assert numbers.Words({"a": 1, "b": 2}).expects == "a or b"
    assert numbers.Words({"a": 1}).expects == "a"
    assert "each a whole number" in numbers.Items(numbers.Integer(1, 9)).expects


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("f00", Colour(255, 0, 0)),
        ("#FF0000", Colour(255, 0, 0)),
        ("f008", Colour(255, 0, 0, 0x88)),
        ("00ff0080", Colour(0, 255, 0, 128)),
        ("RebeccaPurple", Colour(0x66, 0x33, 0x99)),
        ("transparent", TRANSPARENT),
        ("12345600", TRANSPARENT),
        ("rgb(1, 2,3)", Colour(1, 2, 3)),
        ("rgba(1,2,3,.5)", Colour(1, 2, 3, 128)),
        ("rgb(100% 0% 0% / 50%)", Colour(255, 0, 0, 128)),
        ("rgba(1,2,3,0)", TRANSPARENT),
    ],
)
def test_colours_have_several_spellings(text: str, colour: Colour) -> None:
    assert colours.css_colour(text) == colour


def test_alpha_may_stand_first_or_not_at_all() -> None:
    assert colours.hex_colour("80ff0000", colours.Alpha.FIRST) == Colour(255, 0, 0, 128)
    assert colours.hex_colour("8f00", colours.Alpha.FIRST) == Colour(255, 0, 0, 136)
    with pytest.raises(ValueError, match="digits"):
        colours.hex_colour("80ff0000", colours.Alpha.NONE)
    assert colours.with_opacity(Colour(1, 2, 3), Fraction(1, 2)) == Colour(1, 2, 3, 128)
    assert colours.with_opacity(Colour(1, 2, 3), Fraction(0)) == TRANSPARENT


@pytest.mark.parametrize(
    "text", ["", "#", "ff", "fffff", "rgb(256,0,0)", "rgb(1,2)", "rgba(1,2,3,2)", "reds", "rgb(1,2,3"]
)
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        colours.css_colour(text)


def test_there_are_all_colours_of_css() -> None:
    assert len(colours.CSS_COLOURS) == 149


@given(st.binary(max_size=300))
def test_base64_has_several_spellings(data: bytes) -> None:
    for text in (base64.urlsafe_b64encode(data), base64.b64encode(data), base64.urlsafe_b64encode(data).rstrip(b"=")):
        assert encodings.base64url_decode(text) == encodings.base64url_decode(text.decode()) == data


def test_base64_is_bounded() -> None:
    with pytest.raises(ValueError, match="long"):
        encodings.base64url_decode("A" * 10_000, max_bytes=100)
    for text in ("A", "AAAAA", "A=A=", "=", "AA*A", "é"):
        with pytest.raises(ValueError, match="base64"):
            encodings.base64url_decode(text + "!")


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=100))
def test_percent_escapes_are_decoded_once(text: str) -> None:
    assert encodings.percent_decode(quote(text, safe="").encode()) == text
    assert encodings.percent_decode(text.encode()) == unquote(text)
    assert encodings.form_decode(b"a+" + quote(text, safe="").encode()) == f"a {text}"


def test_broken_escapes_stand_for_themselves_or_are_refused() -> None:
    assert encodings.percent_decode(b"100%") == "100%"
    with pytest.raises(ValueError, match="percent"):
        encodings.percent_decode(b"100%", strict=True)
    for raw in (b"\xff", b"%ff", b"%00", b"\x7f"):
        with pytest.raises(ValueError, match=r".+"):
            encodings.percent_decode(raw)


plain = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20)


@given(st.lists(st.tuples(plain.filter(bool), plain), max_size=8))
def test_a_query_is_read_as_the_standard_library_reads_it(found: list[tuple[str, str]]) -> None:
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in found).encode()
    assert pairs(query) == parse_qsl(query.decode(), keep_blank_values=True) == found


@given(st.binary(max_size=300))
@example(b"&" * 60_000)
@example(b"a=%" * 20_000)
@example(b"=" * 60_000)
def test_any_query_is_read_or_refused(query: bytes) -> None:
    with contextlib.suppress(BadRequest):
        pairs(query)
    assert pairs(query, names=()) == []


def test_equal_names_count_first_last_or_all() -> None:
    found = pairs(b"w=1&h=2&w=3&flag")
    assert first_values(found) == {"w": "1", "h": "2", "flag": ""}
    assert last_values(found) == {"w": "3", "h": "2", "flag": ""}
    assert list(last_values(found)) == ["w", "h", "flag"]
    assert all_values(found) == {"w": ["1", "3"], "h": ["2"], "flag": [""]}


def test_other_names_are_left_out_whatever_they_hold() -> None:
    assert pairs(b"w=1&junk=%ff&%ff=1", {"w"}) == [("w", "1")]
    with pytest.raises(MalformedRequest, match="junk"):
        pairs(b"w=1&junk=%ff")
    with pytest.raises(RequestTooLarge):
        pairs(b"a" * 70_000)
    assert pairs(b"a=1+1", decode=encodings.percent_decode) == [("a", "1+1")]
    assert remove(b"a=1&s=x&b=2&s", {b"s"}) == b"a=1&b=2"


def test_a_table_of_options_finds_rows_by_each_name() -> None:
    width = OptionRow(Option(("width", "w"), "Width"), numbers.integer)
    fit = OptionRow(Option(("fit",), "Fit", status=Status.DIFFERS), numbers.leading_integer)
    rows: list[OptionRow[object]] = [width, fit]
    assert by_name(rows)["w"] is width
    assert options_of([*rows, width]) == (width.option, fit.option)
    with pytest.raises(ValueError, match="named w"):
        by_name([*rows, OptionRow(Option(("w",), "Another"), numbers.integer)])


def test_angles_are_rounded_and_below_a_whole_turn() -> None:
    tiny = Fraction(1, 10**18)
    assert [numbers.angle(value) for value in (-tiny, tiny, 360 - tiny, Fraction(-90), 725, -1e-17)] == [
        0,
        0,
        0,
        270,
        5,
        0,
    ]
    assert numbers.angle(Fraction(1, 3)) == Fraction(3_333, 10_000)
    assert all(0 <= float(numbers.angle(Fraction(number, 7))) < 360 for number in range(-9_000, 9_000, 7))


def test_one_to_four_values_are_those_of_four_sides() -> None:
    assert [numbers.four_sides(list("abcd")[:count]) for count in range(1, 5)] == [
        ("a", "a", "a", "a"),
        ("a", "b", "a", "b"),
        ("a", "b", "c", "b"),
        ("a", "b", "c", "d"),
    ]
    for wrong in ("", "abcde"):
        with pytest.raises(ValueError, match="one to four"):
            numbers.four_sides(list(wrong))


def test_halves_are_rounded_up() -> None:
    assert [numbers.half_up(Fraction(number, 2)) for number in (-3, -1, 1, 3)] == [-1, 0, 1, 2]
