"""Load balancers that hash by the original, configured as docs/how-to/affinity.md shows."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import quote

import pytest

from tests.e2e.scenes import small_photo
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill
from tests.servers.proxies import Envoy, Haproxy, Nginx, Proxy

SERVERS = 4
ORIGINALS = 13
"""No multiple of the servers: round robin would give all sizes of an original to the same one."""
WIDTHS = (40, 50, 60, 70)
KEYS = 1_000
MOVED = range(170, 241)
"""Of a thousand keys, when a fifth server joins: a fifth, give or take what rings of some hundred points miss it by."""

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "affinity.md"

Balancer = Callable[[list[str], Path], Proxy]


def shown(language: str) -> str:
    """The configuration of the page."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return blocks[0]


def nginx(servers: list[str], folder: Path) -> Proxy:
    rows = "".join(f"    server {server};\n" for server in servers)
    return Nginx(re.sub(r"(    server 127\.0\.0\.1:80\d\d;\n)+", rows, shown("nginx")), "", folder)


def haproxy(servers: list[str], folder: Path) -> Proxy:
    return Haproxy(servers, folder, shown("haproxy").strip())


def envoy(servers: list[str], folder: Path) -> Proxy:
    return Envoy(servers, folder, shown("yaml"))


def round_robin(servers: list[str], folder: Path) -> Proxy:
    return Haproxy(servers, folder)


BALANCERS = pytest.mark.parametrize("balancer", [nginx, haproxy, envoy])


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture(scope="module")
def servers() -> Iterator[list[str]]:
    """Addresses of servers that share nothing."""
    with ExitStack() as stack:
        settings = {"allowed_networks": "127.0.0.0/8", "cache": "memory://", "workers": 1}
        pixmills = [stack.enter_context(Pixmill(**settings)) for _ in range(SERVERS)]  # type: ignore[arg-type]
        yield [f"127.0.0.1:{server.port}" for server in pixmills]


def downloads(proxy: Proxy, origin: Origin) -> int:
    """Ask for originals in several sizes, and return how often the origin was asked."""
    before = len(origin.requests)
    paths = [f"/{proxy.port}/{number}.jpg" for number in range(ORIGINALS)]
    for path in paths:
        origin.serve(path, small_photo(), headers={"ETag": '"1"', "Cache-Control": "max-age=600"})
    for width in WIDTHS:
        for url in map(origin.url, paths):
            assert proxy.get(f"/resize?url={quote(url, safe='')}&width={width}").status == 200
    return len(origin.requests) - before


@BALANCERS
def test_each_original_is_downloaded_once_in_the_fleet(
    balancer: Balancer, servers: list[str], origin: Origin, tmp_path: Path, bar: Callable[[str, object, object], None]
) -> None:
    with balancer(servers, tmp_path) as proxy:
        bar(
            f"downloads of {ORIGINALS} originals in {len(WIDTHS)} sizes behind {proxy.name}",
            downloads(proxy, origin),
            ORIGINALS,
        )


def test_round_robin_downloads_an_original_in_every_server(servers: list[str], origin: Origin, tmp_path: Path) -> None:
    with round_robin(servers, tmp_path) as proxy:
        assert downloads(proxy, origin) > 2 * ORIGINALS


@BALANCERS
def test_few_originals_move_when_a_server_joins(
    balancer: Balancer, tmp_path: Path, note: Callable[[str], None]
) -> None:
    with ExitStack() as stack:
        addresses = [stack.enter_context(Backend()).address for _ in range(SERVERS + 1)]
        placed = []
        for count in (SERVERS, SERVERS + 1):
            folder = tmp_path / str(count)
            folder.mkdir()
            with balancer(addresses[:count], folder) as proxy:
                placed.append([proxy.get(f"/resize?url=a/{n}.jpg&width=9").body for n in range(KEYS)])
                assert len(set(placed[-1])) == count
    moved = sum(one != other for one, other in zip(*placed, strict=True))
    note(f"keys of {KEYS} that move behind {proxy.name} when a fifth server joins: {moved}")
    assert moved in MOVED


class Backend:
    """Answers every request with its own address."""

    def __init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = outer.address.encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
