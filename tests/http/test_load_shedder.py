"""Which requests are shed before parsing under overload, and which are not."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from pixmill.api.app import create_app
from pixmill.api.context import ApiContext
from pixmill.api.fastpath import load_shedder as rushing
from pixmill.api.fastpath.load_shedder import LoadShedder, Pacer, ProbeLimiter, ProbeRates
from pixmill.api.fastpath.request_cache import RequestKey
from pixmill.dialects.factory import ServerDefaults, build_registry
from pixmill.dialects.registry import DialectMatch
from pixmill.errors import SourceNotFound
from pixmill.ports.observe import NullObserver
from pixmill.settings import load
from pixmill.wiring import build_services
from tests.http.contexts import with_access_log
from tests.http.test_fast_path import Written, counted
from tests.runtime.test_rate_limiter import Clock

NATIVE = build_registry((), ServerDefaults())
PHOTOS = Path(__file__).parents[2] / "examples" / "photos"


def name(number: int, path: bytes = b"/resize") -> RequestKey:
    return path, b"url=a.jpg&width=%d" % number, b"*/*", b""


def match_of(request_key: RequestKey) -> DialectMatch | None:
    return NATIVE.match(request_key[3], request_key[0])


class Gate:
    """A rush over an engine of which the test says whether it has room; ``looks`` unknown requests are looked into."""

    def __init__(self, looks: int = 0) -> None:
        self.wait_s: float | None = 2.5
        self.rush = LoadShedder(
            lambda: self.wait_s, nullcontext, NullObserver(), ProbeLimiter(ProbeRates(1e-6, 1e-6, 1e-6, looks))
        )

    def refuses(self, asked: RequestKey) -> bool:
        return self.rush.rejection(asked, match_of(asked)) is not None


def test_nobody_is_refused_while_the_engine_has_room() -> None:
    gate = Gate()
    assert gate.refuses(name(1))
    gate.wait_s = None
    assert not gate.refuses(name(1))


def test_some_are_looked_into_and_the_others_refused() -> None:
    gate = Gate(looks=2)
    assert [gate.refuses(name(number)) for number in range(4)] == [False, False, True, True]


@pytest.mark.parametrize("path", [b"/health/live", b"/metrics", b"/srcset", b"/openapi.json", b"/nothing"])
def test_what_needs_no_engine_is_let_through(path: bytes) -> None:
    assert not Gate().refuses(name(1, path))


def test_what_is_being_made_or_was_answered_is_let_through_until_it_fails() -> None:
    gate = Gate()
    with gate.rush.track(name(1)):
        assert not gate.refuses(name(1)), "who joins a flight costs no render"
        assert gate.refuses(name(2))
    assert not gate.refuses(name(1)), "it may lie in a slower tier"
    with pytest.raises(SourceNotFound), gate.rush.track(name(1)):
        raise SourceNotFound
    assert gate.refuses(name(1))


def test_there_is_an_end_to_what_is_known_and_what_is_asked_for_is_known_the_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rushing, "MAX_TRACKED", 10)
    gate = Gate()
    for number in range(100):
        for each in (number, -1):
            with gate.rush.track(name(each)):
                pass
    assert not gate.refuses(name(99))
    assert not gate.refuses(name(-1))
    assert gate.refuses(name(1))


async def test_who_is_let_in_is_promised_to_the_engine_unless_it_is_expected() -> None:
    promised: list[str] = []

    @contextmanager
    def promise() -> Iterator[None]:
        promised.append("made")
        yield
        promised.append("ended")

    rush = LoadShedder(lambda: None, promise, NullObserver())
    async with rush.admit(name(1), match_of(name(1))):
        assert promised == ["made"]
    assert promised == ["made", "ended"]
    with rush.track(name(1)):
        pass
    for other in (name(1), name(2, b"/srcset")):
        async with rush.admit(other, match_of(other)):
            assert promised == ["made", "ended"]


async def test_the_more_looking_finds_the_more_are_looked_into() -> None:
    clock = Clock()
    looks = ProbeLimiter(ProbeRates(min_per_s=10, initial_per_s=50, max_per_s=200, burst=1), clock)
    rush = LoadShedder(lambda: 2.5, nullcontext, NullObserver(), looks)

    async def look(number: int, *, found: bool) -> None:
        clock.now += 1
        assert rush.rejection(name(number), match_of(name(number))) is None
        async with rush.admit(name(number), match_of(name(number))):
            if found:
                rush.record_hit(name(number))

    for number in range(100):
        await look(number, found=False)
    assert looks.per_s == 10
    for number in range(100, 200):
        await look(number, found=True)
    assert looks.per_s == 200
    rush.record_hit(name(7))
    await look(200, found=False)
    assert looks.per_s == pytest.approx(190), "only what is being looked into counts"


async def test_one_a_turn_passes_in_the_order_of_coming_and_who_has_left_is_passed_over() -> None:
    turnstile, passed = Pacer(), []

    async def guest(number: int) -> None:
        await turnstile.wait()
        passed.append(number)

    guests = [asyncio.create_task(guest(number)) for number in range(4)]
    await asyncio.sleep(0)
    assert passed == [0], "the first does not wait"
    guests[1].cancel()
    while len(passed) < 3:
        had = len(passed)
        await asyncio.sleep(0)
        assert len(passed) <= had + 1
    assert passed == [0, 2, 3]
    await asyncio.sleep(0)
    await guest(4)
    assert passed[-1] == 4


@pytest.fixture
async def services() -> AsyncIterator[ApiContext]:
    """Its engine has no room, as far as it says, and nothing unknown is looked into once the test begins."""
    settings = load({"workers": 1, "images": str(PHOTOS), "cache": "memory://?max_bytes=8MiB"})
    async with build_services(settings) as services:
        yield replace(
            services,
            limits=replace(
                services.limits,
                load_shedder=LoadShedder(
                    lambda: 2.5,
                    nullcontext,
                    services.telemetry.observer,
                    ProbeLimiter(ProbeRates(1e-6, 1e-6, 1e-6, 1)),
                ),
            ),
        )


async def test_a_refusal_in_a_rush_is_the_one_of_the_long_way(services: ApiContext) -> None:
    written = Written()
    services = with_access_log(services, written)
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://pixmill") as client:
        answered = await client.get("/resize?url=wine.jpg&width=40")
        assert answered.status_code == 200, "one is looked into"
        refused = await client.get("/resize?url=wine.jpg&width=41", headers={"x-request-id": "mine"})
        head = await client.head("/resize?url=wine.jpg&width=41")
        again = await client.get("/resize?url=wine.jpg&width=40")
        assert again.content == answered.content
        assert (await counted(client, "pixmill_requests_rejected_total"))['{reason="shed"}'] == 2
        requests = await counted(client, "pixmill_requests_total")
        assert requests['{format="none",route="/resize",status="503"}'] == 2
    assert refused.status_code == 503
    assert refused.json() == {
        "type": "urn:pixmill:error:queue_full",
        "title": "Render queue full; try again shortly",
        "status": 503,
        "detail": "Render queue full; try again shortly",
        "code": "queue_full",
        "instance": "urn:pixmill:request:mine",
    }
    for header, value in {
        "retry-after": "3",
        "cache-control": "no-store",
        "content-type": "application/problem+json",
        "x-request-id": "mine",
        "access-control-allow-origin": "*",
        "content-length": str(len(refused.content)),
    }.items():
        assert refused.headers.get_list(header) == [value]
    assert (head.status_code, head.content) == (503, b"")
    assert int(head.headers["content-length"]) > len(refused.content), "its id is longer"
    line = written.lines[1]
    assert (line["status"], line["code"], line["request_id"], line["level"]) == (503, "queue_full", "mine", "warning")
