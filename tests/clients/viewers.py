"""Viewers of IIIF images in Chromium, on pages of another origin than the images.

    with Viewers({"/": PAGE}) as viewers:
        page = viewers.open("/")

A viewer is one file of its npm package: the package alone is downloaded, and must be the one with the digest given here.
"""

import fcntl
import subprocess
import tarfile
import threading
from base64 import b64encode
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha512
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

from playwright.sync_api import Page

from tests.clients.node import PROJECT
from tests.servers.chromium import open_browser

STEP_MS: Final = 120_000
"""A safety net: a step takes a second or two."""

_NPM_TIMEOUT_S: Final = 300


@dataclass(frozen=True)
class _Package:
    """A package of npm, its digest, and the script in it."""

    name: str
    version: str
    integrity: str
    script: str


_PACKAGES: Final = {
    "/openseadragon.js": _Package(
        "openseadragon",
        "6.1.1",
        "g4iKe2q8B642SaBT3+x4ZF3/8b1TxPPydyjmtrOLgDrlYWMKd9ZXM+1Cb/xa9DVySkvs/7l6HR1nHKfD5F3Tsw==",
        "package/build/openseadragon/openseadragon.min.js",
    ),
    "/mirador.js": _Package(
        "mirador",
        "4.0.0",
        "uWsE9e2oqSc/lUu+vVwDGhTsycuhGsfZ2KfX6CLfXiT3wgGy6qT9+q5M3V9Zz72hkdIgsJugKesaowmRtYmvrA==",
        "package/dist/mirador.min.js",
    ),
}
"""By the path of the script on the pages' origin."""


def _script(package: _Package) -> bytes:
    """Return the script of a package, which is downloaded once."""
    folder = PROJECT / "viewers"
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{package.name}-{package.version}.tgz"
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            command = ["npm", "pack", f"{package.name}@{package.version}", "--ignore-scripts", "--silent"]
            subprocess.run(command, cwd=folder, check=True, timeout=_NPM_TIMEOUT_S, stdout=subprocess.DEVNULL)
    digest = b64encode(sha512(archive.read_bytes()).digest()).decode()
    assert digest == package.integrity, f"{archive.name} is not the package that it was"
    with tarfile.open(archive) as files:
        member = files.extractfile(package.script)
        assert member is not None
        return member.read()


class Viewers:
    """A browser, and the origin of its pages: ``pages`` by path, with the scripts of the viewers beside them."""

    def __init__(self, pages: Mapping[str, str]) -> None:
        self._pages = {path: (body.encode(), _media_type(path)) for path, body in pages.items()}
        self._pages |= {path: (_script(package), "text/javascript") for path, package in _PACKAGES.items()}
        self._stack = ExitStack()
        self._browser: Any = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            thread = threading.Thread(target=self._server.serve_forever, name="viewers' pages", daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(self._server.server_close)
            stack.callback(self._server.shutdown)
            self._browser = stack.enter_context(open_browser())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def open(self, path: str) -> "Visit":
        """Open a page in a window of 1200 × 900."""
        page = self._browser.contexts[0].new_page()
        page.set_default_timeout(STEP_MS)
        page.set_viewport_size({"width": 1_200, "height": 900})
        visit = Visit(page)
        page.goto(self.url + path)
        return visit

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pages = self._pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body, media_type = pages.get(self.path.partition("?")[0], (b"", ""))
                self.send_response(200 if media_type else 204)  # a favicon
                self.send_header("Content-Type", media_type or "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


class Visit:
    """A page that is open, and what happened on it: URLs with their status, and errors."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.statuses: dict[str, int] = {}
        self.errors: list[str] = []
        page.on("response", lambda response: self.statuses.update({response.url: response.status}))
        page.on("requestfailed", lambda request: self.errors.append(f"{request.url}: {request.failure}"))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note)

    def _note(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)


def _media_type(path: str) -> str:
    return "application/json" if path.endswith(".json") else "text/html; charset=utf-8"
