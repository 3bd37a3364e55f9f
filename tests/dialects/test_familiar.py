"""Requests that share their parameters share what was read of them, and nothing else."""

import pytest

from pixmill.dialects.familiar import MAX_PLANS, MAX_SHARED_BYTES, FamiliarPlans, Wanted, parted
from pixmill.dialects.native import Native
from pixmill.dialects.presets import read_presets
from pixmill.errors import BadRequest, InvalidParameter, MissingParameter, RepeatedParameter
from pixmill.plan.key import result_key
from pixmill.plan.ops import Plan
from pixmill.plan.output import Mode


def test_the_plan_of_shared_parameters_is_read_once_and_each_picture_is_its_own() -> None:
    native = Native()
    one = native.parse(b"/resize", b"url=a.jpg&width=50&filename=x.png")
    other = native.parse(b"/resize", b"width=50&filename=x.png&url=b.jpg")
    assert other.plan is one.plan
    assert (one.source.text, other.source.text) == ("a.jpg", "b.jpg")
    assert other.filename == "x.png"


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (b"width=50", MissingParameter),
        (b"url=a.jpg&url=b.jpg&width=50", RepeatedParameter),
        (b"url=a.jpg&width=50&sig=short", InvalidParameter),
        (b"url=a.jpg&width=50&expires=never", InvalidParameter),
        (b"url=../a.jpg&width=50", InvalidParameter),
    ],
)
def test_what_is_a_request_s_own_is_checked_each_time(query: bytes, error: type[BadRequest]) -> None:
    native = Native()
    native.parse(b"/resize", b"url=a.jpg&width=50")
    with pytest.raises(error):
        native.parse(b"/resize", query)


def test_refusals_are_not_remembered_as_plans() -> None:
    native = Native()
    for _ in range(2):
        with pytest.raises(InvalidParameter):
            native.parse(b"/resize", b"url=a.jpg&width=none")


def test_a_query_is_parted_without_loss_and_in_order() -> None:
    query = b"w=1&url=a&h=2&sig=s&v=9&urls=3&expires=4&"
    assert parted(query) == (b"url=a&sig=s&v=9&expires=4", b"w=1&h=2&urls=3&")


def test_memory_of_plans_is_bounded_in_number_and_in_length() -> None:
    familiar, wanted = FamiliarPlans(), Wanted(Plan(), "")
    long = b"w" * (MAX_SHARED_BYTES + 1)
    familiar.remember(long, wanted)
    assert familiar.recall(long) is None
    for number in range(MAX_PLANS + 1):
        familiar.remember(b"%d" % number, wanted)
    assert familiar.recall(b"0") is None
    assert familiar.recall(b"%d" % MAX_PLANS) is wanted


def test_the_mode_is_the_request_s_then_the_preset_s_then_the_server_s() -> None:
    native = Native(read_presets('{"fine": "mode=best"}'), Mode.FAST)

    def mode(query: str) -> Mode:
        return native.parse(b"/resize", f"url=a.jpg&{query}".encode()).plan.output.encoding.mode

    assert [mode("w=5"), mode("preset=fine"), mode("preset=fine&mode=balanced")] == [
        Mode.FAST,
        Mode.BEST,
        Mode.BALANCED,
    ]


def test_a_server_s_mode_is_part_of_the_key_as_if_it_had_been_asked_for() -> None:
    query = b"url=a.jpg&width=50&format=jpeg"
    plain, fast = Native().parse(b"/resize", query), Native(mode=Mode.FAST).parse(b"/resize", query)
    said = Native().parse(b"/resize", query + b"&mode=fast")
    assert result_key("a.jpg", fast.plan) == result_key("a.jpg", said.plan) != result_key("a.jpg", plain.plan)
