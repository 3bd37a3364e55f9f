"""What Chromium shows of an image file, as pixels: sRGB, 8 bits a channel, alpha not multiplied in.

``with Judge() as judge: judge.still(body, "image/png")``. Images are drawn on a canvas of a page on loopback, so that
colour profiles, orientation, damage and scaling are the browser's own; frames come from WebCodecs' ``ImageDecoder``.
Knows nothing of what it is compared with.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from tests.servers.chromium import open_browser

Pixels = NDArray[np.uint8]
"""Rows, columns, and red, green, blue, alpha."""

STEP_MS: Final = 120_000
"""A safety net: most images take a few hundredths of a second."""

_PAGE: Final = """\
<!doctype html><meta charset="utf-8"><title>judge</title>
<script>
"use strict";
function canvas(width, height) {
  const context = new OffscreenCanvas(width, height).getContext("2d", {willReadFrequently: true, colorSpace: "srgb"});
  context.imageSmoothingEnabled = false;
  return context;
}
async function send(context, number) {
  const {width, height} = context.canvas;
  const data = context.getImageData(0, 0, width, height, {colorSpace: "srgb"}).data;
  await fetch(`/pixels/${number}`, {method: "POST", body: data});
}
async function still(file, width, height) {
  const image = new Image(...(width ? [width, height] : []));
  const shown = new Promise((resolve) => { image.onload = () => resolve(true); image.onerror = () => resolve(false); });
  image.src = file;
  if (!await shown) return null;
  const size = [width || image.naturalWidth, height || image.naturalHeight];
  const context = canvas(...size);
  context.drawImage(image, 0, 0, ...size);
  await send(context, 0);
  return size;
}
async function opened(data, options) {
  const decoder = new ImageDecoder({data, ...options});
  await decoder.tracks.ready;
  await decoder.completed;
  return decoder;
}
async function frames(file, type, most) {
  const data = await (await fetch(file)).arrayBuffer();
  const found = {size: null, durations: [], repetitions: 0, error: ""};
  let decoder;
  try {
    decoder = await opened(data, {type, preferAnimation: true}).catch(() => opened(data, {type}));
    const track = decoder.tracks.selectedTrack;
    found.repetitions = track.repetitionCount === Infinity ? -1 : track.repetitionCount;
    for (let frameIndex = 0; frameIndex < Math.min(track.frameCount, most); frameIndex++) {
      const {image} = await decoder.decode({frameIndex});
      found.size = [image.displayWidth, image.displayHeight];
      const context = canvas(...found.size);
      context.drawImage(image, 0, 0, ...found.size);
      found.durations.push((image.duration ?? 0) / 1000);
      image.close();
      await send(context, frameIndex);
    }
  } catch (error) {
    found.error = String(error);
  } finally {
    decoder?.close();
  }
  return found;
}
</script>
"""


@dataclass(frozen=True)
class Animation:
    """Frames as they follow each other on the screen; ``repetitions`` is -1 if it never ends."""

    frames: tuple[Pixels, ...]
    durations_ms: tuple[float, ...]
    repetitions: int
    error: str = ""
    """Why the browser stopped before the last frame, or shows nothing."""


class Judge:
    """A page of a browser, used by one caller at a time. Playwright's event loop has a thread of its own: with it in
    the caller's, asynchronous tests of the same process would find a loop running."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Callable[[Any], Any], Future[Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="judge", daemon=True)
        self._ready: Future[None] = Future()
        self._host = _Host()

    def still(self, body: bytes, mime: str, size: tuple[int, int] | None = None) -> Pixels | None:
        """Return what ``<img>`` shows, scaled to ``size`` if given; None if it shows the sign of a broken image."""
        file = self._host.put(body, mime)
        found = self._evaluate("([file, width, height]) => still(file, width, height)", [file, *(size or (0, 0))])
        return None if found is None else self._host.pixels(0, *found)

    def animation(self, body: bytes, mime: str, most: int = 100) -> Animation:
        """Return at most so many frames."""
        file = self._host.put(body, mime)
        found = self._evaluate("([file, type, most]) => frames(file, type, most)", [file, mime, most])
        shown = tuple(self._host.pixels(number, *found["size"]) for number in range(len(found["durations"])))
        return Animation(shown, tuple(found["durations"]), found["repetitions"], found["error"])

    def __enter__(self) -> Self:
        self._host.start()
        self._thread.start()
        self._ready.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._calls.put(None)
        self._thread.join()
        self._host.stop()

    def _evaluate(self, script: str, argument: object) -> Any:
        future: Future[Any] = Future()
        self._calls.put((lambda page: page.evaluate(script, argument), future))
        return future.result(STEP_MS / 1000)

    def _serve(self) -> None:
        try:
            with ExitStack() as stack:
                page = self._open(stack)
                self._ready.set_result(None)
                while call := self._calls.get():
                    do, future = call
                    try:
                        future.set_result(do(page))
                    except BaseException as error:  # noqa: BLE001 - is the caller's
                        future.set_exception(error)
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    def _open(self, stack: ExitStack) -> Any:
        browser = stack.enter_context(open_browser())
        page = browser.contexts[0].new_page()
        page.set_default_timeout(STEP_MS)
        page.goto(self._host.url)
        return page


class _Host:
    """The page's origin on loopback: gives it the file and takes its pixels. 127.0.0.1 is a secure context, as
    WebCodecs needs."""

    def __init__(self) -> None:
        self._files = 0
        self._pages = {"/": (_PAGE.encode(), "text/html")}
        self._pixels: dict[int, bytes] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, name="judge's pages", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def put(self, body: bytes, mime: str) -> str:
        """Serve the file instead of the one before, and return its path: another one each time, since a page keeps
        the images it has loaded."""
        self._pages.pop(f"/file/{self._files}", None)
        self._files += 1
        self._pages[path := f"/file/{self._files}"] = body, mime
        self._pixels.clear()
        return path

    def pixels(self, number: int, width: int, height: int) -> Pixels:
        return np.frombuffer(self._pixels[number], np.uint8).reshape(height, width, 4)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body, mime = host._pages.get(self.path, (b"", "text/plain"))
                self.answer(200 if self.path in host._pages else 404, body, mime)

            def do_POST(self) -> None:
                number = int(self.path.rpartition("/")[2])
                host._pixels[number] = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(200, b"", "text/plain")

            def answer(self, status: int, body: bytes, mime: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", mime)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        return Handler
