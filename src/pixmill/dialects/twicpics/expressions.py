"""Arithmetic in parentheses, ``(5*(7+2)/3)``, computed exactly. Knows text and numbers only.

A text is read once from left to right; its length, its depth and its numbers are bounded.
"""

import re
from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.numbers import decimal

_MAX_CHARS: Final = 64
_MAX_DEPTH: Final = 8
_PIECE: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?|[-+*/()]")


def evaluate(text: str) -> Fraction:
    """Compute an expression. Raises ValueError."""
    pieces = _PIECE.findall(text) if len(text) <= _MAX_CHARS else []
    if not pieces or "".join(pieces) != text.replace(" ", ""):
        raise ValueError("not an expression")
    expression = _Expression(pieces)
    value = expression.sum(0)
    if expression.next:
        raise ValueError("not an expression")
    return value


class _Expression:
    """The pieces of an expression, and how far it has been read."""

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces[::-1]

    @property
    def next(self) -> str:
        """The next piece, empty at the end."""
        return self._pieces[-1] if self._pieces else ""

    def _take(self) -> str:
        return self._pieces.pop() if self._pieces else ""

    def sum(self, depth: int) -> Fraction:
        value = self._product(depth)
        while self.next in ("+", "-"):
            value = value + self._product(depth) if self._take() == "+" else value - self._product(depth)
        return value

    def _product(self, depth: int) -> Fraction:
        value = self._factor(depth)
        while self.next in ("*", "/"):
            if self._take() == "*":
                value *= self._factor(depth)
                continue
            divisor = self._factor(depth)
            if not divisor:
                raise ValueError("divided by 0")
            value /= divisor
        return value

    def _factor(self, depth: int) -> Fraction:
        piece = self._take()
        if piece not in ("-", "("):
            return decimal(piece)
        if depth >= _MAX_DEPTH:
            raise ValueError("too many parentheses")
        if piece == "-":
            return -self._factor(depth + 1)
        value = self.sum(depth + 1)
        if self._take() != ")":
            raise ValueError("a parenthesis is not closed")
        return value
