"""Patterns of operators: the meaning of picomatch and of JavaScript, in time linear in the text."""

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.kit.patterns import MAX_PATTERN_CHARS, glob, regex
from tests.dialects.calls import calls_of

GLOBS = {
    "example.com": ({"example.com"}, {"a.example.com", "example.com.evil", "examplexcom"}),
    "*.example.com": ({"a.example.com", "a.b.example.com"}, {"example.com", ".evil"}),
    "**.example.com": ({"a.example.com", "a.b.example.com"}, {"example.com"}),
    "img-*.example.com": ({"img-1.example.com", "img-.example.com"}, {"img1.example.com"}),
    "{a,b}.example.com": ({"a.example.com", "b.example.com"}, {"c.example.com", "a,b.example.com"}),
    "**": ({"a", "a/b", "/", "/a/b/"}, set()),
    "/**": ({"/", "/a", "/a/b//c"}, {"a"}),
    "/account/**": ({"/account", "/account/", "/account/x/y"}, {"/accounts", "/x/account"}),
    "/a/*": ({"/a/b", "/a/b/", "/a/.b"}, {"/a", "/a/", "/a/b/c"}),
    "/a/*/c": ({"/a/b/c", "/a//c"}, {"/a/b/b/c", "/a/c"}),
    "/a/**/b": ({"/a/b", "/a/x/b", "/a/x/y/b"}, {"/a/xb", "/ab"}),
    "/a/**/b/*.jpg": ({"/a/b/x.jpg", "/a/1/2/b/x.jpg"}, {"/a/b/c/x.jpg", "/a/b/xjpg"}),
    "/**/*.jpg": ({"/a/x.jpg", "/a/b/x.jpg"}, {"/x.jpg", "/a/x.jpeg"}),
    "/a**": ({"/a", "/abc", "/abc/"}, {"/a/b"}),
    "/a/**.jpg": ({"/a/b.jpg"}, {"/a/b/c.jpg"}),
    "/a?/b": ({"/ax/b"}, {"/a/b", "/a//b"}),
    "/[a-c]/[!x].png": ({"/b/y.png"}, {"/d/y.png", "/b/x.png"}),
    "/{x,y/z}/*": ({"/x/1", "/y/z/1"}, {"/y/1"}),
    "/a\\*": ({"/a*"}, {"/ab"}),
}
"""What picomatch 4 accepts and refuses, with ``dot``."""

REGEXES = {
    "https://images\\.example\\.com/.*": ({"https://images.example.com/a"}, {"https://imagesxexample.com/a"}),
    "^/[a-z]+/\\d{2,3}$": ({"/ab/12", "/x/123"}, {"/ab/1", "/ab/1234", "x/ab/12"}),
    "(?:jpe?g|png)$": ({"a.jpg", "a.jpeg", "png"}, {"a.jpgx"}),
    "a{2}b{0,1}c*?": ({"aa", "xaabcx"}, {"a"}),
    "[^\\w.]": ({"-"}, {"a.b", ""}),
    "\\u0041\\x42": ({"AB"}, {"ab"}),
    "": ({"", "x"}, set()),
    "x{a}": ({"x{a}"}, {"xa"}),
    "^(?:(?!\\.)(?=.)[^/]*?\\.example\\.com\\/?)$": ({"a.example.com"}, {"example.com"}),
    "^(?:\\/a(?:\\/(?!\\.{1,2}(?:\\/|$))(?:(?:(?!(?:^|\\/)\\.{1,2}(?:\\/|$)).)*?)|$))$": ({"/a", "/a/b/c"}, {"/ab"}),
}


@pytest.mark.parametrize("pattern", GLOBS)
def test_globs_mean_what_picomatch_makes_of_them(pattern: str) -> None:
    compiled, (accepted, refused) = glob(pattern), GLOBS[pattern]
    assert [text for text in accepted if not compiled.matches(text)] == []
    assert [text for text in refused if compiled.matches(text)] == []


@pytest.mark.parametrize("pattern", REGEXES)
def test_regular_expressions_match_anywhere_unless_they_are_anchored(pattern: str) -> None:
    compiled, (accepted, refused) = regex(pattern), REGEXES[pattern]
    assert [text for text in accepted if not compiled.matches(text)] == []
    assert [text for text in refused if compiled.matches(text)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        *("(a", "a)", "*a", "a{999}", "a{3,2}", "[a", "[b-a]", "\\", "(?=x)a", "(?<a>b)", "\\bx", "\\1", "(" * 99),
        "(a{99}){99}",
        "a" * (MAX_PATTERN_CHARS + 1),
    ],
)
def test_other_regular_expressions_are_errors(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        regex(pattern)


@pytest.mark.parametrize("pattern", ["!a", "@(a|b)", "+(a)", "a(b)", "{a", "[a", "{" * 99, "a\\"])
def test_other_globs_are_errors(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        glob(pattern)


atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\.", "(?:ab|b)", "^", "$"])
patterns = st.recursive(
    st.lists(st.tuples(atoms, st.sampled_from(["", "*", "+", "?", "{2}", "{1,2}"])), max_size=4).map(
        lambda pieces: "".join(atom if atom in "^$" else atom + count for atom, count in pieces)
    ),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda those: f"(?:{'|'.join(those)})*"),
    max_leaves=6,
)


@given(patterns, st.lists(st.text("ab.c", max_size=6), max_size=8))
def test_they_agree_with_a_backtracking_engine(pattern: str, texts: list[str]) -> None:
    searching, whole, reference = regex(pattern), regex(pattern, search=False), re.compile(pattern)
    for text in texts:
        assert searching.matches(text) is (reference.search(text) is not None)
        assert whole.matches(text) is (reference.fullmatch(text) is not None)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_pattern_is_compiled_or_an_error(pattern: str, text: str) -> None:
    for compile_pattern in (regex, glob):
        try:
            compiled = compile_pattern(pattern)
        except ValueError:
            continue
        assert compiled.matches(text) in {True, False}


def test_what_makes_others_backtrack_is_answered_at_once() -> None:
    assert not regex("^(a+)+$").matches("a" * 50_000 + "b")
    assert not glob("/**/a/**/a/**/a/**/b").matches("/a" * 20_000)


@pytest.mark.parametrize("pattern", [".*a.{200}b$", "^(?:.{0,250}a){4}b", "(a|b|.){1,255}x", ".*a.{250}.{250}.{250}c"])
def test_a_match_is_linear_in_the_text_even_if_no_step_repeats(pattern: str) -> None:
    compiled, random = regex(pattern), Random(1)
    text = "".join(random.choice("ab") for _ in range(16_000))

    def work(length: int) -> int:
        fresh = regex(pattern)
        return calls_of(lambda: fresh.matches(text[:length]))

    short, long = work(4_000), work(16_000)
    assert long <= 4.5 * short + 1_000
    compiled.matches(text)
    assert len(compiled._steps) <= 5_000


def test_large_patterns_are_refused() -> None:
    for pattern in ("(?:a{255}){255}", "(?:(?:a{9}){9}){99}", "a{999}", "(" * 40 + ")" * 40, "[" + "a-z" * 800 + "]"):
        with pytest.raises(ValueError, match="pattern"):
            regex(pattern)
