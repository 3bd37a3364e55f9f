"""What the tests of the whole server have in common: pictures that cost time, clients that come and go, a look at
the metrics."""

import io
import os
import random
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from PIL import Image

from tests.servers.pixmill import Pixmill, Reply

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"

COSTLY: Mapping[str, Any] = {"url": "noise.jpg", "blur": 5, "format": "jpeg"}
"""With ``noise.jpg`` below the image root: a render of two seconds or more, all of it in the worker."""


@cache
def noise(side: int = 4_500) -> bytes:
    """A JPEG of many pixels."""
    out = io.BytesIO()
    Image.effect_noise((side // 8, side // 8), 90).convert("RGB").resize((side, side)).save(out, "JPEG", quality=75)
    return out.getvalue()


@cache
def small_photo(width: int = 640) -> bytes:
    """A photograph of which a render takes a few milliseconds."""
    with Image.open(PHOTOS / "sunset.jpg") as photo:
        photo.thumbnail((width, width))
        out = io.BytesIO()
        photo.convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


def metric(server: Pixmill, name: str, **labels: str) -> float:
    """The sum of all series of this name that have these labels."""
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    lines = server.get("/metrics").body.decode().splitlines()
    series = (line for line in lines if line.startswith((f"{name} ", f"{name}{{")))
    return sum(float(line.rpartition(" ")[2]) for line in series if all(label in line for label in wanted))


def in_flight(server: Pixmill) -> float:
    """Requests being answered, the one that asks for the metrics left out."""
    return metric(server, "pixmill_requests_in_flight") - 1


def until(true: Callable[[], bool], within_s: float, what: str) -> None:
    """Wait until it is so; fail when it is not in time."""
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, f"not within {within_s} s: {what}"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that is dead and waits to be buried does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def accepts(server: Pixmill) -> bool:
    """Whether anybody listens on the server's port."""
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=1):
            return True
    except OSError:
        return False


def knock(server: Pixmill, path: str, **query: Any) -> socket.socket:
    """Send a GET and do not wait for the answer."""
    client = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    target = path + (f"?{urlencode(query)}" if query else "")
    client.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    return client


def ask_raw(server: Pixmill, target: bytes, method: bytes = b"GET") -> tuple[int, bytes]:
    """Status and body of an answer to a request target that is sent exactly so."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(method + b" " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body


def at_once(
    pool: ThreadPoolExecutor, server: Pixmill, queries: list[dict[str, Any]], path: str = "/resize"
) -> list["Future[tuple[Reply, float]]"]:
    """Ask all of these at the same time; each with the seconds that its answer took."""

    def ask(query: dict[str, Any]) -> tuple[Reply, float]:
        began = time.monotonic()
        reply = server.get(path, **query)
        return reply, time.monotonic() - began

    return [pool.submit(ask, query) for query in queries]


def random_of(seed: int) -> random.Random:
    """The same choices each time."""
    return random.Random(f"pixmill {seed} {os.environ.get('PIXMILL_TEST_SEED', '')}")
