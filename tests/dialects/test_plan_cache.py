"""Requests with the same shared parameters share a plan, and nothing else."""

import pytest

from pixmill.dialects.native.dialect import (
    MAX_PLANS,
    MAX_SHARED_BYTES,
    CachedPlan,
    NativeDialect,
    PlanCache,
    split_query,
)
from pixmill.dialects.native.presets import parse_presets
from pixmill.errors import BadRequest, InvalidParameter, MissingParameter, RepeatedParameter
from pixmill.plan.key import result_key
from pixmill.plan.ops import Plan
from pixmill.plan.output import RenderMode


def test_the_plan_of_shared_parameters_is_read_once_and_each_picture_is_its_own() -> None:
    native = NativeDialect()
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
    native = NativeDialect()
    native.parse(b"/resize", b"url=a.jpg&width=50")
    with pytest.raises(error):
        native.parse(b"/resize", query)


def test_refusals_are_not_remembered_as_plans() -> None:
    native = NativeDialect()
    for _ in range(2):
        with pytest.raises(InvalidParameter):
            native.parse(b"/resize", b"url=a.jpg&width=none")


def test_a_query_is_parted_without_loss_and_in_order() -> None:
    query = b"w=1&url=a&h=2&sig=s&v=9&urls=3&expires=4&"
    assert split_query(query) == (b"url=a&sig=s&v=9&expires=4", b"w=1&h=2&urls=3&")


def test_memory_of_plans_is_bounded_in_number_and_in_length() -> None:
    plan_cache, cached_plan = PlanCache(), CachedPlan(Plan(), "")
    long = b"w" * (MAX_SHARED_BYTES + 1)
    plan_cache.put(long, cached_plan)
    assert plan_cache.get(long) is None
    for number in range(MAX_PLANS + 1):
        plan_cache.put(b"%d" % number, cached_plan)
    assert plan_cache.get(b"0") is None
    assert plan_cache.get(b"%d" % MAX_PLANS) is cached_plan


def test_the_mode_is_the_request_s_then_the_preset_s_then_the_server_s() -> None:
    native = NativeDialect(parse_presets('{"fine": "mode=best"}'), RenderMode.FAST)

    def mode(query: str) -> RenderMode:
        return native.parse(b"/resize", f"url=a.jpg&{query}".encode()).plan.output.encoding.mode

    assert [mode("w=5"), mode("preset=fine"), mode("preset=fine&mode=balanced")] == [
        RenderMode.FAST,
        RenderMode.BEST,
        RenderMode.BALANCED,
    ]


def test_a_server_s_mode_is_part_of_the_key_as_if_it_had_been_asked_for() -> None:
    query = b"url=a.jpg&width=50&format=jpeg"
    plain, fast = (
        NativeDialect().parse(b"/resize", query),
        NativeDialect(default_mode=RenderMode.FAST).parse(b"/resize", query),
    )
    explicit = NativeDialect().parse(b"/resize", query + b"&mode=fast")
    assert result_key("a.jpg", fast.plan) == result_key("a.jpg", explicit.plan) != result_key("a.jpg", plain.plan)
