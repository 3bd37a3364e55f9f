"""Resolving names of origins, against a real name server on loopback that answers, stalls and lies."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import uvloop

from pixmill.errors import PixmillError, SourceBusy, SourceTimeout, SourceUnreachable
from pixmill.plan.source import parse_source
from pixmill.ports.observe import Event, NullObserver, RequestStage
from pixmill.runtime.client import CURRENT_CLIENT
from pixmill.runtime.event_loop import ServerLoop
from pixmill.sources.config import SourcesConfig
from pixmill.sources.http.source import HttpSource
from pixmill.sources.names.client import MAX_ADDRESSES, DnsClient, NameNotFound, NameServerFailed
from pixmill.sources.names.service import NameService
from pixmill.sources.names.shares import MAX_QUEUED_PER_DOMAIN, LookupShares
from pixmill.sources.router import Sources
from tests.servers.names import NameServer
from tests.servers.origin import Origin
from tests.servers.ports import refusing_port

BOUND_S = 60  # only so that nothing hangs for ever
LOCAL = "127.0.0.0/8"


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    with NameServer() as running:
        yield running


@pytest.fixture
async def names(server: NameServer) -> AsyncIterator[NameService]:
    opened = service(server)
    yield opened
    await opened.close()


def service(server: NameServer, **settings: Any) -> NameService:
    config = SourcesConfig.model_validate({"dns_servers": server.address} | settings)
    return NameService(config, NullObserver())


# ---------------------------------------------------------------- answers


async def test_both_kinds_of_address_come(server: NameServer, names: NameService) -> None:
    server.serve("both.test", "93.184.216.34", "2606:4700::1111")
    assert sorted(await names("both.test")) == ["2606:4700::1111", "93.184.216.34"]


async def test_a_chain_of_aliases_is_followed(server: NameServer, names: NameService) -> None:
    server.serve("end.test", "93.184.216.34")
    for step in range(8):
        server.alias(f"step{step}.test", f"step{step + 1}.test" if step < 7 else "end.test")
    assert await names("step0.test") == ["93.184.216.34"]


async def test_a_huge_answer_comes_by_tcp_and_is_cut(server: NameServer, names: NameService) -> None:
    addresses = [f"9.{number // 256}.{number % 256}.1" for number in range(1000)]
    server.serve("huge.test", *addresses)
    found = await names("huge.test")
    assert len(found) == MAX_ADDRESSES
    assert set(found) < set(addresses)


async def test_an_answer_full_of_other_records_is_read(server: NameServer, names: NameService) -> None:
    server.serve("padded.test", "93.184.216.34", padding=200)
    assert await names("padded.test") == ["93.184.216.34"]


async def test_an_address_that_comes_late_is_good(server: NameServer, names: NameService) -> None:
    server.serve("slow.test", "93.184.216.34", wait_s=0.7)
    assert await names("slow.test") == ["93.184.216.34"]


async def test_of_two_queries_one_answer_is_enough(server: NameServer, names: NameService) -> None:
    server.hang("half.test", "AAAA")
    assert await names("half.test") == ["127.0.0.1"]


async def test_the_hosts_file_and_localhost_are_known_without_a_server(server: NameServer, names: NameService) -> None:
    assert set(await names("localhost")) <= {"127.0.0.1", "::1"}
    assert server.count("localhost") == 0


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("missing.test", NameNotFound),
        ("a..test", NameNotFound),
        ("x" * 70 + ".test", NameNotFound),
        ("x." * 200 + "test", NameNotFound),
        ("é" * 300 + ".test", NameNotFound),
        ("\udcff.test", NameNotFound),
        ("nul\0.test", NameNotFound),
        (" .test", NameNotFound),
        ("servfail.test", NameServerFailed),
        ("refused.test", NameServerFailed),
        ("silent.test", TimeoutError),
    ],
)
async def test_a_failure_has_its_kind_and_is_remembered(server: NameServer, name: str, failure: type[OSError]) -> None:
    server.fail("servfail.test", "SERVFAIL")
    server.fail("refused.test", "REFUSED")
    server.hang("silent.test")
    names = service(server, source_connect_timeout_s=0.4)
    for _ in range(3):
        with pytest.raises(failure) as caught:
            await names(name)
        assert type(caught.value) is failure
        asked = server.count(name)
        server.serve(name, "93.184.216.34")
    assert server.count(name) == asked, "asked once, however often it is wanted"
    await names.close()


async def test_a_failure_holds_no_traceback(server: NameServer, names: NameService) -> None:
    for _ in range(2):
        with pytest.raises(NameNotFound) as caught:
            await names("absent.test")
        assert caught.value.__cause__ is None
    assert not any(isinstance(value, BaseException) for value in names._outcomes.values())


# ---------------------------------------------------------------- cache and sharing


async def test_a_name_is_asked_for_once_by_all_who_want_it_at_once(server: NameServer, names: NameService) -> None:
    server.serve("shared.test", "93.184.216.34", wait_s=0.1)
    found = await asyncio.gather(*(names(name) for name in ["shared.test", "SHARED.test"] * 50))
    assert found == [["93.184.216.34"]] * 100
    assert server.count("shared.test") == 1
    await names("shared.test")
    assert server.count("shared.test") == 1


async def test_one_who_leaves_does_not_end_the_look_up_of_others(server: NameServer, names: NameService) -> None:
    server.serve("left.test", "93.184.216.34", wait_s=0.2)
    first, second = (asyncio.create_task(names("left.test")) for _ in range(2))
    await asyncio.to_thread(server.wait_for, lambda: server.count("left.test") == 1)
    first.cancel()
    assert await second == ["93.184.216.34"]


async def test_what_is_remembered_is_bounded(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixmill.sources.names.resolver.MAX_CACHED_NAMES", 50)
    names = service(server, dns_lookups_per_domain=100)
    server.serve("*.many.test", "93.184.216.34")
    await names("kept.many.test")
    for number in range(200):
        await names(f"n{number}.many.test")
        await names("kept.many.test")
    assert len(names._outcomes) == 50
    assert server.count("kept.many.test") == 1, "what is wanted again and again stays"
    await names.close()


class Clock:
    """The loop's clock, which tests put forward. That of c-ares goes on as ever: TTLs of 0 keep it from caching."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead_s = 0.0
        loop = asyncio.get_running_loop()
        real = loop.time
        monkeypatch.setattr(loop, "time", lambda: real() + self.ahead_s)


async def test_after_the_ttl_the_next_answer_counts(
    server: NameServer, names: NameService, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.rebind("moving.test", ("93.184.216.34",), ("93.184.216.35",))
    clock = Clock(monkeypatch)
    assert await names("moving.test") == ["93.184.216.34"]
    clock.ahead_s = 4  # a TTL of 0 counts as 5 s
    assert await names("moving.test") == ["93.184.216.34"]
    assert server.count("moving.test") == 1
    clock.ahead_s = 400
    assert await names("moving.test") == ["93.184.216.35"]


async def test_a_name_whose_server_has_fallen_silent_keeps_its_addresses_for_an_hour(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = service(server, source_connect_timeout_s=0.4)
    server.serve("steady.test", "93.184.216.34", ttl=0)
    clock = Clock(monkeypatch)
    await names("steady.test")
    server.hang("steady.test")
    clock.ahead_s = 3000
    assert await names("steady.test") == ["93.184.216.34"]
    clock.ahead_s = 3000 + 2 * 3600
    with pytest.raises(TimeoutError):
        await names("steady.test")
    await names.close()


async def test_a_name_that_is_gone_is_gone(
    server: NameServer, names: NameService, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve("gone.test", "93.184.216.34", ttl=0)
    clock = Clock(monkeypatch)
    await names("gone.test")
    server.forget("gone.test")
    clock.ahead_s = 400
    with pytest.raises(NameNotFound):
        await names("gone.test")


# ---------------------------------------------------------------- bounds


async def test_a_domain_of_names_that_hang_leaves_the_others_alone(server: NameServer) -> None:
    server.hang("*.hang.test")
    server.serve("*.good.test", "93.184.216.34")
    names = service(server, source_connect_timeout_s=BOUND_S)
    waiting = [asyncio.create_task(names(f"n{number}.hang.test")) for number in range(64)]
    await asyncio.to_thread(server.wait_for, lambda: server.count("n7.hang.test") > 0)
    for number in range(50):
        assert await names(f"n{number}.good.test") == ["93.184.216.34"]
    assert not any(task.done() for task in waiting)
    assert names.lookups_in_flight == 8
    assert sum(server.count(f"n{number}.hang.test") > 0 for number in range(64)) == 8
    await names.close()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_beyond_its_queue_a_domain_is_rejected_at_once(server: NameServer) -> None:
    server.hang("*.crowd.test")
    names = service(server, source_connect_timeout_s=BOUND_S, dns_lookups_per_domain=1)
    waiting = [asyncio.create_task(names(f"n{number}.crowd.test")) for number in range(1 + MAX_QUEUED_PER_DOMAIN)]
    await asyncio.to_thread(server.wait_for, lambda: server.count("n0.crowd.test") > 0)
    with pytest.raises(SourceBusy):
        await asyncio.wait_for(names("late.crowd.test"), BOUND_S / 2)
    await names.close()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_name_that_was_rejected_is_not_cached_as_a_failure(server: NameServer) -> None:
    server.hang("first.one.test")
    server.serve("second.one.test", "93.184.216.34")
    names = service(server, source_connect_timeout_s=0.4, dns_lookups=1)
    with pytest.raises(TimeoutError):
        await names("first.one.test")
    with pytest.raises(SourceBusy):
        await names("second.one.test")
    while names.lookups_in_flight:
        await asyncio.sleep(0.05)
    assert await names("second.one.test") == ["93.184.216.34"]
    await names.close()


async def test_few_domains_never_take_all_look_ups() -> None:
    """By dynamic thresholds: what a domain may have shrinks with what is free."""
    shares, held = LookupShares(512, 8), Counter[str]()
    for domain in (f"d{number}.test" for number in range(60)):
        while True:
            try:
                await asyncio.wait_for(shares.acquire(domain, BOUND_S), 0.001)
            except TimeoutError:
                break
            held[domain] += 1
    assert held["d0.test"] == 8
    assert 1 <= held["d59.test"] < 8
    assert shares.in_flight == sum(held.values()) < 512
    await shares.acquire("fresh.test", BOUND_S)
    for domain, count in held.items():
        for _ in range(count):
            shares.release(domain)
    shares.release("fresh.test")
    assert shares.in_flight == 0
    assert not shares._domains


async def test_a_client_that_names_any_number_of_domains_leaves_look_ups_to_others(server: NameServer) -> None:
    """Domains whose servers are silent are easily found: there are thousands of abandoned ones."""
    server.serve("*.fine.test", "93.184.216.34")
    names = service(server, source_connect_timeout_s=BOUND_S, dns_lookups=20)

    async def ask(client: str, name: str) -> list[str]:
        CURRENT_CLIENT.set(client)
        return await names(name)

    waiting = []
    for number in range(40):
        server.hang(f"www.abandoned{number}.test")
        waiting.append(asyncio.create_task(ask("greedy", f"www.abandoned{number}.test")))
    await asyncio.to_thread(server.wait_for, lambda: server.count("www.abandoned9.test") > 0)
    assert [await asyncio.create_task(ask("other", f"n{number}.fine.test")) for number in range(10)]
    assert names.lookups_in_flight == 16, "four fifths"
    with pytest.raises(SourceBusy):
        await asyncio.create_task(ask("greedy", "once.more.test"))
    await names.close()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_look_up_goes_to_the_next_in_the_queue_when_one_ends() -> None:
    shares = LookupShares(10, 1)
    await shares.acquire("a.test", BOUND_S)
    line = [asyncio.create_task(shares.acquire("a.test", BOUND_S)) for _ in range(3)]
    await asyncio.sleep(0)
    line[0].cancel()
    await asyncio.gather(line[0], return_exceptions=True)
    shares.release("a.test")
    await line[1]
    assert not line[2].done()
    shares.release("a.test")
    await line[2]
    shares.release("a.test")
    assert (shares.in_flight, shares._domains) == (0, {})


async def test_the_cache_of_the_library_is_emptied(server: NameServer) -> None:
    """It has no limit of its own, and would keep a stranger's answers for an hour."""
    server.serve("*.kept.test", "93.184.216.34", ttl=3600)
    client = DnsClient([server.address])
    await client.query("first.kept.test")
    await client.query("first.kept.test")
    assert server.count("first.kept.test") == 1, "the library does cache"
    for number in range(40):
        await client.query(f"n{number}.kept.test")
    while server.count("first.kept.test") == 1:
        await client.query("first.kept.test")
        await asyncio.sleep(0.01)
    client.close()


# ---------------------------------------------------------------- fetching


class Counts(NullObserver):
    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None:
        if event is Event.NAME_LOOKUP:
            self.seen[labels["outcome"]] += 1

    def observe_duration(self, stage: RequestStage, seconds: float) -> None:
        pass


def config(server: NameServer, **settings: Any) -> SourcesConfig:
    return SourcesConfig.model_validate({"dns_servers": server.address, "allowed_networks": LOCAL} | settings)


async def bodies(sources: Sources, *urls: str) -> list[bytes]:
    found = []
    for url in urls:
        with (await sources.fetch(parse_source(url))).spool as spool:
            found.append(spool.read())
    return found


def good(server: NameServer, origin: Origin, name: str) -> str:
    server.serve(name, "127.0.0.1")
    origin.serve("/a", b"image", close=True)
    return f"http://{name}:{origin.port}/a"


async def _fetch_while_names_hang(server: NameServer) -> None:
    counts = Counts()
    settings = config(server, source_connections=4, source_queue=0, source_connect_timeout_s=BOUND_S)
    sources = Sources(settings, counts)
    with Origin() as origin:
        url = good(server, origin, "good.test")
        server.hang("*.hang.test")
        hanging = [
            asyncio.create_task(sources.fetch(parse_source(f"http://n{number}.hang.test/"))) for number in range(64)
        ]
        await asyncio.to_thread(server.wait_for, lambda: server.count("n0.hang.test") > 0)
        assert await bodies(sources, *[url] * 20) == [b"image"] * 20
        literal = origin.serve("/literal", b"image", close=True)
        assert await bodies(sources, *[literal] * 20) == [b"image"] * 20
        assert not any(task.done() for task in hanging)
        assert counts.seen == {"ok": 1}
        assert (sources.limiter.in_flight, sources.limiter.queued) == (0, 0)
    await sources.close()
    await asyncio.gather(*hanging, return_exceptions=True)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop, ServerLoop])
def test_names_that_hang_neither_stop_other_fetches_nor_hold_their_slots(server: NameServer, loop: Any) -> None:
    """With four slots and no line, one name that held a slot would show."""
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(_fetch_while_names_hang(server))


async def test_the_answer_that_was_judged_is_the_one_connected(server: NameServer) -> None:
    """Rebinding against a real name server: each answer for itself, also from the cache."""
    with Origin("127.0.0.2") as outside, Origin("127.0.0.1", outside.port) as inside:
        server.rebind("rebind.test", ("127.0.0.2",), ("127.0.0.1",))
        outside.serve("/", b"image", close=True)
        inside.serve("/", b"secret")
        source = HttpSource(config(server, allowed_networks="127.0.0.2/32"))
        await source.open()
        with (await source.fetch(parse_source(f"http://rebind.test:{outside.port}/"))).spool as spool:
            assert spool.read() == b"image"
        await source.close()
        source = HttpSource(config(server, allowed_networks="127.0.0.2/32"))
        await source.open()
        for _ in range(2):
            with pytest.raises(SourceUnreachable):
                await source.fetch(parse_source(f"http://rebind.test:{outside.port}/"))
        await source.close()
        assert inside.connections == 0


async def test_an_internal_name_looks_like_one_that_does_not_exist(server: NameServer) -> None:
    server.serve("intranet.test", "10.0.0.1", "fd00::1")
    sources = Sources(config(server), NullObserver())
    told = []
    for name in ("intranet.test", "absent.test"):
        with pytest.raises(PixmillError) as caught:
            await sources.fetch(parse_source(f"http://{name}/"))
        told.append((caught.value.code, caught.value.message))
    assert told == [("source_unreachable", told[0][1])] * 2
    await sources.close()


async def test_a_name_that_is_not_resolved_is_tried_once(server: NameServer) -> None:
    source = HttpSource(config(server, source_retries=5))
    await source.open()
    with pytest.raises(SourceUnreachable):
        await source.fetch(parse_source("http://once.missing.test/"))
    assert server.count("once.missing.test") == 1
    await source.close()


async def test_without_any_resolver_addresses_are_fetched_and_names_fail() -> None:
    with refusing_port() as port, Origin() as origin:
        settings = SourcesConfig(dns_servers=f"127.0.0.1:{port}", allowed_networks=LOCAL, source_connect_timeout_s=2)
        sources = Sources(settings, NullObserver())
        with pytest.raises((SourceUnreachable, SourceTimeout)):
            await sources.fetch(parse_source("http://name.test/"))
        assert await bodies(sources, origin.serve("/a", b"image")) == [b"image"]
        await sources.close()


# ---------------------------------------------------------------- the loop of the server


def test_a_connection_to_an_address_asks_nobody() -> None:
    """uvloop would ask ``getaddrinfo`` in a pool of which two threads look up names."""
    asked: list[Any] = []

    class Watched(ServerLoop):
        async def getaddrinfo(self, host: Any, port: Any, **how: Any) -> Any:
            asked.append(host)
            found = await super().getaddrinfo(host, port, **how)
            assert asked.pop() == host, "answered without another turn of the loop"
            return found

        def _turn(self) -> None:
            assert not asked
            self.call_soon(self._turn)

    async def connect(origin: Origin) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Watched)
        loop.call_soon(loop._turn)
        await asyncio.sleep(0)
        with socket.socket() as sock:
            sock.setblocking(False)
            await loop.sock_connect(sock, ("127.0.0.1", origin.port))
            assert sock.getpeername() == ("127.0.0.1", origin.port)

    with Origin() as origin, asyncio.Runner(loop_factory=Watched) as runner:
        runner.run(connect(origin))
