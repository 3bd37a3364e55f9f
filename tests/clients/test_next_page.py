"""A page that Next.js builds and serves, in Chromium: with Pixmill at ``/_next/image`` it shows what it shows without."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from tests.clients.node import PROJECT
from tests.compat.mounts import MOUNTS
from tests.compat.runner import Service
from tests.compat.sources import source
from tests.servers.chromium import open_browser
from tests.servers.ports import free_port

BUILD_TIMEOUT_S: Final = 300
NAMES: Final = ("L.jpg", "A.png", "G.gif", "S.jpg")
LAYOUT: Final = "export default function Layout({ children }) { return <html><body>{children}</body></html>; }\n"
PAGE: Final = """\
import Image from "next/image";

export default function Page() {
  const eager = {loading: "eager"};
  return <main>
    <Image src="/L.jpg" alt="fixed" width={600} height={400} {...eager} />
    <div style={{position: "relative", width: 500, height: 300}}>
      <Image src="/L.jpg" alt="filled" fill sizes="50vw" quality={50} {...eager} />
    </div>
    <Image src="/A.png" alt="transparent" width={200} height={200} sizes="(min-width: 600px) 200px, 100vw" {...eager} />
    <Image src="/G.gif" alt="animated" width={120} height={80} {...eager} />
    <Image src="/S.jpg" alt="small" width={800} height={600} {...eager} />
    <Image src="http://127.0.0.1:PORT/L.jpg" alt="remote" width={300} height={200} {...eager} />
  </main>;
}
"""
SEEN: Final = """() => Promise.all([...document.images].map(async (image) => {
  await image.decode();
  const {pathname, search} = new URL(image.currentSrc);
  return [image.alt, pathname + search, image.naturalWidth, image.naturalHeight];
}))"""


class _Proxy(BaseHTTPRequestHandler):
    """Sends requests for images to Pixmill, all others to Next.js."""

    protocol_version = "HTTP/1.1"
    next_port = pixmill_port = 0
    media_types: Final[list[str]] = []

    def do_GET(self) -> None:
        is_image = self.path.startswith("/_next/image")
        connection = HTTPConnection("127.0.0.1", self.pixmill_port if is_image else self.next_port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        connection.request("GET", self.path, headers=headers | {"Host": "nextjs.test" if is_image else "127.0.0.1"})
        reply = connection.getresponse()
        body = reply.read()
        connection.close()
        if is_image:
            self.media_types.append(reply.headers["Content-Type"])
        self.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - of the base class
        """Print nothing."""


@pytest.fixture(scope="module")
def app(service: Service) -> Path:
    """The application, built, below the project, whose packages it uses."""
    folder = PROJECT / "next-page"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "app").mkdir(parents=True)
    (folder / "public").mkdir()
    for name in NAMES:
        (folder / "public" / name).write_bytes(source(name))
    config: dict[str, Any] = {"images": MOUNTS["nextjs"]["options"], "outputFileTracingRoot": str(PROJECT)}
    config["turbopack"] = {"root": str(PROJECT)}
    (folder / "package.json").write_text('{"private": true}')
    (folder / "next.config.mjs").write_text(f"export default {json.dumps(config)};\n")
    (folder / "app" / "layout.js").write_text(LAYOUT)
    (folder / "app" / "page.js").write_text(PAGE.replace("PORT", str(service.origin.port)))
    build = [str(PROJECT / "node_modules" / ".bin" / "next"), "build"]
    done = subprocess.run(
        build, cwd=folder, env=_environment(), capture_output=True, text=True, check=False, timeout=BUILD_TIMEOUT_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def _environment() -> dict[str, str]:
    return {**os.environ, "NEXT_TELEMETRY_DISABLED": "1", "NODE_ENV": "production"}


@pytest.fixture(scope="module")
def next_port(app: Path) -> Iterator[int]:
    port = free_port()
    command = [str(PROJECT / "node_modules" / ".bin" / "next"), "start", "-p", str(port), "-H", "127.0.0.1"]
    with subprocess.Popen(command, cwd=app, env=_environment(), stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("next start does not answer")


@pytest.fixture(scope="module")
def proxy_port(service: Service, next_port: int) -> Iterator[int]:
    _Proxy.next_port, _Proxy.pixmill_port = next_port, service.server.port
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Proxy)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def _seen(browser: Browser, port: int, scale: int, width: int) -> list[list[Any]]:
    context = browser.new_context(device_scale_factor=scale, viewport={"width": width, "height": 900})
    try:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/", wait_until="networkidle")
        seen: list[list[Any]] = page.evaluate(SEEN)
        return seen
    finally:
        context.close()


def test_a_page_shows_the_same_images_with_pixmill_behind_it(next_port: int, proxy_port: int) -> None:
    with open_browser() as browser:
        for scale, width in ((1, 1200), (2, 390), (3, 2560)):
            expected = _seen(browser, next_port, scale, width)
            assert len(expected) == PAGE.count("<Image")
            assert all(image[1].startswith("/_next/image?") for image in expected)
            assert _seen(browser, proxy_port, scale, width) == expected
    assert set(_Proxy.media_types) == {"image/avif", "image/gif"}
