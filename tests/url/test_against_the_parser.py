"""Every URL of the client is accepted by the server's parser, means what was said, and is signed as it must be."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pixmill.dialects.native import params as native
from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.native.presets import NO_PRESETS
from pixmill.dialects.native.spelling import native_url
from pixmill.dialects.native.srcset import parse_srcset
from pixmill.dialects.signing import Keyring
from pixmill.errors import BadRequest, PixmillError
from pixmill.plan.request import ImageRequest
from pixmill.url import Client, UrlError
from pixmill.url.parameters import RULES
from pixmill.url.rules import Colour, Integer, Number, Rule, WordList, Words

KEY: Final = "a-secret-of-16-chars-or-more"
PARAMS: Final = {param.name: param for param in native.PARAMS if param.name not in ("url", "expires", "sig")}
BASE: Final = "https://images.example.com"


def numbers(low: float, high: float) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.integers(int(low), int(high)),
        st.floats(low, high),
        st.decimals(str(low), str(high), places=3),
        st.fractions(Fraction(str(low)), Fraction(str(high)), max_denominator=100),
    )


def values_of(name: str, rule: Rule) -> st.SearchStrategy[Any]:
    """Values of a parameter: examples, and those that its rule names."""
    examples = st.sampled_from(PARAMS[name].examples)
    control = PARAMS[name].grammar.control
    match rule:
        case Integer() if control.low is not None and control.high is not None:
            return examples | st.integers(int(control.low), int(control.high))
        case Number() if control.low is not None and control.high is not None:
            return examples | numbers(control.low, control.high)
        case Words():
            return examples | st.sampled_from(sorted(rule._words)) | st.booleans()
        case WordList():
            return examples | st.lists(st.sampled_from(sorted(rule._words)), min_size=1, max_size=rule._max_items)
        case Colour():
            digits = st.text("0123456789abcdefABCDEF", min_size=3, max_size=8)
            return st.sampled_from(control.choices) | digits | digits.map(lambda text: f"#{text}")
    return examples


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    names = draw(st.lists(st.sampled_from(sorted(PARAMS)), unique=True, max_size=6))
    source = draw(st.sampled_from(["photo.jpg", "a b/ü&=+%20.jpg", "/x.png", "a:b.jpg", "https://example.com/ä?x=1&y=2#z",
                                   "s3://bucket/a//b.jpg", "canvas:800x600,ff0000"]))  # fmt: skip
    return source, {name: draw(values_of(name, RULES[name])) for name in names}


def naive(source: str, params: dict[str, Any]) -> str:
    """The query as anybody would write it who knows the parameters."""

    def text(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, list):
            return ",".join(value)
        if isinstance(value, str | int):
            return str(value)
        return f"{Decimal(repr(float(value))):.20f}".rstrip("0").rstrip(".")

    source = f"/{source}" if source == "a:b.jpg" else source
    return "&".join(f"{name}={quote(text(value), safe='')}" for name, value in {"url": source, **params}.items())


def parsed(query: str, dialect: NativeDialect | None = None) -> ImageRequest:
    return (dialect or NativeDialect()).parse(b"/resize", query.encode())


@settings(max_examples=1_000, deadline=None)
@given(requests())
def test_a_url_means_what_was_said_and_is_refused_only_where_the_server_refuses(
    request: tuple[str, dict[str, Any]],
) -> None:
    source, params = request
    try:
        expected = parsed(naive(source, params))
    except BadRequest as error:
        try:
            url = Client(BASE).url(source, **params)
        except UrlError:
            return
        with pytest.raises(type(error)):
            parsed(url.partition("?")[2])
        return
    url = Client(BASE).url(source, **params)
    actual = parsed(url.partition("?")[2])
    assert actual.plan == expected.plan
    assert actual == expected


@settings(max_examples=150, deadline=None)
@given(requests(), st.sampled_from(["", "/img", "/a b"]), st.integers(1, 253402300799) | st.none())
def test_signatures_verify(request: tuple[str, dict[str, Any]], prefix: str, expires: int | None) -> None:
    source, params = request
    try:
        url = Client(BASE + prefix.replace(" ", "%20"), f"{KEY},another-key-of-16-chars").url(
            source, expires=expires, **params
        )
    except UrlError:
        assume(False)
    path, _, query = url.removeprefix(BASE).partition("?")
    assert path == f"{prefix}/resize".replace(" ", "%20")
    assert Keyring.from_text(KEY).verify(b"/resize", query.encode(), 0) == expires


@settings(max_examples=200, deadline=None)
@given(requests())
def test_a_url_is_the_canonical_one_whatever_the_order_of_keywords(request: tuple[str, dict[str, Any]]) -> None:
    source, params = request
    try:
        url = Client(BASE).url(source, **params)
    except UrlError:
        assume(False)
    assert Client(BASE).url(source, **dict(reversed(params.items()))) == url


@pytest.mark.parametrize("params", [
    {"height": 300.0, "width": "400", "fit": "cover", "gravity": "north", "format": "webp", "quality": 70},
    {"bg": "#FFC", "padding": (10, 20), "width": 400, "format": "jpg"},
    {"crop": [10, 20, 300, 200], "rotate": 90.0, "flip": "h", "grayscale": True},
    {"blur": Fraction(5, 2), "width": 100, "fit": "inside", "enlarge": False, "animated": True},
    {"width": 200, "then": [{"width": 100, "crop": "1,2,3,4"}, {"blur": 4}]},
    {"overlay": {"url": "logo.png", "width": "pct:20", "gravity": "southeast", "x": 10}, "width": 400},
    {"filename": "Ferien äöü.jpg", "tags": ["a", "b"], "max_age": 60, "width": 10},
])  # fmt: skip
def test_a_url_is_spelled_as_the_server_spells_it(params: dict[str, Any]) -> None:
    url = Client("").url("photo.jpg", **params)
    query = url.partition("?")[2].replace("padding=10,20&", "padding=10,20,10,20&")  # four sides, there
    assert native_url(parsed(query)) == f"/resize?{query}"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_source_of_both_or_of_neither(text: str) -> None:
    try:
        query = Client(BASE).url(text).partition("?")[2]
    except UrlError:
        with pytest.raises(PixmillError):
            parsed(naive(text, {}))
        return
    try:
        parsed(query)
    except BadRequest:
        assert text.lower().startswith(("http:", "https:", "s3:", "gs:", "az:", "canvas:", "upload:")), text


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 16_383), st.integers(1, 16_383) | st.none(), st.lists(st.integers(1, 16_383), max_size=5) | st.none()
)
def test_widths_are_those_of_the_endpoint_for_sets(width: int, height: int | None, widths: list[int] | None) -> None:
    query = f"url=a.jpg&width={width}" + (f"&height={height}" if height else "")
    query += f"&widths={','.join(map(str, widths))}" if widths else ""
    expected = parse_srcset(query.encode(), NO_PRESETS).widths
    shape: Any = {"height": height} if height else {}
    found = Client(BASE).candidates("a.jpg", widths or None, width=width, **shape)
    assert tuple(one[1] for one in found) == expected


def test_every_parameter_of_images_has_a_rule() -> None:
    assert set(PARAMS) <= set(RULES)


SHARED: Final = json.loads((Path(__file__).parents[2] / "examples" / "clients" / "urls.json").read_text("utf-8"))


def test_urls_are_those_of_other_clients_and_of_the_server() -> None:
    """The server has a text for each side of a padding, and a limit that means the same as none."""
    client, longer = Client(""), 0
    for case in SHARED:
        assert client.url(case["source"], **case["parameters"]) == case["target"], case
        own = native_url(parsed(case["target"].partition("?")[2]))
        longer += own != case["target"]
        assert parsed(own.partition("?")[2]) == parsed(case["target"].partition("?")[2]), case
    assert longer < len(SHARED) / 3
