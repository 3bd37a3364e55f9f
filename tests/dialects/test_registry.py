import pytest

from pixmill.dialects.native.dialect import NativeDialect, parse
from pixmill.dialects.registry import DialectRegistry
from pixmill.errors import RouteNotFound
from pixmill.plan.ops import Plan
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind, SourceRef


class Thumbs:
    """A dialect of one path, ``/thumb/NAME``."""

    name = "thumbs"

    def matches(self, path: bytes) -> bool:
        return path.startswith(b"/thumb/")

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> ImageRequest:
        name = path.removeprefix(b"/thumb/") + query
        return ImageRequest(SourceRef(SourceKind.UPLOAD if upload else SourceKind.PATH, name.decode()), Plan())


REGISTRY = DialectRegistry([NativeDialect(), Thumbs()])


def test_a_url_goes_to_the_dialect_that_speaks_it() -> None:
    assert REGISTRY.parse(b"/resize", b"url=a.jpg") == parse(b"/resize", b"url=a.jpg")
    assert REGISTRY.parse(b"/thumb/a.jpg", b"").source.text == "a.jpg"


def test_the_dialect_is_told_that_the_original_comes_with_the_request() -> None:
    assert REGISTRY.parse(b"/resize", b"w=5", upload=True).source.kind is SourceKind.UPLOAD


def test_a_url_that_nobody_speaks_is_no_route() -> None:
    with pytest.raises(RouteNotFound):
        REGISTRY.parse(b"/elsewhere", b"url=a.jpg")
