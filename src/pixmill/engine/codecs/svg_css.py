"""Sanitises CSS by its tokens (CSS Syntax Module Level 3, section 4): removes references outside the document.

Everything else stays as it is written. Not tinycss2: its tokens have no end, it reads data URLs character by character,
and it serialises recursively; the tests compare this tokenizer with it. Must never know what a reference may point to.
Parses untrusted data: one pass, linear.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

UrlFilter = Callable[[str], str | None]
"""Returns the URL to write, or None if it may not be loaded."""

_SPACE: Final = r"[ \t\r\n\f]"
_ESCAPE: Final = rf"\\(?:[0-9a-fA-F]{{1,6}}(?:\r\n|{_SPACE})?|[^0-9a-fA-F\r\n\f]|\Z)"
_STRING: Final = (
    r'"(?:[^"\\\r\n\f]|\\(?:\r\n|[\s\S])?)*+"?'
    r"|'(?:[^'\\\r\n\f]|\\(?:\r\n|[\s\S])?)*+'?"
)
_TOKEN: Final = re.compile(
    rf"(?P<comment>/\*(?:[^*]|\*(?!/))*+(?:\*/)?)"
    rf"|(?P<string>{_STRING})"
    rf"|(?P<word>[#@]?(?:[-\w\x80-\U0010ffff]|{_ESCAPE})++)"
    rf"|(?P<bracket>[(){{}}\[\];])"
    rf"|(?P<other><!--|[ \t\r\n\f:,.>+*~=!%&$|^]++|[\s\S])",
    re.ASCII,
)
_SKIPPED: Final = re.compile(rf"(?:{_SPACE}|/\*(?:[^*]|\*(?!/))*+(?:\*/)?)*+")
_QUOTED_ARGUMENT: Final = re.compile(rf"\({_SPACE}*+({_STRING})")
_QUOTED_URL_END: Final = re.compile(rf"{_SPACE}*+(?:\)|\Z)")
_UNQUOTED_ARGUMENT: Final = re.compile(rf"\({_SPACE}*+(?![\"'])((?:[^)\\]|\\[\s\S]?)*+)\)?")
_GOOD_URL: Final = re.compile(rf"((?:[^\"'()\\\x00-\x20\x7f]|{_ESCAPE})*+){_SPACE}*+", re.ASCII)
_PLAIN_WORD: Final = re.compile(r"[#@]?-?[A-Za-z_][-\w]*", re.ASCII)
_ESCAPED: Final = re.compile(rf"\\(?:([0-9a-fA-F]{{1,6}})(?:\r\n|{_SPACE})?|(\r\n|[\r\n\f])|([\s\S])|\Z)")
_LOADING_FUNCTIONS: Final = frozenset({"image", "image-set", "-webkit-image-set", "src"})
"""Functions whose strings, also those of custom properties, are URLs."""
_NO_FUNCTION: Final = "none"
_RISKY: Final = re.compile(r"\\|/\*|@(?:import|namespace)|(?:url|src|image|image-set)\(", re.IGNORECASE)
"""What a text has that needs to be read token by token."""
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_BAD_URL: Final = "url(()"
"""What makes the declaration invalid, as the URL that it replaces did."""
_NO_URL: Final = "data:,#-"
"""An empty file: as an image or a gradient that cannot be loaded, so that a fallback colour counts. (Without a
fragment, librsvg refuses the whole value; a fragment alone as an image makes browsers load the document again.)"""
_MAX_CODE_POINT: Final = 0x10FFFF


def sanitise_css(css: str, allowed_url: UrlFilter, allowed_import: UrlFilter) -> str:
    """Sanitise a style sheet, a list of declarations or a value."""
    return _Sanitiser(css, allowed_url, allowed_import).run() if _RISKY.search(css) else css


class _Url(NamedTuple):
    """A URL and the position behind it."""

    value: str
    end: int


class _Sanitiser:
    """Copies tokens. ``_closing`` are the brackets that close those that are open."""

    def __init__(self, css: str, allowed_url: UrlFilter, allowed_import: UrlFilter) -> None:
        self._css, self._at = css, 0
        self._allowed_url, self._allowed_import = allowed_url, allowed_import
        self._output: list[str] = []
        self._closing: list[str] = []

    def run(self) -> str:
        while text := self._next():
            self._output.append(text)
        return "".join(self._output)

    def _next(self) -> str:
        """Read one token; return what is written for it. Empty at the end only."""
        match = _TOKEN.match(self._css, self._at)
        if match is None:
            return ""
        self._at = match.end()
        text = match[0]
        match match.lastgroup:
            case "comment":
                return "/**/"
            case "word":
                return self._word(text)
            case "bracket":
                self._track(text)
        return text

    def _track(self, bracket: str) -> None:
        if closing := _CLOSING.get(bracket):
            self._closing.append(closing)
        elif self._closing and self._closing[-1] == bracket:
            self._closing.pop()

    def _word(self, text: str) -> str:
        name = unescape(text) if "\\" in text else text
        if "\\" in text and _PLAIN_WORD.fullmatch(name):
            text = name  # so that what counts properties, classes and functions finds them
        lower_name = name.lower()
        if lower_name == "@import":
            return self._import()
        if lower_name == "@namespace":
            return text + self._namespace()
        if not self._css.startswith("(", self._at):
            return text
        if lower_name == "url":
            return self._url()
        return _NO_FUNCTION if lower_name in _LOADING_FUNCTIONS else text

    def _url(self) -> str:
        """Read what follows the name of the function."""
        if quoted := _QUOTED_ARGUMENT.match(self._css, self._at):
            self._at = quoted.end()
            self._closing.append(")")
            url = _string_value(quoted[1])
            if not _is_closed(quoted[1]) and self._at < len(self._css):  # a string that a line end makes invalid
                return f"{_NO_FUNCTION}{quoted[0]}"  # another string may follow
            allowed = self._allowed_url(url)
            if allowed == url and "\\" not in quoted[1]:
                return f"url{quoted[0]}"
            return f"url({_quote(_NO_URL if allowed is None else allowed)}"
        argument = _UNQUOTED_ARGUMENT.match(self._css, self._at)
        if argument is None:  # a quotation mark follows, which is read above
            raise AssertionError(self._css[self._at : self._at + 9])
        self._at = argument.end()
        good = _GOOD_URL.fullmatch(argument[1])
        if good is None:
            return _BAD_URL
        url = unescape(good[1])
        allowed = self._allowed_url(url)
        if allowed == url and "\\" not in good[1]:
            return f"url({url})"
        return f"url({_NO_URL})" if allowed is None else f"url({_quote(allowed)})"

    def _import(self) -> str:
        """Import what is allowed; skip the rule otherwise."""
        url = self._read_url()
        allowed = self._allowed_import(url.value) if url else None
        if url and allowed is not None:
            self._at = url.end
            return f"@import url({_quote(allowed)})"
        level = len(self._closing)
        while match := _TOKEN.match(self._css, self._at):
            is_open = len(self._closing) > level
            if not is_open and match[0] == "}" and self._closing[-1:] == ["}"]:
                break
            self._skip(match)
            if len(self._closing) == level and (match[0] == ";" or (is_open and match[0] == "}")):
                break
        return "/**/"

    def _skip(self, match: re.Match[str]) -> None:
        self._at = match.end()
        if match.lastgroup == "bracket":
            self._track(match[0])
        elif unescape(match[0]).lower() == "url" and self._css.startswith("(", self._at):
            self._url()

    def _namespace(self) -> str:
        """Keep the name of a namespace, which is not loaded."""
        start = self._at
        prefix = _TOKEN.match(self._css, self._skipped(start))
        if prefix and prefix.lastgroup == "word" and not self._css.startswith("(", prefix.end()):
            self._at = prefix.end()
        url = self._read_url()
        between = self._css[start : self._at]
        if url is None or _RISKY.search(between):
            self._at = start
            return ""
        written = self._css[self._at : url.end]
        self._at = url.end
        return between + (written if written.endswith(("'", '"')) else f" {_quote(url.value)}")

    def _read_url(self) -> _Url | None:
        """Read a string or ``url(…)`` from here, behind spaces and comments, without consuming it."""
        match = _TOKEN.match(self._css, self._skipped(self._at))
        if match and match.lastgroup == "string":
            return _Url(_string_value(match[0]), match.end())
        if match is None or match.lastgroup != "word" or unescape(match[0]).lower() != "url":
            return None
        if quoted := _QUOTED_ARGUMENT.match(self._css, match.end()):
            end = _QUOTED_URL_END.match(self._css, quoted.end())
            return _Url(_string_value(quoted[1]), end.end()) if end else None
        argument = _UNQUOTED_ARGUMENT.match(self._css, match.end())
        good = _GOOD_URL.fullmatch(argument[1]) if argument else None
        return _Url(unescape(good[1]), argument.end()) if argument and good else None

    def _skipped(self, at: int) -> int:
        match = _SKIPPED.match(self._css, at)
        return match.end() if match else at


def unescape(text: str) -> str:
    """Replace the escapes of a name, a string or a URL by what they stand for."""
    return _ESCAPED.sub(_unescaped, text) if "\\" in text else text


def _unescaped(match: re.Match[str]) -> str:
    if not match[1]:
        return "" if match[2] else match[3] or "\ufffd"
    code = int(match[1], 16)
    return "\ufffd" if code in (0, *range(0xD800, 0xE000)) or code > _MAX_CODE_POINT else chr(code)


def _is_closed(string: str) -> bool:
    body = string[1:]
    if not body.endswith(string[0]):
        return False
    backslashes = len(body[:-1]) - len(body[:-1].rstrip("\\"))
    return backslashes % 2 == 0


def _string_value(string: str) -> str:
    body = string[1:-1] if _is_closed(string) else string[1:].removesuffix("\\")
    return unescape(body)


def _quote(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\r\n\f]", lambda match: f"\\{ord(match[0]):x} ", escaped) + '"'
