"""CSS in SVGs: what loads from outside goes, all else stays as it is written; tinycss2 judges the tokens."""

import base64
from itertools import product
from time import process_time
from typing import Any

import pytest
import tinycss2  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pixmill.engine.codecs.svg_css import sanitise_css
from pixmill.engine.codecs.svg_sanitiser import sanitise_svg
from tests.css_references import loads
from tests.pixels.images import encode_image, pixels_of, render_image

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
PNG = "data:image/png;base64," + base64.b64encode(encode_image(Image.new("RGB", (2, 2), "red"), "PNG")).decode()
FONT = "data:font/woff2;base64," + base64.b64encode(b"wOF2" + bytes(40)).decode()


def own(url: str) -> str | None:
    return url if url.startswith("#") else None


def sanitised(css: str) -> str:
    return sanitise_css(css, own, lambda _: None)


def cleaned(inside: str, root: str = 'width="40" height="20"', before: str = "") -> str:
    return sanitise_svg(f"{before}<svg {NS} {root}>{inside}</svg>".encode()).serialise().decode()


def colour_at(inside: str, x: int = 20, y: int = 10, before: str = "", root: str = 'width="40" height="20"') -> Any:
    return tuple(pixels_of(render_image(memoryview(f"{before}<svg {NS} {root}>{inside}</svg>".encode())))[y, x])


RECT = "<rect class='a' id='r' width='40' height='20'/>"
RED = (255, 0, 0)
IMPORTS = [
    "@import url('https://fonts.example/css2?family=A:wght@400;700&display=swap');",
    '@import url("https://fonts.example/a;b{c}d");',
    "@import url(https://fonts.example/a;b);",
    "@import 'a;b';",
    "@IMPORT\n'a' screen and (width > 3px);",
    "@\\69mport 'a;b';",
    "@im\\port 'a;}';",
    "@import/* ; */'a';",
    "@import url(a\\)b;c);",
    "@import 'a' layer(b) supports(display: grid);",
    "@import {a{b:c}}",
    "@import '\\'; .a{fill:blue}';",
    "@import 'a'; @import \"b;\";",
]


@pytest.mark.parametrize("rule", IMPORTS)
def test_an_import_goes_and_the_rule_after_it_stays(rule: str) -> None:
    text = cleaned(f"<style>{rule.replace('&', '&amp;')}.a{{fill:red}}</style>{RECT}")
    assert "import" not in text.lower()
    assert "example" not in text
    assert text.count(".a{fill:red}") == 1
    assert colour_at(f"<style>{rule.replace('&', '&amp;')}.a{{fill:red}}</style>{RECT}") == RED


HARMLESS = [
    ".a::after{content:\"; } @import 'x'; url(http://x)\"}",
    ".a{font-family:'A;B}',serif}",
    "/* } */.a{fill:red}",
    '@charset "utf-8";.a{fill:red}',
    "@media (min-width: 1px){.a{fill:blue}}",
    "@supports (fill:red){.a{fill:blue}}",
    "@namespace svg 'http://www.w3.org/2000/svg';svg|rect{fill:red}",
    "@keyframes k{from{fill:red}to{fill:blue}}",
    ":root{--x:{a;b};--y:red}.a{fill:var(--y)}",
    ".a\\:b,.\\31 23{fill:red}",
    ".a{fill:url(#g) red}",
    ".a{fill:url( '#g' )}",
    '.a{clip-path:url("#a(b)")}',
    ".a{width:calc(100% - (2px + 3px))}",
    f"@font-face{{font-family:x;src:local('X'),url({FONT}) format('woff2')}}",
    f"svg{{background:url({PNG})}}",
    "<!-- .a{fill:red} -->",
]


@pytest.mark.parametrize("css", HARMLESS)
def test_harmless_css_stays_as_it_is(css: str) -> None:
    escaped = css.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("/* } */", "/**/")
    assert f"<style>{escaped}</style>" in cleaned(f"<style>{escaped}</style>")
    assert f"<style>{escaped}</style>" in cleaned(f"<style><![CDATA[{css}]]></style>").replace("/* } */", "/**/")


def test_the_name_of_a_namespace_is_no_reference() -> None:
    css = "@namespace svg url(http://www.w3.org/2000/svg);svg|rect{fill:red}"
    assert '@namespace svg "http://www.w3.org/2000/svg";svg|rect' in cleaned(f"<style>{css}</style>").replace(
        "&quot;", '"'
    )


@pytest.mark.parametrize("escaped", ["u\\rl(#g)", "\\75 rl(#g)", "\\000075rl('\\23 g')", "URL(#\\67)", "url(\\#g)"])
def test_an_escaped_reference_is_a_reference(escaped: str) -> None:
    gradient = "<linearGradient id='g'><stop stop-color='red'/></linearGradient>"
    style = f"<style>.a{{fill:{escaped}}}</style>"
    assert colour_at(gradient + style + RECT) == RED
    outside = escaped.replace("#", "//elsewhere/#").replace("\\23 ", "//elsewhere/\\23 ")
    assert "elsewhere" not in cleaned(f'<style>.a{{fill:{outside}}}</style><rect style="fill:{outside}"/>')


def test_a_fallback_counts_if_the_reference_goes() -> None:
    assert colour_at("<rect width='40' height='20' fill='url(http://elsewhere/a.svg#g) red'/>") == RED


def test_style_sheets_in_data_urls_are_sanitised_and_count() -> None:
    sheet = "data:text/css,@import%20%27evil%27;.a%7Bfill:red%7D"
    encoded = "DATA:Text/CSS;charset=utf-8;BASE64," + base64.b64encode(b".a{fill:red;cursor:url(evil)}").decode()
    for url in (sheet, encoded):
        for before, style in (
            ("", f"<style>@import url('{url}');</style>"),
            ("", f'<style>@import "{url}";</style>'),
            (f"<?xml-stylesheet type='text/css' href=\"{url}\"?>", ""),
        ):
            assert colour_at(style + RECT, before=before) == RED
            text = cleaned(style + RECT, before=before)
            decoded = base64.b64decode(
                text.partition("data:text/css;charset=utf-8;base64,")[2].split('"')[0].split("&")[0]
            )
            assert b"fill:red" in decoded
            assert b"evil" not in decoded
    for outside in ("http://elsewhere/a.css", "a.css", "data:text/xsl,x"):
        assert "<?" not in cleaned(RECT, before=f"<?xml-stylesheet type='text/css' href='{outside}'?>")


@pytest.mark.parametrize(
    ("charset", "text"), [("gbk", "ä中"), ("big5", "中"), ("gb18030", "中中中"), ("shift_jis", "ß"), ("euc-kr", "é")]
)
def test_an_embedded_style_sheet_is_read_in_the_encoding_it_is_written_in(charset: str, text: str) -> None:
    """With that of its @charset, the last byte of the text and the backslash may be one character."""
    css = f'@charset "{charset}";.a{{--x:"{text}\\";fill:url(//elsewhere);--y:"a"}}'
    url = f"data:text/css;base64,{base64.b64encode(css.encode()).decode()}"
    for kept in (
        cleaned(f"<style>@import '{url}';</style>"),
        cleaned(RECT, before=f"<?xml-stylesheet type='text/css' href='{url}'?>"),
    ):
        assert "data:text/css;charset=utf-8;base64," in kept


def test_fonts_stay_and_other_files_that_pretend_to_be_fonts_go() -> None:
    for media_type in ("font/ttf", "application/x-font-woff;charset=utf-8", "application/octet-stream", ""):
        url = f"data:{media_type};base64," + base64.b64encode(b"\0\1\0\0" + bytes(40)).decode()
        assert url in cleaned(f"<style>@font-face{{src:url({url})}}</style>")
    html = "data:font/ttf;base64," + base64.b64encode(b"<html>").decode()
    assert "url(data:,#-)" in cleaned(f"<style>@font-face{{src:url({html})}}</style>")


PIECES = [
    "url(",
    "URL(",
    "u\\rl(",
    "\\75 rl(",
    "src(",
    "image-set(",
    "@import",
    "@\\69mport ",
    "@namespace",
    "x",
    "#",
    "1",
]
PIECES += [
    ")",
    "(",
    "{",
    "}",
    "[",
    "]",
    ";",
    '"',
    "'",
    "\\",
    "/*",
    "*/",
    "<!--",
    "-->",
    " ",
    "\n",
    ",",
    "-",
    "+",
    ".",
    "e",
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_no_style_refers_outside(css: str) -> None:
    after = sanitised(css)
    assert all(url.startswith(("#", "data:,#")) for url in loads(after)), after
    assert sanitised(after) == after
    if not list(loads(css)) and not any(mark in css for mark in ("\\", "/*", "@")):
        assert [one.serialize() for one in tinycss2.parse_component_value_list(after)] == [
            one.serialize() for one in tinycss2.parse_component_value_list(css)
        ]


def test_each_token_before_a_reference_is_told_apart() -> None:
    for before, name in product(
        ("", "#", "@", "1", "1.", ".5", "1e3", "1e", "+", "-", "--", "<!--", "-->", "a", "\\", "é", "\\35 "),
        ("url", "u\\rl"),
    ):
        css = f"a{{b:{before}{name}(//elsewhere)}}"
        outside = [url for url in loads(css) if not url.startswith("#")]
        assert ("elsewhere" in sanitised(css)) == (not outside), css


@pytest.mark.parametrize(
    "css",
    ["url(", "url('", "'", "\\", "/*", "@import ", "((((", "u\\rl(a", "url(a\\", "@namespace a ", "{@import'", "}"],
)
def test_css_is_read_in_linear_time(css: str) -> None:
    started = process_time()
    sanitised(css * 20_000)
    assert process_time() - started < 30  # a quadratic reader takes an hour
