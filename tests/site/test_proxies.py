"""The configurations of the page about proxies work in front of a server, with the real nginx, Caddy and Node."""

import json
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from docs import signing

from pixmill.dialects.signing import Keyring
from tests.servers.pixmill import Pixmill, Reply
from tests.servers.proxies import HOST, Caddy, Nginx, Proxy
from tests.site.blocks import PHOTOS, ROOT, blocks

BLOCKS = {
    block.language: block.code
    for block in blocks((ROOT / "docs" / "how-to" / "proxies.md").read_text(encoding="utf-8"))
}
KEY = "a-secret-of-16-chars-or-more"
BURST = 80
AVIF = "image/avif,image/webp,image/apng,*/*;q=0.8"
WEBP = "text/html,image/webp,*/*"


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    """Its limits are for a client: the proxy is at 127.0.0.1, clients are at other addresses of loopback."""
    limit: dict[str, str | float] = {"trusted_proxies": "127.0.0.1/32", "rate_limit": 0.001, "rate_limit_burst": BURST}
    with Pixmill(images=str(PHOTOS), keys=KEY, workers=1, **limit) as server:
        yield server


@pytest.fixture(scope="module", params=[Nginx, Caddy], ids=lambda kind: kind.name)
def proxy(request: pytest.FixtureRequest, server: Pixmill, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    kind: type[Proxy] = request.param
    folder = tmp_path_factory.mktemp(kind.name)
    with kind(BLOCKS[kind.name], f"127.0.0.1:{server.port}", folder) as proxy:
        yield proxy


def signed(target: str) -> str:
    path, _, query = target.partition("?")
    return Keyring.from_text(KEY).sign(path.encode(), query.encode())


def is_hit(proxy: Proxy, reply: Reply) -> bool:
    """Whether the outermost cache had it: that of nginx, or that of the server."""
    if isinstance(proxy, Nginx):
        return reply.headers["x-cache"] == "HIT"
    return "hit" in reply.headers["cache-status"]


def test_an_image_is_cached_with_its_validator(proxy: Proxy) -> None:
    target = signed(f"/resize?url=sunset.jpg&width=90&format=auto&v={proxy.name}")
    first = proxy.get(target, {"Accept": AVIF}, client="127.0.0.2")
    assert (first.status, first.headers["content-type"]) == (200, "image/avif")
    assert "accept" in first.headers["vary"].lower()
    assert not is_hit(proxy, first)
    second = proxy.get(target, {"Accept": AVIF}, client="127.0.0.3")
    assert is_hit(proxy, second)
    assert (second.body, second.headers["etag"]) == (first.body, first.headers["etag"])


def test_browsers_that_take_the_same_formats_share_a_copy_and_others_get_their_format(proxy: Proxy) -> None:
    target = signed(f"/resize?url=sunset.jpg&width=91&format=auto&v={proxy.name}")
    accepted = (AVIF, WEBP, "*/*", "image/avif,image/webp,*/*;q=0.5", "image/webp", "image/png,*/*")
    replies = [proxy.get(target, {"Accept": accept}, client="127.0.0.2") for accept in accepted]
    kinds = [reply.headers["content-type"] for reply in replies]
    assert kinds[:3] == ["image/avif", "image/webp", "image/jpeg"]
    assert kinds[:2] == kinds[3:5]
    assert [is_hit(proxy, reply) for reply in replies[:2]] == [False, False]
    assert all(is_hit(proxy, reply) for reply in replies[3:5])


def test_conditional_requests_and_head_have_no_body(proxy: Proxy) -> None:
    target = signed("/resize?url=sunset.jpg&width=92")
    whole = proxy.get(target, client="127.0.0.2")
    same = proxy.get(target, {"If-None-Match": whole.headers["etag"]}, client="127.0.0.2")
    assert (same.status, same.body, same.headers["etag"]) == (304, b"", whole.headers["etag"])
    head = proxy.get(target, method="HEAD", client="127.0.0.2")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) == len(whole.body)


def test_an_error_is_not_stored_for_longer_than_it_allows(proxy: Proxy) -> None:
    target = signed(f"/resize?url=not-there-{proxy.name}.jpg")
    first, second = (proxy.get(target, client="127.0.0.5") for _ in range(2))
    assert (first.status, second.status) == (404, 404)
    stored = isinstance(proxy, Nginx) and is_hit(proxy, second)
    assert stored is (isinstance(proxy, Nginx) and "max-age" in first.headers.get("cache-control", ""))


def test_signed_urls_pass_unchanged(proxy: Proxy) -> None:
    vectors = json.loads((signing.EXAMPLES / "vectors.json").read_text(encoding="utf-8"))
    urls = [vector["signed"] for vector in vectors if vector["key"] == KEY]
    assert len(urls) > 8
    replies = [proxy.get(url, client="127.0.0.4") for url in urls]
    assert {reply.status for reply in replies} <= {200, 400, 404}
    assert [reply.status for reply in replies].count(200) > 3
    reply = proxy.get(urls[0].replace("width", "%77idth"), client="127.0.0.4")
    assert (reply.status, reply.json()["code"]) == (403, "signature_invalid")


def test_absolute_urls_have_the_host_that_the_client_requested(proxy: Proxy) -> None:
    reply = proxy.get(signed("/srcset?url=sunset.jpg&widths=100,200"), client="127.0.0.2")
    assert reply.status == 200
    assert f"http://{HOST}/" in reply.body.decode()


def test_only_images_are_public(proxy: Proxy, server: Pixmill) -> None:
    for path in ("/metrics", "/health", "/health/ready", "/admin/purge", "/%6detrics", "/metrics/"):
        assert proxy.get(path).status == 404
    assert server.get("/metrics").status == 200


def test_limits_apply_to_each_client_and_not_to_what_it_writes(proxy: Proxy) -> None:
    client, other = ("127.0.1.2", "127.0.1.3") if isinstance(proxy, Nginx) else ("127.0.2.2", "127.0.2.3")
    statuses = [proxy.get(signed(f"/resize?url=no-{number}.jpg"), client=client).status for number in range(BURST + 5)]
    assert (statuses[0], statuses[-1]) == (404, 429)
    spoofed = {"X-Forwarded-For": "198.51.100.7", "Forwarded": "for=198.51.100.7"}
    assert proxy.get(signed("/resize?url=no-spoofed.jpg"), spoofed, client=client).status == 429
    assert proxy.get(signed("/resize?url=no-other.jpg"), client=other).status == 404


def test_the_function_of_cloudfront_leaves_three_values_of_accept() -> None:
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    accepted = [AVIF, WEBP, "image/webp;q=0.9,image/avif", "*/*", None]
    code = BLOCKS["javascript"] + (
        f"const them = {json.dumps(accepted)}.map(value => handler({{request: {{headers: value ? {{accept: {{value}}}} : {{}}}}}}));"
        "console.log(JSON.stringify(them.map(request => request.headers.accept.value)));"
    )
    done = subprocess.run(["node", "-e", code], capture_output=True, check=True, timeout=120)
    assert json.loads(done.stdout) == [
        "image/avif,image/webp,*/*",
        "image/webp,*/*",
        "image/avif,image/webp,*/*",
        "*/*",
        "*/*",
    ]
