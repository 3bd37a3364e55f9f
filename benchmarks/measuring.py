"""Servers under load, and what a round of requests costs them; for all benchmarks that compare servers.

A round lasts for a number of requests and a time, whichever is longer. What a server does after its answers, such as
writing files, is waited for and counts as its CPU time, and never as that of the next server.
"""

import asyncio
import itertools
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import aiohttp
from benchmarks import origin
from benchmarks.material import HOME
from benchmarks.peers import imagor, imgproxy, oximg, pixmill
from benchmarks.peers.emgr import Emgr
from benchmarks.peers.ipx import Ipx
from benchmarks.peers.nginx import Nginx
from benchmarks.peers.peer import NotInstalled, Peer
from benchmarks.peers.thumbor import Thumbor
from benchmarks.processes import TICK, PeakMemory, cpu_seconds, free_port, running
from yarl import URL

PEERS: tuple[Peer, ...] = (
    pixmill.Pixmill(),
    pixmill.Pixmill("pixmill-fast", mode="fast"),
    pixmill.Pixmill("pixmill-best", mode="best"),
    pixmill.Pixmill("pixmill-memory", pixmill.MEMORY),
    imgproxy.Imgproxy(),
    imgproxy.Imgproxy("imgproxy-quick", imgproxy.QUICK),
    imagor.Imagor(),
    imagor.Imagor("imagor-quick", imagor.QUICK),
    imagor.Imagor("imagor-storing", imagor.STORING),
    oximg.Oximg(),
    oximg.Oximg("oximg-quick", oximg.QUICK),
    Emgr(),
    Thumbor(),
    Ipx(),
    Nginx(),
)
"""``-quick``: with the efforts of Pixmill's encoders. ``pixmill-memory`` stores nothing in files, as most peers do not."""

Image = tuple[str, int]
"""The name of a photo and the side of the box that it is fitted into."""

Asked = Iterator[tuple[Image, str]]
"""Images with their URLs, without end."""

_SETTLING_S = 0.25


@dataclass(frozen=True)
class Length:
    """Of a round: at least ``requests``, at least ``seconds``, and then to the end of the set of images."""

    requests: int
    seconds: float

    def cut(self, asked: Asked, set_size: int) -> Asked:
        began = time.monotonic()
        for number in itertools.count():
            is_long_enough = number >= self.requests and time.monotonic() - began >= self.seconds
            if is_long_enough and number % set_size == 0:
                return
            yield next(asked)


@dataclass(frozen=True)
class Answer:
    image: Image
    seconds: float
    body: bytes


@dataclass(frozen=True)
class Round:
    """What a round took; memory is the peak PSS of the process tree."""

    answers: Sequence[Answer]
    seconds: float
    cpu_s: float
    peak_mib: float


class Server:
    """A running peer: its port and process id."""

    def __init__(self, peer: Peer, port: int, process: AbstractContextManager[int]) -> None:
        self.peer, self.port, self._process = peer, port, process
        self.pid = 0

    def __enter__(self) -> Self:
        self.pid = self._process.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.__exit__(*error)  # type: ignore[arg-type]


def installed(names: Iterable[str]) -> dict[Peer, str]:
    """Return the peers of these names with their versions; prints why one is left out."""
    wanted, versions = set(names), {}
    for peer in PEERS:
        if peer.name in wanted:
            try:
                versions[peer] = peer.install(HOME)
            except NotInstalled as reason:
                print(f"without {peer.name}: {reason}", flush=True)
    return versions


@contextmanager
def started(peers: Iterable[Peer], home: Path, photos: Path) -> Iterator[list[Server]]:
    """Start the origin and all peers."""
    with ExitStack() as stack:
        port, sleeper = free_port(), free_port()
        stack.enter_context(running(origin.sleeping(sleeper), sleeper, home / "sleeper.out"))
        stack.enter_context(running(origin.command(home, photos, port, sleeper), port, home / "origin.out"))
        yield [stack.enter_context(start_peer(peer, home, port)) for peer in peers]


def start_peer(peer: Peer, home: Path, source: int) -> Server:
    port = free_port()
    folder = home / peer.name
    folder.mkdir()
    for name in ("ipx", "thumbor"):
        if (HOME / name).exists():
            (folder / name).symlink_to(HOME / name)
    start = peer.start(folder, port, source)
    env = {key: value for key, value in os.environ.items() if not key.startswith("PIXMILL_")} | dict(start.env)
    return Server(peer, port, running(start.command, port, home / f"{peer.name}.out", env))


def run_round(server: Server, asked: Asked, clients: int) -> Round:
    """Request all that is asked. Raises RuntimeError if an answer is no image."""
    peak = PeakMemory(server.pid)
    before, began = cpu_seconds(server.pid), time.perf_counter()
    try:
        answers = asyncio.run(load(f"http://127.0.0.1:{server.port}", asked, clients))
        seconds = time.perf_counter() - began
    finally:
        _, pss = peak.stop()
    settle([server.pid])
    return Round(answers, seconds, cpu_seconds(server.pid) - before, pss)


def settle(pids: Sequence[int], within_s: float = 10.0) -> None:
    """Wait until the servers take less than a hundredth of a second of CPU time in a quarter of a second."""
    deadline, before = time.monotonic() + within_s, sum(map(cpu_seconds, pids))
    while time.monotonic() < deadline:
        time.sleep(_SETTLING_S)
        now = sum(map(cpu_seconds, pids))
        if now - before <= 1 / TICK:
            return
        before = now


async def load(base: str, asked: Asked, clients: int) -> list[Answer]:
    """Request every URL once, with ``clients`` clients."""
    answers: list[Answer] = []

    async def client(session: aiohttp.ClientSession) -> None:
        for image, url in asked:
            began = time.perf_counter()
            async with session.get(URL(base + url, encoded=True)) as response:
                body = await response.read()
                if response.status != 200:
                    raise RuntimeError(f"{response.status} {body[:120]!r}")
            answers.append(Answer(image, time.perf_counter() - began, body))

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(120)) as session:
        await asyncio.gather(*(client(session) for _ in range(clients)))
    return answers
