"""Who asks, and how often they may: addresses behind proxies, and the limit as clients see it."""

import asyncio
from collections.abc import Hashable
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from pixmill.api.http.forwarded import client_address, parse_networks, throttle_key
from pixmill.api.http.problems import problem_response
from pixmill.api.middleware.guards import RateLimitMiddleware
from pixmill.errors import RateLimited
from pixmill.ports.observe import NullObserver
from pixmill.runtime.client import CURRENT_CLIENT
from pixmill.runtime.rate_limiter import RateLimiter

TRUSTED = parse_networks("10.0.0.0/8, fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", [b"198.51.100.7"], "192.0.2.1"),  # no proxy of ours: it may write what it likes
        ("10.0.0.1", [b"198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", [b"203.0.113.9, 198.51.100.7"], "198.51.100.7"),  # the first is what the client wrote
        ("10.0.0.1", [b"203.0.113.9, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        (
            "10.0.0.1",
            [b"203.0.113.9", b"198.51.100.7", b"10.0.0.2"],
            "198.51.100.7",
        ),  # several lines are one (RFC 9110 §5.3)
        ("fd00::1", [b"2001:db8::7"], "2001:db8::7"),
        ("::ffff:10.0.0.1", [b"198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [b"198.51.100.7, unknown"], "10.0.0.1"),
        ("10.0.0.1", [b"10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("", [b"198.51.100.7"], ""),
        ("10.0.0.1", [b"198.51.100.7:4711"], "198.51.100.7"),
        ("10.0.0.1", [b"198.51.100.7:4711, 10.0.0.2:80"], "198.51.100.7"),
        ("10.0.0.1", [b"[2001:db8::7]:4711"], "2001:db8::7"),
        ("10.0.0.1", [b"[2001:db8::7]"], "2001:db8::7"),
        ("10.0.0.1", [b"198.51.100.7:_secret"], "198.51.100.7"),
        ("10.0.0.1", [b"198.51.100.7:"], "10.0.0.1"),
        ("10.0.0.1", [b"198.51.100.7:123456"], "10.0.0.1"),
        ("10.0.0.1", [b"[2001:db8::7"], "10.0.0.1"),
        ("10.0.0.1", [b"[2001:db8::7]4711"], "10.0.0.1"),
        ("10.0.0.1", [b"198.51.100.999:80"], "10.0.0.1"),
        ("10.0.0.1", [b"198.51.100.7\xb2:80"], "10.0.0.1"),
    ],
)
def test_the_client_is_the_last_hop_that_is_no_trusted_proxy(peer: str, forwarded: list[bytes], client: str) -> None:
    assert client_address(peer, [(b"x-forwarded-for", line) for line in forwarded], TRUSTED) == client


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ([b"for=198.51.100.7"], "198.51.100.7"),
        ([b'For="198.51.100.7:4711";proto=https;by=10.0.0.1'], "198.51.100.7"),
        ([b'proto=http;for="[2001:db8::7]:4711"'], "2001:db8::7"),
        ([b'for="[2001:db8::7]"'], "2001:db8::7"),
        ([b"for=203.0.113.9, for=198.51.100.7", b"for=10.0.0.2"], "198.51.100.7"),
        ([b'for=203.0.113.9;by=", for=198.51.100.7'], "198.51.100.7"),  # what a client leaves open swallows nothing
        ([b'for=198.51.100.7;host="a,for=203.0.113.9"'], "10.0.0.1"),  # a client may have chosen what is in quotes
        ([b"for=198.51.100.7, for=_hidden"], "10.0.0.1"),
        ([b"for=unknown"], "10.0.0.1"),
        ([b"proto=https"], "10.0.0.1"),
        ([b"198.51.100.7"], "10.0.0.1"),
        ([b"for=198.51.100.7 proto=https"], "10.0.0.1"),
        ([b"for=198.51.100.7;;"], "10.0.0.1"),
        ([b""], "10.0.0.1"),
    ],
)
def test_the_standard_header_is_read_where_the_usual_one_is_not_sent(forwarded: list[bytes], client: str) -> None:
    headers = [(b"forwarded", line) for line in forwarded]
    assert client_address("10.0.0.1", headers, TRUSTED) == client
    assert client_address("10.0.0.1", [*headers, (b"x-forwarded-for", b"192.0.2.9")], TRUSTED) == "192.0.2.9"


def test_without_trusted_proxies_nobody_speaks_for_others() -> None:
    assert client_address("10.0.0.1", [(b"x-forwarded-for", b"198.51.100.7")], ()) == "10.0.0.1"


LINES = st.one_of(st.binary(max_size=200), st.text('for=;,"\\ :[]_.019a', max_size=200).map(str.encode))


@given(st.sampled_from([b"x-forwarded-for", b"forwarded"]), st.lists(LINES, max_size=5))
def test_whatever_stands_there_an_address_comes_of_it(name: bytes, lines: list[bytes]) -> None:
    ip_address(client_address("10.0.0.1", [(name, line) for line in lines], TRUSTED))


def test_a_subscriber_of_ipv6_has_one_bucket_and_mapped_addresses_are_those_they_map() -> None:
    assert throttle_key("2001:db8::1") == throttle_key("2001:db8::ffff:1")
    assert throttle_key("2001:db8::1") != throttle_key("2001:db8:0:1::1")
    assert throttle_key("::ffff:192.0.2.1") == throttle_key("192.0.2.1") != throttle_key("192.0.2.2")


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer nothing."""


async def ask(limit: RateLimitMiddleware, client: str, path: str = "/resize") -> None:
    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        raise AssertionError(message)

    await limit({"type": "http", "path": path, "client": (client, 1), "headers": []}, receive, send)


async def test_a_client_that_asks_too_often_is_told_when_to_come_again_and_others_are_served() -> None:
    limit = RateLimitMiddleware(_nothing, RateLimiter(0.5, 2, clock=lambda: 0.0), (), NullObserver())
    for _ in range(2):
        await ask(limit, "192.0.2.1")
    with pytest.raises(RateLimited) as refusal:
        await ask(limit, "192.0.2.1")
    answer = problem_response(refusal.value)
    assert (answer.status_code, answer.headers["retry-after"], answer.headers["cache-control"]) == (
        429,
        "2",
        "no-store",
    )
    await ask(limit, "192.0.2.2")
    for _ in range(5):
        await ask(limit, "192.0.2.1", "/health/live")


async def test_the_parts_below_learn_the_client_and_so_do_their_tasks_with_or_without_a_limit() -> None:
    seen: dict[str, Hashable] = {}
    both = asyncio.Barrier(2)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await both.wait()

        async def task() -> None:
            seen[scope["client"][0]] = CURRENT_CLIENT.get()

        await asyncio.create_task(task())

    for limiter in (None, RateLimiter(10, 10)):
        limit = RateLimitMiddleware(app, limiter, TRUSTED, NullObserver())
        await asyncio.gather(*(asyncio.create_task(ask(limit, client)) for client in ("192.0.2.1", "2001:db8::1")))
        assert seen == {client: throttle_key(client) for client in ("192.0.2.1", "2001:db8::1")}
        seen.clear()
