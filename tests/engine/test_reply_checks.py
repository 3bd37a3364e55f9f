"""A reply says nothing impossible: each field is checked against what was asked before anything believes it."""

import asyncio
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.engine import protocol
from pixmill.engine.pool.call import Call
from pixmill.engine.pool.reply_checks import ImpossibleReply, check_reply, possible_formats
from pixmill.errors import RenderCrashed, error_classes_by_code
from pixmill.media import OUTPUT_FORMATS, Format
from pixmill.plan.facts import HEADER_FACTS_ONLY, Fact, Facts, FactSelection, GpsLocation, Swatch
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Output, Plan
from pixmill.runtime.spool import Spool
from tests.engine.support import ROOT, Notebook, obey, pools

PNG = Plan(output=Output((Format.PNG,)))
IMAGE = protocol.RenderedImage(1, 2, Format.PNG, 3, 4, {"decode": 0.5})
ITEM = protocol.BatchItem(0, 5, Format.PNG, 3, 4, {"encode": 0.5})
FAILED = protocol.Failed(1, 2, "image_too_large", "too large", "width", "detail")
EVERYTHING = FactSelection(tuple(Fact), 4)
FACTS = Facts(
    *(Format.GIF, 1, 2, 3, True, 8, "srgb", "Display P3", 10),
    hash="0" * 64,
    exif={"FNumber": 2.8, "Area": (1, 2.5), "Make": "A"},
    gps=GpsLocation(1.5, -2.25, 3.0),
    average="#102030",
    palette=(Swatch("#102030", 0.5),),
    xmp="<x/>",
)
LOOP = asyncio.new_event_loop()
LOOP.close()
NUMBERS = (math.nan, math.inf, -math.inf)


def call_of(plan: Plan | tuple[Plan, ...] | None, selection: FactSelection = HEADER_FACTS_ONLY) -> Call:
    original = Spool(10)
    original.write(b"0123456789")
    future: asyncio.Future[Any] = asyncio.Future(loop=LOOP)
    return Call(original, plan, future, 0.0, 1.0, selection)


def check(outcome: protocol.Outcome, call: Call | None, result_bytes: int = 10) -> None:
    check_reply(outcome, call, result_bytes, Limits(max_result_bytes=20, max_result_side=100), elapsed_s=1.0)


def changed(value: Any, **fields: Any) -> Any:
    return msgspec.structs.replace(value, **fields)


def test_honest_replies_pass() -> None:
    check(IMAGE, call_of(PNG))
    check(protocol.RenderedBatch(1, 2, (ITEM, FAILED, changed(ITEM, offset=5))), call_of((PNG, PNG, PNG)))
    check(protocol.Inspected(1, 2, FACTS), call_of(None, EVERYTHING))
    check(FAILED, call_of(PNG))
    check(protocol.Cancelled(1, 2), None)


@pytest.mark.parametrize(
    "fields",
    [
        *({"seconds": {"decode": seconds}} for seconds in (*NUMBERS, -0.1, 1.2, 1e300)),
        *({"seconds": {name: 0.1}} for name in ("", "queue", "decode\r\nSet-Cookie: a", "é", "render")),
        *({"format": form} for form in Format if form is not Format.PNG),
        *({name: size} for name in ("width", "height") for size in (0, -1, 201, 2**40)),
        *({"rss_bytes": size} for size in (-1, 2**63 - 1)),
    ],
)
def test_an_image_that_cannot_be_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ImpossibleReply):
        check(changed(IMAGE, **fields), call_of(PNG))
    if "rss_bytes" not in fields:
        with pytest.raises(ImpossibleReply):
            check(protocol.RenderedBatch(1, 2, (ITEM, changed(ITEM, offset=5, **fields))), call_of((PNG, PNG)))


@pytest.mark.parametrize("size", [0, 21])
def test_an_image_without_bytes_or_with_too_many_is_refused(size: int) -> None:
    with pytest.raises(ImpossibleReply):
        check(IMAGE, call_of(PNG), result_bytes=size)


@pytest.mark.parametrize(
    "output",
    [Output(), Output((Format.AVIF,), negotiated=True), Output(source_format=True), Output((Format.JSON,))],
)
def test_a_result_is_in_a_format_that_the_plan_can_lead_to(output: Output) -> None:
    possible = possible_formats(output)
    assert set(possible) <= {*OUTPUT_FORMATS, *output.formats}
    for form in Format:
        reply = changed(IMAGE, format=form)
        if form in possible:
            check(reply, call_of(Plan(output=output)))
        else:
            with pytest.raises(ImpossibleReply):
                check(reply, call_of(Plan(output=output)))


@pytest.mark.parametrize("code", [*error_classes_by_code(), "", "no_such_code"])
def test_a_failure_is_one_that_a_worker_can_have(code: str) -> None:
    failed = changed(FAILED, code=code)
    for reply, call in ((failed, call_of(PNG)), (protocol.RenderedBatch(1, 2, (failed, ITEM)), call_of((PNG, PNG)))):
        if code in protocol.WORKER_ERROR_CODES:
            check(reply, call)
        else:
            with pytest.raises(ImpossibleReply):
                check(reply, call)


@pytest.mark.parametrize(
    "fields", [{"message": "x" * 1_001}, {"detail": "x" * 8_001}, {"param": "a\r\nb"}, {"param": "x" * 101}]
)
def test_a_failure_is_of_bounded_length(fields: dict[str, Any]) -> None:
    with pytest.raises(ImpossibleReply):
        check(changed(FAILED, **fields), call_of(PNG))


@pytest.mark.parametrize(
    ("fields", "include"),
    [
        *(({name: value}, tuple(Fact)) for name in ("width", "height", "frames", "pages") for value in (0, -1, 2**31)),
        *(({"orientation": value}, tuple(Fact)) for value in (0, 9, -1)),
        *(({"bytes": value}, tuple(Fact)) for value in (0, 9, 11, -1)),
        *(({"gps": GpsLocation(*where)}, tuple(Fact)) for number in NUMBERS for where in ((number, 0), (0, number), (0, 0, number))),
        *(({"gps": GpsLocation(*where)}, tuple(Fact)) for where in ((91, 0), (0, -181))),
        *(({"exif": {"A": value}}, tuple(Fact)) for number in NUMBERS for value in (number, (1, number))),
        *(({"average": value}, tuple(Fact)) for value in ("", "red", "#10203", "#102030\n", "#1020304")),
        *(({"palette": (Swatch(*swatch),)}, tuple(Fact)) for swatch in (("red", 0.5), ("#102030", 1.5), ("#102030", math.nan))),
        ({"palette": (Swatch("#102030", 0.1),) * 5}, tuple(Fact)),
        ({"hash": "0" * 63}, tuple(Fact)),
        ({"profile": "x" * 1_001}, tuple(Fact)),
        *(({}, tuple(fact for fact in Fact if fact is not missing)) for missing in (Fact.HASH, Fact.EXIF, Fact.GPS, Fact.XMP, Fact.PALETTE)),
    ],
)  # fmt: skip
def test_facts_that_cannot_be_or_were_not_asked_for_are_refused(
    fields: dict[str, Any], include: tuple[Fact, ...]
) -> None:
    with pytest.raises(ImpossibleReply):
        check(protocol.Inspected(1, 2, changed(FACTS, **fields)), call_of(None, FactSelection(include, 4)))


_SMALL = st.integers(-2, 24)


@given(st.lists(st.tuples(_SMALL, _SMALL), max_size=5), st.integers(0, 24))
def test_parts_that_pass_do_not_overlap_and_are_within_the_file_and_its_limit(
    parts: list[tuple[int, int]], result_bytes: int
) -> None:
    reply = protocol.RenderedBatch(1, 2, tuple(changed(ITEM, offset=at, size_bytes=size) for at, size in parts))
    taken = [range(at, at + size) for at, size in parts]
    cells = [cell for part in taken for cell in part]
    possible = (
        all(size > 0 for _, size in parts)
        and len(set(cells)) == len(cells)
        and all(0 <= cell < min(20, result_bytes) for cell in cells)
    )
    if possible:
        check(reply, call_of((PNG,) * len(parts)), result_bytes)
    else:
        with pytest.raises(ImpossibleReply):
            check(reply, call_of((PNG,) * len(parts)), result_bytes)


@pytest.mark.parametrize("results", [(), (ITEM,), (ITEM, FAILED, FAILED)])
def test_a_batch_has_as_many_results_as_plans(results: tuple[Any, ...]) -> None:
    with pytest.raises(ImpossibleReply):
        check(protocol.RenderedBatch(1, 2, results), call_of((PNG, PNG)))


# ---------------------------------------------------------------- a real worker that says such things

HONEST = protocol.RenderedImage(0, 2, Format.PNG, 3, 4, {})


@pytest.mark.parametrize(
    "reply",
    [
        changed(HONEST, seconds={"decode": math.nan}),
        changed(HONEST, seconds={"decode\r\nX-Evil: 1": 0.0}),
        changed(HONEST, seconds={"decode": 1e6}),
        changed(HONEST, width=-1),
        changed(HONEST, format=Format.PDF),
        changed(FAILED, id=0, code="admin_denied"),
        changed(FAILED, id=0, code="draining"),
    ],
    ids=lambda reply: str(reply)[:60],
)
async def test_a_worker_that_says_so_has_crashed(reply: protocol.Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notes = Notebook()
    async with pools(notes, workers=1) as pool:
        with pytest.raises(RenderCrashed) as caught:
            await obey(pool, f"forge {protocol._ENCODER.encode(reply).hex()}")
        assert "impossible reply" in caught.value.detail
        assert (await obey(pool, f"forge {protocol._ENCODER.encode(changed(HONEST, id=0)).hex()}")).body == b"forged"
    assert notes.restarts() == ["crash", "crash"]
    assert all(0 <= seconds < math.inf for _, seconds in notes.times)
