"""The reference shows an example of every parameter that changes what is seen, with what its result shows."""

from typing import Final
from urllib.parse import parse_qs

import pytest
from docs import reference
from docs.examples import EXAMPLES, WITHOUT_IMAGE, Example
from PIL import Image

from pixmill.dialects.native.param import Group
from pixmill.dialects.native.params import PARAMS

VISIBLE: Final = {Group.SIZE, Group.TRANSFORM, Group.COLOUR, Group.EFFECT, Group.OVERLAY, Group.STAGE}
ALL: Final = [(name, number, example) for name, them in EXAMPLES.items() for number, example in enumerate(them, 1)]


def test_every_parameter_that_changes_what_is_seen_has_an_example() -> None:
    named = {param.name for param in PARAMS}
    visible = {param.name for param in PARAMS if param.group in VISIBLE}
    assert visible - EXAMPLES.keys() == WITHOUT_IMAGE.keys()
    assert EXAMPLES.keys() <= named


@pytest.mark.parametrize(("name", "number", "example"), ALL, ids=[f"{name}-{number}" for name, number, _ in ALL])
def test_an_example_has_an_original_and_a_result_and_says_what_it_shows(
    name: str, number: int, example: Example
) -> None:
    by_name = {param.name: param for param in PARAMS}
    for key, (value,) in parse_qs(example.query(name), strict_parsing=True).items():
        by_name[key].parse(value)
    assert example.caption[-1] == "."
    for path in (reference.image(name, number), reference.original(example)):
        with Image.open(path) as image:
            assert min(image.size) > 1, "run `make gallery`"


def test_no_image_is_left_of_an_example_that_has_gone() -> None:
    shown = {reference.image(name, number) for name, number, _ in ALL} | {reference.original(it) for _, _, it in ALL}
    assert {path for path in reference.IMAGES.iterdir() if path.suffix != ".md"} == shown
