"""Memory that a server needs: for itself, per connection, and per worker for originals of many pixels.

    .venv/bin/python -m benchmarks.sizes

Each image is rendered by a worker that has just started, whose peak of resident memory (``VmHWM``) is printed. Shared
memory, such as code and the original itself, counts in it. The figures stand in ``docs/deployment.md``.
"""

import contextlib
import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.looks import memory_of
from PIL import Image

from tests.e2e.scenes import metric, until
from tests.servers.pixmill import Pixmill

PHOTO = Path(__file__).parents[1] / "examples" / "photos" / "sunset.jpg"
CONNECTIONS = 1_000
SIDES = {24: (6_000, 4_000), 50: (8_660, 5_773)}
"""Width and height by megapixels."""

RENDERS = (
    ("a worker, 24 megapixels to 800 px", "24.jpg", {"width": 800}),
    ("the same from a progressive JPEG", "24p.jpg", {"width": 800}),
    ("a worker, 50 megapixels to 800 px", "50.jpg", {"width": 800}),
    ("the same from a progressive JPEG", "50p.jpg", {"width": 800}),
    ("the same from a PNG with alpha", "50.png", {"width": 800}),
    ("a worker, 50 megapixels in full size, JPEG", "50.jpg", {"quality": 70}),
    ("the same, WebP", "50.jpg", {"format": "webp"}),
    ("the same, AVIF", "50.jpg", {"format": "avif"}),
)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="pixmill-sizes-") as folder:
        paint(Path(folder))
        values = {
            "images": folder,
            "cache": "",
            "originals_cache": "",
            "workers": 1,
            "deadline_s": 300,
            "access_log": "false",
        }
        with Pixmill(**values | {"worker_memory_bytes": "8GiB"}) as server:  # type: ignore[arg-type]
            before = memory_of(server.pid)
            print(
                f"the server, with nothing to do: {before.anonymous:.0f} MiB of its own, {before.peak:.0f} MiB resident at most"
            )
            with open_connections(server):
                each = (memory_of(server.pid).anonymous - before.anonymous) * 1024 / CONNECTIONS
            print(f"a connection that is kept open: {each:.0f} KiB")
            print(f"a worker, with nothing to do: {memory_of(fresh_worker(server)).peak:.0f} MiB")
            for what, name, query in RENDERS:
                worker = fresh_worker(server)
                reply = server.get("/resize", url=name, **{"format": "jpeg"} | query)
                print(f"{what}: {memory_of(worker).peak:.0f} MiB ({reply.status})", flush=True)


def paint(folder: Path) -> None:
    with Image.open(PHOTO) as photo:
        for megapixels, size in SIDES.items():
            large = photo.convert("RGB").resize(size, Image.Resampling.BICUBIC)
            large.save(folder / f"{megapixels}.jpg", quality=85)
            large.save(folder / f"{megapixels}p.jpg", quality=85, progressive=True)
        large.putalpha(large.getchannel("G"))
        large.save(folder / "50.png", compress_level=1)


@contextlib.contextmanager
def open_connections(server: Pixmill) -> Iterator[None]:
    """Open connections that send one request each and stay open."""
    with contextlib.ExitStack() as closing:
        for _ in range(CONNECTIONS):
            client = closing.enter_context(socket.create_connection(("127.0.0.1", server.port), 10))
            client.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
            client.recv(65_536)
        yield


def fresh_worker(server: Pixmill) -> int:
    """Return the process id of a worker that has just started."""
    [worn] = server.workers()
    os.kill(worn, signal.SIGKILL)
    until(lambda: worn not in server.workers() and metric(server, "pixmill_workers") == 1, 60, "there is a new worker")
    [worker] = server.workers()
    return worker


if __name__ == "__main__":
    main()
