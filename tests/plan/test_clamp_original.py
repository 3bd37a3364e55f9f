"""A box that is shrunk into the original as it is before rotation and crop."""

import pytest

from pixmill.dialects.native.dialect import parse
from pixmill.plan.geometry import resolve_all
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits


def size(query: str) -> tuple[int, int]:
    plan = parse(b"/resize", f"url=a.jpg&clamp=original&{query}".encode()).plan
    return resolve_all(Size(400, 300), plan, Limits())[-1].output.sides


@pytest.mark.parametrize(
    ("query", "sides"),
    [
        ("width=200&height=100&fit=cover", (200, 100)),
        ("width=372&height=347&fit=cover", (322, 300)),
        ("width=372&height=347&fit=cover&rotate=90", (322, 300)),
        ("width=800&height=800&fit=inside&rotate=90", (225, 300)),
        ("width=300&height=300&fit=cover&crop=0,0,50,50", (300, 300)),
        ("width=600&height=600&fit=cover&enlarge=true", (600, 600)),
        ("width=900", (400, 300)),
    ],
)
def test_the_box_lies_in_the_original(query: str, sides: tuple[int, int]) -> None:
    assert size(query) == sides
