"""Who speaks this URL? The dialects are asked in order, the first that does parses it.

Knows no dialect: ``wiring.py`` says which there are.
"""

from collections.abc import Iterable
from typing import Protocol

from pixmill.errors import RouteNotFound
from pixmill.plan.request import ImageRequest


class Dialect(Protocol):
    """A grammar of URLs; a pure function over the URL as it was sent."""

    name: str

    def matches(self, path: bytes) -> bool:
        """Whether the path is of this dialect, well-formed or not."""

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> ImageRequest:
        """What the URL asks for; ``upload`` when the original comes with the request.

        Any bytes at all give an ImageRequest or raise BadRequest, in time linear in their number.
        """


class DialectRegistry:
    """The dialects of a server."""

    def __init__(self, dialects: Iterable[Dialect]) -> None:
        self._dialects = tuple(dialects)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> ImageRequest:
        """What the URL asks for, in the first dialect that speaks it. Raises BadRequest, of it NoSuchRoute if none does."""
        for dialect in self._dialects:
            if dialect.matches(path):
                return dialect.parse(path, query, upload=upload)
        raise RouteNotFound
