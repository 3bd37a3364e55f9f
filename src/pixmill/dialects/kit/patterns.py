"""Globs and regular expressions of operators, matched in linear time: a set of states advances with each character.

Both are compiled to one automaton. Its steps are cached, as in a lazily built DFA, so that a match costs one dictionary
look-up per character. Knows no dialect. Patterns come from the configuration, texts from clients: ``re`` would
backtrack on them.

The syntax of regular expressions is that of JavaScript without look-ahead, look-behind, back-references, word
boundaries and flags. Of look-ahead only the forms that picomatch puts into globs are understood, against empty texts,
hidden names and dot segments: canonical URLs have no dot segments.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

MAX_PATTERN_CHARS: Final = 2_048
MAX_STATES: Final = 4_096
"""Of a pattern: a step that is not cached takes time in proportion, and a cached one a kilobyte at most."""
MAX_REPEAT: Final = 255
_MAX_DEPTH: Final = 32
_MAX_CACHED_STEPS: Final = 5_000
_MAX_RANGE: Final = 4_096

Key = TypeVar("Key")
Value = TypeVar("Value")

_DIGITS: Final = frozenset("0123456789")
_WORD: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_SPACE: Final = frozenset(" \t\n\r\v\f\u00a0\ufeff\u2028\u2029")
_LINE_ENDS: Final = frozenset("\n\r\u2028\u2029")
_CLASS_ESCAPES: Final = {
    "d": (_DIGITS, False),
    "D": (_DIGITS, True),
    "w": (_WORD, False),
    "W": (_WORD, True),
    "s": (_SPACE, False),
    "S": (_SPACE, True),
}
_CONTROL_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "f": "\f", "0": "\0"}

_NO_OP_LOOKAHEADS: Final = (
    r"(?!\.{1,2}(?:\/|$))",
    r"(?!(?:\/|^)\.{1,2}(?:\/|$))",
    r"(?!(?:^|\/)\.{1,2}(?:\/|$))",
    r"(?!(?:^|\/)\.)",
    r"(?!(?:\/|^)\.)",
    r"(?!\.)",
)
_NOT_AT_END: Final = "(?=.)"
_MORE: Final = "more"
_AT_START: Final = frozenset("^")
_AT_END: Final = frozenset("$")
_HAS_MORE: Final = frozenset((_MORE,))
_NEITHER_END: Final[frozenset[str]] = frozenset()
_SHORT: Final = re.compile(r"(?:\*{1,2}/)?\*{1,2}(?:\.\w+)*", re.ASCII)
_EXTENSIONS: Final = re.compile(r"(?:\.\w+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Chars:
    """A set of characters, or all but these."""

    chars: frozenset[str]
    negated: bool = False

    def __contains__(self, char: object) -> bool:
        return (char in self.chars) != self.negated


@dataclass(slots=True)
class _State:
    """A state: consumes one of ``chars`` to ``then[0]``, or passes on to all of ``then`` if ``condition`` holds."""

    then: list[int]
    chars: "_Chars | None" = None
    condition: str = ""


class LinearPattern:
    """A compiled pattern; ``matches`` takes time linear in the text.

    A set of states is a number with a bit for each, so that one operation advances all of them.
    """

    def __init__(self, states: list[_State], start: int, end: int, *, search: bool) -> None:
        """``search``: the pattern may match anywhere in the text, else it must match all of it."""
        self._states, self._search = states, search
        self._start, self._end = 1 << start, 1 << end
        self._jumps: dict[frozenset[str], tuple[tuple[int, int], ...]] = {}
        self._initial = self._closure(self._start, _AT_START)
        self._consuming: dict[str, int] = {}
        self._steps: dict[tuple[int, str], int] = {}

    def matches(self, text: str) -> bool:
        """Return whether the text matches."""
        states, steps, end = self._initial, self._steps, self._end
        if not text:
            return bool(self._end & self._closure(self._start, _AT_START | _AT_END))
        for char in text:
            if self._search and end & states:
                return True
            following = steps.get((states, char))
            if following is None:
                following = self._step(states, char)
            if not following:
                return False
            states = following
        return bool(end & self._closure(states, _AT_END))

    def _step(self, states: int, char: str) -> int:
        consuming = self._consuming.get(char)
        if consuming is None:
            consuming = sum(
                1 << at for at, one in enumerate(self._states) if one.chars is not None and char in one.chars
            )
            _remember(self._consuming, char, consuming)
        targets = (self._closure(states, _HAS_MORE) & consuming) >> 1  # where ``consume`` puts them
        following = self._closure(targets | self._start if self._search else targets, _NEITHER_END)
        _remember(self._steps, (states, char), following)
        return following

    def _closure(self, states: int, holds: frozenset[str]) -> int:
        """Return the states that are reached without consuming a character, under the conditions that hold here."""
        jumps = self._jumps.get(holds)
        if jumps is None:
            jumps = self._jumps[holds] = self._jumps_under(holds)
        before = -1
        while states != before:
            before = states
            for sources, distance in jumps:
                if moving := states & sources:
                    states |= moving << distance if distance > 0 else moving >> -distance
        return states

    def _jumps_under(self, holds: frozenset[str]) -> tuple[tuple[int, int], ...]:
        """Return the states that pass on under these conditions, by how far they do."""
        sources: dict[int, int] = {}
        for at, state in enumerate(self._states):
            if state.chars is None and (not state.condition or state.condition in holds):
                for target in state.then:
                    sources[target - at] = sources.get(target - at, 0) | 1 << at
        return tuple((states, distance) for distance, states in sources.items())


def _remember(cache: dict[Key, Value], key: Key, value: Value) -> None:
    if len(cache) >= _MAX_CACHED_STEPS:
        cache.clear()
    cache[key] = value


class _Builder:
    """Builds the automaton: each method appends states from ``start`` and returns the state where they end."""

    def __init__(self) -> None:
        self.states: list[_State] = []

    def new(self, *then: int, chars: _Chars | None = None, condition: str = "") -> int:
        if len(self.states) >= MAX_STATES:
            raise ValueError("the pattern is too large")
        self.states.append(_State(list(then), chars, condition))
        return len(self.states) - 1

    def consume(self, start: int, chars: _Chars) -> int:
        """Consume a character: the state that does stands right behind the one that it leads to."""
        end = self.new()
        self.states[start].then.append(self.new(end, chars=chars))
        return end

    def check(self, start: int, condition: str) -> int:
        end = self.new()
        self.states[start].then.append(self.new(end, condition=condition))
        return end

    def repeat(self, start: int, piece: "Callable[[int], int]", least: int, most: int | None) -> int:
        for _ in range(least):
            start = piece(start)
        if most is None:
            entry, end = self.new(), self.new()
            self.states[start].then.append(entry)
            last = piece(entry)
            self.states[last].then.append(entry)
            self.states[entry].then.append(end)
            return end
        end = self.new()
        for _ in range(most - least):
            self.states[start].then.append(end)
            entry = self.new()
            self.states[start].then.append(entry)
            start = piece(entry)
        self.states[start].then.append(end)
        return end

    def alternatives(self, start: int, pieces: "list[_Piece]") -> int:
        end = self.new()
        for piece in pieces:
            entry = self.new()
            self.states[start].then.append(entry)
            self.states[piece(self, entry)].then.append(end)
        return end


_Piece = Callable[[_Builder, int], int]


def regex(text: str, *, search: bool = True) -> LinearPattern:
    """Compile a regular expression. Raises ValueError with a message for the operator."""
    return _compile(_RegexReader(text).read(), search=search)


def glob(text: str) -> LinearPattern:
    """Compile a glob for all of a text, with the meaning of picomatch.

    ``*`` is any text without a slash, not empty where it is all of a segment; ``**`` between slashes is any number of
    segments; ``?`` is one character, ``[ab]`` one of these, ``{a,b}`` one of these texts. Raises ValueError.
    """
    return regex(glob_source(text), search=False)


def _compile(piece: _Piece, *, search: bool) -> LinearPattern:
    builder = _Builder()
    start = builder.new()
    end = builder.new()
    builder.states[piece(builder, start)].then.append(end)
    return LinearPattern(builder.states, start, end, search=search)


def _sequence(pieces: list[_Piece]) -> _Piece:
    def build(builder: _Builder, start: int) -> int:
        for piece in pieces:
            start = piece(builder, start)
        return start

    return build


def _one(chars: _Chars) -> _Piece:
    return lambda builder, start: builder.consume(start, chars)


def _condition(name: str) -> _Piece:
    return lambda builder, start: builder.check(start, name)


def _repetition(piece: _Piece, least: int, most: int | None) -> _Piece:
    return lambda builder, start: builder.repeat(start, lambda entry: piece(builder, entry), least, most)


def _either(pieces: list[_Piece]) -> _Piece:
    return lambda builder, start: builder.alternatives(start, pieces)


def _literal(char: str) -> _Chars:
    return _Chars(frozenset(char))


_ANY: Final = _Chars(_LINE_ENDS, negated=True)


class _Reader:
    """A position in the text of a pattern."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_PATTERN_CHARS:
            raise ValueError(f"a pattern has at most {MAX_PATTERN_CHARS} characters")
        self.text = text
        self.at = 0
        self.depth = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        char = self.peek()
        if not char:
            raise self.error("it ends early")
        self.at += 1
        return char

    def skip(self, token: str) -> bool:
        found = self.text.startswith(token, self.at)
        self.at += len(token) * found
        return found

    def error(self, reason: str) -> ValueError:
        return ValueError(f"pattern {self.text[:80]!r}: {reason} (at character {self.at + 1})")

    def read_class(self) -> _Chars:
        """Read a character class behind its opening bracket."""
        negated = self.skip("^")
        chars: set[str] = set()
        while not self.skip("]"):
            first = self._class_member()
            if isinstance(first, _Chars):
                chars |= self._members(first)
            elif self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at):
                self.at += 1
                chars |= self._range(first, self._class_member())
            else:
                chars.add(first)
        return _Chars(frozenset(chars), negated)

    def _members(self, chars: _Chars) -> frozenset[str]:
        if chars.negated:
            raise self.error("a negated class inside a class is not supported")
        return chars.chars

    def _class_member(self) -> "str | _Chars":
        char = self.take()
        return self.read_escape() if char == "\\" else char

    def _range(self, first: str, last: "str | _Chars") -> set[str]:
        if isinstance(last, _Chars) or not 0 <= ord(last) - ord(first) <= _MAX_RANGE:
            raise self.error("the range of the class is not valid")
        return {chr(code) for code in range(ord(first), ord(last) + 1)}

    def read_escape(self) -> "str | _Chars":
        """Read what follows a backslash."""
        char = self.take()
        if char in _CLASS_ESCAPES:
            return _Chars(*_CLASS_ESCAPES[char])
        if char in _CONTROL_ESCAPES:
            return _CONTROL_ESCAPES[char]
        if char in "xu":
            digits = self.text[self.at : self.at + (2 if char == "x" else 4)]
            self.at += len(digits)
            if len(digits) not in {2, 4} or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
                raise self.error(f"\\{char} needs hexadecimal digits")
            return chr(int(digits, 16))
        if char.isalnum() and char.isascii():
            raise self.error(f"\\{char} is not supported")
        return char


class _RegexReader(_Reader):
    def read(self) -> _Piece:
        piece = self._alternatives()
        if self.at < len(self.text):
            raise self.error("there is a ) too many")
        return piece

    def _alternatives(self) -> _Piece:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.error("groups are nested too deeply")
        pieces = [self._branch()]
        while self.skip("|"):
            pieces.append(self._branch())
        self.depth -= 1
        return pieces[0] if len(pieces) == 1 else _either(pieces)

    def _branch(self) -> _Piece:
        pieces: list[_Piece] = []
        while self.peek() not in {"", "|", ")"}:
            if not self._skip_lookahead(pieces):
                pieces.append(self._quantified(self._atom()))
        return _sequence(pieces)

    def _skip_lookahead(self, pieces: list[_Piece]) -> bool:
        if self.skip(_NOT_AT_END):
            pieces.append(_condition(_MORE))
            return True
        return any(self.skip(token) for token in _NO_OP_LOOKAHEADS)

    def _atom(self) -> _Piece:
        char = self.take()
        if char == "(":
            return self._group()
        if char == "[":
            return _one(self.read_class())
        if char == ".":
            return _one(_ANY)
        if char in {"^", "$"}:
            return _condition(char)
        if char == "\\":
            escaped = self.read_escape()
            return _one(escaped if isinstance(escaped, _Chars) else _literal(escaped))
        if char in {"*", "+", "?"}:
            raise self.error("there is nothing to repeat")
        return _one(_literal(char))

    def _group(self) -> _Piece:
        if self.skip("?") and not self.skip(":"):
            raise self.error("look-ahead, look-behind and named groups are not supported")
        piece = self._alternatives()
        if not self.skip(")"):
            raise self.error("a group is not closed")
        return piece

    def _quantified(self, piece: _Piece) -> _Piece:
        least: int = 0
        most: int | None = None
        if self.skip("*"):
            pass
        elif self.skip("+"):
            least = 1
        elif self.skip("?"):
            most = 1
        elif self._is_count():
            least, most = self._count()
        else:
            return piece
        self.skip("?")  # whether a match is short or long makes no difference here
        return _repetition(piece, least, most)

    def _is_count(self) -> bool:
        end = self.text.find("}", self.at)
        if self.peek() != "{" or end < 0:
            return False
        first, _, last = self.text[self.at + 1 : end].partition(",")
        return first.isdecimal() and (last.isdecimal() or not last)

    def _count(self) -> tuple[int, int | None]:
        end = self.text.index("}", self.at)
        first, comma, last = self.text[self.at + 1 : end].partition(",")
        if len(first) > 3 or len(last) > 3:  # noqa: PLR2004 - digits of MAX_REPEAT
            raise self.error(f"a repetition is at most {MAX_REPEAT}")
        least = int(first)
        most = int(last) if last else None if comma else least
        if least > MAX_REPEAT or (most is not None and not least <= most <= MAX_REPEAT):
            raise self.error(f"a repetition is at most {MAX_REPEAT}, and from small to large")
        self.at = end + 1
        return least, most


class _GlobReader(_Reader):
    """Translates a glob into the regular expression that picomatch makes of it; its extended patterns are errors."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._output: list[str] = []
        self._ends_in_wildcard = False

    def read(self) -> str:
        if self.peek() == "!":
            raise self.error("negated patterns are not supported")
        while self.peek():
            self._read_token()
        if self.depth:
            raise self.error("braces are not closed")
        may_end_in_slash = self._ends_in_wildcard or _SHORT.fullmatch(self.text)
        return "".join(self._output) + ("/?" if may_end_in_slash else "")

    def _read_token(self) -> None:
        start = self.at
        self._ends_in_wildcard = self.peek() in {"*", "["}
        if self.skip("**"):
            self._globstar(start)
            return
        char = self.take()
        if char in "()|" or (char in "?*+@!" and self.peek() == "("):
            raise self.error("extended patterns are not supported; write {a,b} for alternatives")
        if char == "*":
            self._output.append(f"{_NOT_AT_END if self._is_segment_start(start) else ''}[^/]*")
        elif char == "?":
            self._output.append("[^/]")
        elif char == "[":
            self.skip("!") or self.skip("^")
            self.read_class()
            self._output.append(self.text[start : self.at].replace("[!", "[^", 1))
        elif char in "{,}" and (char == "{" or self.depth):
            self._brace(char)
        else:
            self._output.append(_escaped(self.take() if char == "\\" else char))

    def _is_segment_start(self, at: int) -> bool:
        return at == 0 or self.text[at - 1] == "/"

    def _globstar(self, start: int) -> None:
        while self.peek() == "*":
            self.at += 1
        if not self._is_segment_start(start):
            self._output.append("[^/]*")
            return
        while self.text.startswith("/**", self.at) and self.text[self.at + 3 : self.at + 4] in {"", "/"}:
            self.at += 3
        following, is_first = self.peek(), start == 0
        if start > 1 and (following == "/" or (not following and self.text[start - 2] != "*")):
            self._output.pop()  # the slash before it
            self._output.append("(?:/.*/|/)" if following else "(?:/.*|$)")
            self.at += len(following)
        elif is_first and following == "/":
            self._output.append("(?:.*/|/|)")
            self.at += 1
        elif following in {"", "/"} or (is_first and _EXTENSIONS.fullmatch(self.text[self.at :])):
            self._output.append(".*")
        else:
            self._output.append("[^/]*")

    def _brace(self, char: str) -> None:
        self.depth += (char == "{") - (char == "}")
        if self.depth > _MAX_DEPTH:
            raise self.error("braces are nested too deeply")
        self._output.append({"{": "(?:", ",": "|", "}": ")"}[char])


def glob_source(text: str) -> str:
    """Return the regular expression for all of a text that a glob stands for. Raises ValueError."""
    return _GlobReader(text).read()


def _escaped(char: str) -> str:
    return char if char.isalnum() or char in "/-_ " or not char.isascii() else f"\\{char}"
