"""Reads chains of transformations: ``Crop,rect=(0,0,100,100);Resize=(300,200),aspect=fill``.

Knows texts; must never know what a transformation does. Time is linear: each character is read once.
"""

from typing import Final, NamedTuple, Union

MAX_CHAIN_CHARS: Final = 8_192
MAX_TRANSFORMS: Final = 32
MAX_DEPTH: Final = 6
MAX_ITEMS: Final = 256
"""Of one transformation, or of one pair of parentheses."""


class Item(NamedTuple):
    """One of several values: its name, empty if it has none, and the value, None for a name alone."""

    name: str
    value: Union[str, "Group", None]


Group = tuple[Item, ...]
"""What stands in parentheses."""

Value = str | Group | None


class Call(NamedTuple):
    """A transformation: its name as it is written, the value behind it, and its arguments."""

    name: str
    short: Value
    items: Group


def read_chain(text: str) -> tuple[Call, ...]:
    """Read a chain; empty transformations, as behind a final semicolon, are left out. Raises ValueError."""
    if len(text) > MAX_CHAIN_CHARS:
        raise ValueError(f"has more than {MAX_CHAIN_CHARS} characters")
    return _Reader(text).read()


def call_of(items: Group) -> Call:
    """Return the transformation whose items these are. Raises ValueError."""
    if not items:
        raise ValueError("has a transformation without a name")
    first, *others = items
    if first.name:
        return Call(first.name, first.value, tuple(others))
    if isinstance(first.value, str):
        return Call(first.value, None, tuple(others))
    raise ValueError("has a transformation without a name")


class _Reader:
    """A position in the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read(self) -> tuple[Call, ...]:
        calls: list[Call] = []
        while self._at < len(self._text):
            items = self._items(";", 0)
            self._skip(";")
            if items:
                calls.append(call_of(items))
            if len(calls) > MAX_TRANSFORMS:
                raise ValueError(f"has more than {MAX_TRANSFORMS} transformations")
        return tuple(calls)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip(self, char: str) -> bool:
        found = self._peek() == char
        self._at += found
        return found

    def _skip_spaces(self) -> None:
        while self._peek() == " ":
            self._at += 1

    def _items(self, end: str, depth: int) -> Group:
        """Read items up to ``end``, which stays."""
        if depth > MAX_DEPTH:
            raise ValueError(f"has parentheses more than {MAX_DEPTH} deep")
        items: list[Item] = []
        while True:
            item = self._item(end, depth)
            if item is not None:
                items.append(item)
            if len(items) > MAX_ITEMS:
                raise ValueError(f"has more than {MAX_ITEMS} values in one place")
            if not self._skip(","):
                break
        if self._peek() not in ("", end) or (end == ")" and not self._peek()):
            raise ValueError("has parentheses that do not match")
        return tuple(items)

    def _item(self, end: str, depth: int) -> Item | None:
        """Read ``name=value``, ``name(…)``, or a value alone; None for nothing."""
        self._skip_spaces()
        if self._peek() in {"(", '"', "'"}:
            return Item("", self._value(depth))
        start = self._at
        while self._peek() not in {"", ",", ";", "=", "(", ")"}:
            self._at += 1
        name = self._text[start : self._at].strip()
        if self._peek() == "(":
            return Item(name, self._value(depth))
        if self._skip("="):
            return Item(name, self._value(depth))
        if self._peek() == ";" and end != ";":
            raise ValueError("has a semicolon in parentheses")
        return Item("", name) if name else None

    def _value(self, depth: int) -> str | Group:
        self._skip_spaces()
        quote = self._peek()
        if quote == "(":
            self._at += 1
            items = self._items(")", depth + 1)
            self._at += 1
            self._skip_spaces()
            return items
        if quote in {'"', "'"} and quote:
            return self._quoted(quote)
        return self._bare()

    def _quoted(self, quote: str) -> str:
        end = self._text.find(quote, self._at + 1)
        if end < 0:
            raise ValueError("has a quotation mark without its pair")
        found = self._text[self._at + 1 : end]
        self._at = end + 1
        self._skip_spaces()
        return found

    def _bare(self) -> str:
        """Read up to a comma, a semicolon or a closing parenthesis; pairs of parentheses belong to the value."""
        start, open_pairs = self._at, 0
        while (char := self._peek()) and not (open_pairs == 0 and char in {",", ";", ")"}):
            open_pairs += (char == "(") - (char == ")")
            self._at += 1
        if open_pairs:
            raise ValueError("has parentheses that do not match")
        return self._text[start : self._at].strip()
