"""The URL of a request as its client sees it, behind proxies and without."""

import pytest

from pixmill.api.http.forwarded import parse_networks, requested_url

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
