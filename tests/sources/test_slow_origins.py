"""Origins that are slow on purpose, under any number of names, do not keep others from being fetched."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pixmill.errors import SourceBusy, SourceTimeout
from pixmill.plan.source import parse_source
from pixmill.ports.observe import NullObserver
from pixmill.runtime.client import CURRENT_CLIENT
from pixmill.sources.config import SourcesConfig
from pixmill.sources.http.connections import MAX_IDLE_ORIGINS
from pixmill.sources.http.minimum_rate import MinimumRate
from pixmill.sources.router import Sources, fetch_key
from tests.servers.origin import Origin
from tests.timers import until

EVIL, GOOD = "127.0.0.1", "127.0.0.2"


@pytest.fixture
def evil() -> Iterator[Origin]:
    with Origin(EVIL) as running:
        yield running


@pytest.fixture
def good() -> Iterator[Origin]:
    with Origin(GOOD) as running:
        yield running


async def lookup(host: str, _port: int) -> list[str]:
    return [GOOD if host.startswith("good") else EVIL]


def open_sources(**settings: object) -> Sources:
    return Sources(
        SourcesConfig.model_validate({"allowed_networks": "127.0.0.0/8"} | settings), NullObserver(), lookup=lookup
    )


async def fetch(sources: Sources, url: str, client: str | None = None) -> bytes:
    CURRENT_CLIENT.set(client)
    with (await sources.fetch(parse_source(url))).spool as spool:
        return spool.read()


class Stalled:
    """Fetches that stall: started one by one, each by a task of its own, until nothing changes any more."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.tasks: list[asyncio.Task[bytes]] = []

    async def start(self, urls: list[str], clients: list[str]) -> None:
        """Each is in flight, queued or rejected when this returns."""
        limiter = self._sources.limiter
        for url, client in zip(urls, clients, strict=True):
            self.tasks.append(asyncio.create_task(fetch(self._sources, url, client)))
        await until(lambda: sum(not task.done() for task in self.tasks) == limiter.in_flight + limiter.queued > 0)

    def rejected(self) -> int:
        return sum(task.done() and isinstance(task.exception(), SourceBusy) for task in self.tasks)


@asynccontextmanager
async def stalling(sources: Sources) -> AsyncIterator[Stalled]:
    await sources.open()
    stalled = Stalled(sources)
    try:
        yield stalled
    finally:
        for task in stalled.tasks:
            task.cancel()
        await asyncio.gather(*stalled.tasks, return_exceptions=True)
        assert (sources.limiter.in_flight, sources.limiter.queued) == (0, 0)
        await sources.close()


def named(url: str, host: str) -> str:
    """Return the URL with another host at the same address."""
    return url.replace(EVIL, host).replace(GOOD, host)


SLOW = {
    "body": lambda origin: origin.trickle("/slow"),
    "headers": lambda origin: origin.trickle("/slow", head=True),
    "silence": lambda origin: origin.hang("/slow"),
}


@pytest.mark.parametrize("kind", SLOW)
async def test_a_wildcard_of_slow_names_does_not_keep_another_origin_out(kind: str, evil: Origin, good: Origin) -> None:
    sources, slow = open_sources(), SLOW[kind](evil)
    async with stalling(sources) as stalled:
        await stalled.start([named(slow, f"n{number}.evil.test") for number in range(400)], ["it"] * 400)
        for number in range(22):
            assert await fetch(sources, named(good.serve(f"/{number}", b"good"), "good.test"), "it") == b"good"


async def test_one_client_with_any_number_of_slow_domains_does_not_keep_others_out(evil: Origin, good: Origin) -> None:
    sources, slow = open_sources(), evil.hang("/slow")
    async with stalling(sources) as stalled:
        await stalled.start([named(slow, f"evil{number}.test") for number in range(400)], ["it"] * 400)
        for number in range(22):
            assert await fetch(sources, named(good.serve(f"/{number}", b"good"), f"good{number}.test"), "me") == b"good"


async def test_any_number_of_clients_and_slow_domains_leave_origins_that_have_answered_well(
    evil: Origin, good: Origin
) -> None:
    sources, slow = open_sources(source_connections=20, source_queue=40), evil.hang("/slow")
    async with stalling(sources) as stalled:
        assert await fetch(sources, named(good.serve("/first", b"good"), "good.test")) == b"good"
        urls = [named(slow, f"evil{number}.test") for number in range(100)]
        await stalled.start(urls, [f"client-{number}" for number in range(100)])
        assert (sources.limiter.in_flight, sources.limiter.queued, stalled.rejected()) == (20, 40, 40)
        for number in range(22):
            assert await fetch(sources, named(good.serve(f"/{number}", b"good"), "good.test"), "me") == b"good"


async def test_how_slow_others_are_says_nothing_of_a_new_origin(evil: Origin, good: Origin) -> None:
    """All slots are taken by fetches that take long; the new one waits for its turn and is not rejected at once."""
    sources, slow = open_sources(source_connections=2, source_connections_reserved=0), evil.hang("/slow")
    async with stalling(sources) as stalled:
        for _ in range(20):
            stalled.tasks = []
            await stalled.start([named(slow, f"evil{number}.test") for number in range(2)], ["a", "b"])
            sources.limiter._sites["evil0.test"].durations.record(3600)
            waiting = asyncio.create_task(fetch(sources, named(good.serve("/it", b"good"), "good.test"), "me"))
            await until(lambda: sources.limiter.queued == 1)
            for task in stalled.tasks:
                task.cancel()
            assert await waiting == b"good"


async def test_a_redirect_to_a_slow_origin_is_not_held_against_the_one_that_redirects(
    evil: Origin, good: Origin
) -> None:
    sources = open_sources(source_connections_per_host=2)
    slow = named(evil.hang("/slow"), "evil.test")
    async with stalling(sources) as stalled:
        bounces = [named(good.redirect(f"/out?{number}", slow), "good.test") for number in range(2)]
        await stalled.start(bounces, ["it"] * 2)
        await until(lambda: evil.count("/slow") == 2)
        for number in range(4):
            assert await fetch(sources, named(good.serve(f"/{number}", b"good"), "good.test"), "it") == b"good"


async def test_names_that_redirect_to_one_origin_do_not_get_round_its_limit(evil: Origin, good: Origin) -> None:
    sources = open_sources(source_connections_per_host=2)
    target = named(good.hang("/slow"), "good.test")
    bounce = evil.redirect("/out", target)
    async with stalling(sources) as stalled:
        await stalled.start([named(bounce, f"n{number}.evil.test") for number in range(10)], ["it"] * 10)
        await until(lambda: evil.count("/out") == 10 and sources.limiter.queued == 8)
        await until(lambda: good.count("/slow") == 2)


async def test_the_rate_limit_of_an_origin_holds_for_redirects_to_it(evil: Origin, good: Origin) -> None:
    sources = open_sources(source_rate_limit=0.001)
    target = named(good.serve("/it", b"good"), "good.test")
    async with stalling(sources):
        assert await fetch(sources, named(evil.redirect("/1", target), "evil1.test")) == b"good"
        with pytest.raises(SourceBusy):
            await fetch(sources, named(evil.redirect("/2", target), "evil2.test"))
        assert good.count("/it") == 1


def established(origin: Origin) -> int:
    """Connections that an origin has, by the kernel's own table."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(int(row[1].partition(":")[2], 16) == origin.port and row[3] == "01" for row in rows)


async def test_any_number_of_names_leaves_a_bounded_number_of_idle_connections(evil: Origin) -> None:
    sources, url = open_sources(), evil.serve("/it", b"it")
    async with stalling(sources):
        for number in range(MAX_IDLE_ORIGINS + 50):
            assert await fetch(sources, named(url, f"n{number}.evil.test")) == b"it"
        await until(lambda: established(evil) == MAX_IDLE_ORIGINS)
        for _ in range(3):
            assert await fetch(sources, named(url, "n0.evil.test")) == b"it"
        assert evil.connections == MAX_IDLE_ORIGINS + 50, "those that are kept are used again"


async def test_a_handshake_that_never_ends_holds_no_slot_for_long(evil: Origin) -> None:
    """The origin accepts and says nothing, so TLS waits for its hello."""
    sources = open_sources(source_connect_timeout_s=0.2, source_timeout_s=3600, source_idle_timeout_s=3600)
    with socket.create_server((EVIL, 0)) as mute:
        url = f"https://evil.test:{mute.getsockname()[1]}/it"
        async with stalling(sources):
            with pytest.raises(SourceTimeout):
                await asyncio.wait_for(fetch(sources, url), 60)
            assert not sources.limiter.reputation.is_proven(fetch_key(parse_source(url)))


@pytest.mark.parametrize("encoding", ["", "gzip"])
async def test_an_origin_that_trickles_is_given_up_after_the_grace_period(evil: Origin, encoding: str) -> None:
    """The idle timeout never passes, nor the whole one."""
    sources = open_sources(source_timeout_s=3600, source_idle_timeout_s=3600)
    async with stalling(sources):
        if encoding:
            url = evil.serve_gzip("/it", bytes(10**6), pace_s=0.05, byte_by_byte=True)
        else:
            url = evil.trickle("/it")
        with pytest.raises(SourceTimeout, match="too slowly"):
            await asyncio.wait_for(fetch(sources, url), 60)


async def test_headers_that_trickle_do_not_prolong_their_time(evil: Origin) -> None:
    sources = open_sources(source_timeout_s=3600, source_idle_timeout_s=1, source_connect_timeout_s=1)
    async with stalling(sources):
        with pytest.raises(SourceTimeout):
            await asyncio.wait_for(fetch(sources, evil.trickle("/it", 0.1, head=True)), 60)


async def test_a_slow_origin_that_keeps_the_rate_is_waited_for(evil: Origin) -> None:
    """16 KiB each 1.2 s, which is a poor line, for longer than the grace period."""
    sources = open_sources()
    async with stalling(sources):
        url = evil.serve("/it", bytes(5 * 16 * 1024), pace_s=1.2)
        assert len(await fetch(sources, url)) == 5 * 16 * 1024


async def test_the_rate_is_measured_after_the_grace_period_and_only_while_waiting() -> None:
    with pytest.raises(SourceTimeout, match="too slowly"):
        async with MinimumRate(1000, grace_s=0.01).waiting(60):
            await asyncio.Event().wait()
    fast = MinimumRate(1000, grace_s=0.01)
    fast.received_bytes = 10**9
    with pytest.raises(TimeoutError):
        async with fast.waiting(0.01):
            await asyncio.Event().wait()
    with pytest.raises(TimeoutError):
        async with MinimumRate(0, grace_s=0).waiting(0.01):
            await asyncio.Event().wait()
    busy_consumer = MinimumRate(1, grace_s=10)
    async with busy_consumer.waiting(60):
        pass
    waited_s = busy_consumer._waited_s
    await asyncio.sleep(0.01)
    assert busy_consumer._waited_s == waited_s
