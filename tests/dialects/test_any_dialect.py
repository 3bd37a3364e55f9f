"""What all dialects of the registry promise: any bytes give an outcome or a refusal, and work grows with the length.

What a URL means as a native one is tested for each example of the catalogue and for generated URLs like it.
"""

import sys
from collections.abc import Callable
from random import Random
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pixmill.dialects.catalogue import services_of
from pixmill.dialects.factory import DIALECTS, NATIVE, ad_hoc_registry
from pixmill.dialects.native.dialect import parse as parse_native
from pixmill.dialects.native.spelling import native_url
from pixmill.dialects.port import Dialect, FactsRequest, ImageRedirect, ImmutableImage, Outcome
from pixmill.errors import BadRequest, Forbidden, InvalidParameter
from pixmill.plan.normal_form import normal_form
from pixmill.plan.request import ImageRequest

EXAMPLES: Final = {service.name: service.example.encode() for service in services_of(DIALECTS)} | {
    NATIVE: b"/resize?url=a.jpg&width=300"
}
NAMES: Final = sorted(EXAMPLES)
PIECES: Final = (
    *b"/?&=:,.%-_()|~@;+!",
    *(b"%2F", b"%25", b"300", b"0", b"-1", b"1e9", b"\xff", b"a.jpg", b"w_300", b"=="),
)
UNITS: Final = (b"/", b"a", b"%25", b"&w=1", b",", b":", b"(", b"/w_1", b"-", b"0", b".", b"filters:a(b):", b"=")


def dialect_of(name: str) -> Dialect:
    return ad_hoc_registry(name).mounted[0].dialect


def outcome_of(dialect: Dialect, target: bytes) -> Outcome | None:
    """The outcome of a target, None if it is refused; nothing else is raised."""
    path, _, query = target.partition(b"?")
    try:
        if dialect.match(path) is None:
            return None
        dialect.verify(path, query, 0.0)
        return dialect.parse(path, query)
    except (BadRequest, Forbidden):
        return None


def changed(random: Random, target: bytes) -> bytes:
    """Replace, insert, repeat or leave out a few bytes."""
    for _ in range(random.randint(1, 4)):
        at, until = sorted((random.randint(0, len(target)), random.randint(0, len(target))))
        piece = random.choice(PIECES)
        new = bytes([piece]) if isinstance(piece, int) else piece
        until = random.choice((at, min(until, at + 6)))
        target = target[:at] + random.choice((new, b"", target[at:until] * 2)) + target[until:]
    return target


@pytest.mark.parametrize("name", NAMES)
@given(target=st.binary(max_size=300), random=st.randoms(use_true_random=False))
@example(target=b"/" + b"\xff" * 300, random=Random(0))
@settings(max_examples=60)
def test_any_bytes_give_an_outcome_or_a_refusal(name: str, target: bytes, random: Random) -> None:
    dialect = dialect_of(name)
    outcome_of(dialect, target)
    path, question, query = EXAMPLES[name].partition(b"?")
    for one in (path + target, path + b"?" + target, path + question + query + b"&" + target):
        outcome_of(dialect, one)
    for _ in range(5):
        outcome_of(dialect, changed(random, EXAMPLES[name]))


@pytest.mark.parametrize("name", NAMES)
@given(random=st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_a_native_url_that_means_the_same_gives_the_same_plan(name: str, random: Random) -> None:
    outcome = outcome_of(dialect_of(name), changed(random, EXAMPLES[name]))
    if isinstance(outcome, ImmutableImage | ImageRedirect):
        outcome = outcome.request
    if outcome is None or not isinstance(outcome, ImageRequest) or isinstance(outcome, FactsRequest):
        return
    assert normal_form(outcome.plan) == outcome.plan
    try:
        path, _, query = native_url(outcome).partition("?")
    except InvalidParameter:
        return  # native URLs cannot say it
    assert parse_native(path.encode(), query.encode()).plan == outcome.plan


def calls_of(work: Callable[[], object]) -> int:
    """Count the calls of functions, in Python and in C."""
    count = [0]

    def profile(_frame: object, event: str, _argument: object) -> None:
        count[0] += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count[0]


def growth(dialect: Dialect, template: bytes, unit: bytes) -> tuple[int, int]:
    """The calls for 400 units in a URL, and for 1600."""

    def calls(count: int) -> int:
        return calls_of(lambda: outcome_of(dialect, template.replace(b"%s", unit * count)))

    return calls(400), calls(1600)


@pytest.mark.parametrize("name", NAMES)
def test_work_grows_with_the_length(name: str) -> None:
    dialect = dialect_of(name)
    for unit in UNITS:
        for template in (EXAMPLES[name] + b"%s", EXAMPLES[name].partition(b"?")[0] + b"%s?x", b"/%s" + EXAMPLES[name]):
            short, long = growth(dialect, template, unit)
            assert long <= 5 * short + 2_000, (unit, template)
