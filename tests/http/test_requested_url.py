"""The URL of a request as its client sees it, behind proxies and without."""

import pytest

from pixmill.api.http.forwarded import parse_networks, requested_url, trusted_origin

TRUSTED = parse_networks("10.0.0.0/8")
Headers = list[tuple[bytes, bytes]]


def url_of(headers: Headers, peer: str = "10.0.0.1") -> str:
    scope = {
        "scheme": "http",
        "client": (peer, 1),
        "headers": [(b"host", b"inner.test:8080"), *headers],
        "raw_path": b"/iiif/3/a%2Fb",
    }
    return requested_url(scope, TRUSTED)


@pytest.mark.parametrize(
    ("headers", "start"),
    [
        ([], "http://inner.test:8080"),
        ([(b"x-forwarded-proto", b"https")], "https://inner.test:8080"),
        ([(b"x-forwarded-proto", b"HTTPS, http"), (b"x-forwarded-host", b"a.test, b.test")], "https://a.test"),
        ([(b"forwarded", b'for=1.2.3.4;proto=https;host="a.test:81", for=10.0.0.1;proto=http')], "https://a.test:81"),
        ([(b"forwarded", b"host=b.test"), (b"x-forwarded-host", b"a.test")], "http://a.test"),
        ([(b"x-forwarded-host", b"b.test"), (b"forwarded", b"host=a.test")], "http://b.test"),
        ([(b"x-forwarded-proto", b"javascript"), (b"x-forwarded-host", b'a"b')], "http://inner.test:8080"),
        ([(b"forwarded", b'proto="https;host=a.test')], "http://inner.test:8080"),
        ([(b"x-forwarded-host", b"[::1]:80")], "http://[::1]:80"),
    ],
)
def test_a_trusted_proxy_says_what_its_client_asked_for(headers: Headers, start: str) -> None:
    assert url_of(headers) == f"{start}/iiif/3/a%2Fb"


def test_others_are_not_believed() -> None:
    headers = [(b"x-forwarded-proto", b"https"), (b"x-forwarded-host", b"a.test"), (b"forwarded", b"host=a.test")]
    assert url_of(headers, "192.0.2.1") == "http://inner.test:8080/iiif/3/a%2Fb"


def origin_of(headers: Headers, peer: str = "10.0.0.1", host: bytes = b"a.test", version: str = "1.1") -> str:
    """The origin that a request from a peer is trusted with."""
    scope = {
        "scheme": "http",
        "client": (peer, 1),
        "http_version": version,
        "headers": [(b"host", host), *headers],
        "raw_path": b"/srcset",
    }
    return trusted_origin(scope, TRUSTED)


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ([], "http://a.test"),
        ([(b"x-forwarded-proto", b"https")], "https://a.test"),
        ([(b"x-forwarded-proto", b"https, http"), (b"x-forwarded-host", b"B.test")], "https://b.test"),
        ([(b"forwarded", b'proto=https;host="[::1]:81"')], "https://[::1]:81"),
        # what the client wrote may come first
        ([(b"x-forwarded-host", b"evil.test, a.test")], ""),
        ([(b"x-forwarded-host", b"evil.test"), (b"x-forwarded-host", b"a.test")], ""),
        ([(b"forwarded", b"host=evil.test, host=a.test")], ""),
        ([(b"host", b"evil.test")], ""),
    ],
)
def test_the_origin_is_what_a_trusted_proxy_says_alone(headers: Headers, origin: str) -> None:
    assert origin_of(headers) == origin


@pytest.mark.parametrize(
    "host", [b"", b"a:b:c", b"a b", b'a"b', b"a.test/x", b"user@a.test", b"a..b", b"a" * 300, b"[x]"]
)
def test_what_is_no_host_is_no_origin(host: bytes) -> None:
    assert origin_of([], host=host) == ""


@pytest.mark.parametrize(
    ("host", "headers", "version", "origin"),
    [
        (b"127.0.0.1:8080", [], "1.1", "http://127.0.0.1:8080"),
        (b"[::1]:8080", [], "2", "http://[::1]:8080"),
        (b"LOCALHOST:8080", [], "1.1", "http://localhost:8080"),
        (b"pics.localhost", [], "1.1", "http://pics.localhost"),
        (b"evil.test", [], "1.1", ""),
        (b"localhost.evil.test", [], "1.1", ""),
        (b"10.0.0.7", [], "1.1", ""),
        # proxies on this machine, which send the address at which they have reached the server
        (b"127.0.0.1:8080", [(b"x-forwarded-for", b"192.0.2.1")], "1.1", ""),
        (b"127.0.0.1:8080", [(b"via", b"1.1 a")], "1.1", ""),
        (b"127.0.0.1:8080", [], "1.0", ""),
    ],
)
def test_of_others_only_their_own_machine_is_an_origin(
    host: bytes, headers: Headers, version: str, origin: str
) -> None:
    assert origin_of(headers, "127.0.0.1", host, version) == origin
