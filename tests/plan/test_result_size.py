"""The size of a result, without its pixels."""

import pytest
from msgspec.structs import replace

from pixmill.dialects.native.dialect import parse
from pixmill.media import Format
from pixmill.plan.facts import Facts
from pixmill.plan.limits import DEFAULT_LIMITS
from pixmill.plan.result_size import result_size

PHOTO = Facts(Format.JPEG, 600, 400, 1, False, 1, "rgb", "", 1000)
TURNED = replace(PHOTO, orientation=6)
ANIMATION = replace(PHOTO, format=Format.GIF, frames=5)
DRAWING = replace(PHOTO, format=Format.SVG)


@pytest.mark.parametrize(
    ("facts", "query", "size"),
    [
        (PHOTO, "", (600, 400)),
        (PHOTO, "width=300", (300, 200)),
        (PHOTO, "width=300&then=rotate%3D90", (200, 300)),
        (PHOTO, "width=1200", (600, 400)),
        (PHOTO, "trim=10", None),
        (PHOTO, "then=trim%3D10", None),
        (PHOTO, "page=2", (600, 400)),
        (replace(PHOTO, pages=3), "page=2", None),
        (PHOTO, "orientation=6", (400, 600)),
        (TURNED, "", (600, 400)),
        (TURNED, "orientation=none", (400, 600)),
        (TURNED, "orientation=8", (600, 400)),
        (DRAWING, "width=1200", (1200, 800)),
        (DRAWING, "width=1200&enlarge=never", (600, 400)),
        (DRAWING, "dpi=200", None),
        (ANIMATION, "width=300&passthrough=animation", (600, 400)),
        (ANIMATION, "width=300", (300, 200)),
    ],
)
def test_size(facts: Facts, query: str, size: tuple[int, int] | None) -> None:
    found = result_size(facts, parse(b"/resize", b"url=a.jpg&" + query.encode()).plan, DEFAULT_LIMITS)
    assert (found and (found.width, found.height)) == size
