"""Counts the functions and files that a request passes, and how often it moves from one file to another.

    .venv/bin/python -m benchmarks.journey [--rounds 7] [--moves] [--json rows.json]

Four journeys, each counted ``--rounds`` times: a ``cold miss`` (an original and a URL that are new to the server),
the ``other spelling`` of a URL whose result is in memory, a ``hot hit`` (the same URL again), and the ``worker
render`` of a cold miss. ``worker job`` is the render together with the receipt of the job and its reply. A JPEG
becomes a JPEG of some 300 pixels; the cache has a memory and a disk tier.

The requests go through ``pixmill.asgi:app`` in this process, without a web server and without the access log. Every
call of a function of the package counts, in the order in which the calls happen in all threads, and so does every
resumption of a coroutine. A move is a call in another file than the call before it. A request ends when the
application returns: writes to the disk tier that are still queued then do not count. The figures are those of the
shortest round: the other rounds contain more of the work that goes on in the background at the same time. The worker
is a real process; it has a profile function because Python imports ``sitecustomize`` from ``PYTHONPATH``.

``--moves`` prints the sequence of files with the functions called in each, and the files with the most moves into
them.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from itertools import groupby, pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import uvloop

import pixmill

PACKAGE = str(Path(pixmill.__file__).parent) + os.sep
PHOTO = Path(__file__).parents[1] / "examples" / "photos" / "fig.jpg"

# The only names of the package that this file depends on.
APPLICATION = ("pixmill.asgi", "app")
RENDER = "engine/pixels/"
"""A worker's call belongs to the render while a function in this folder is on the stack."""

SETTINGS = {
    "IMAGES": "{home}/images",
    "CACHE": "memory://?max_bytes=64MiB,file://{home}/cache?max_bytes=64MiB",
    "ACCESS_LOG": "false",
    "WORKERS": "1",
}
SPELLINGS = ("/resize?url={name}.jpg&width={width}&format=jpeg", "/resize?f=jpeg&w={width}&url={name}.jpg")
JOURNEYS = ("cold miss", "other spelling", "hot hit", "worker render", "worker job")
PAUSE_S = 0.3
"""Between two requests, so that the background work of the first one has ended before the second one is counted."""
MAX_MISS_FILES, MAX_MISS_MOVES, MAX_RENDER_FILES = 60, 200, 40
BARS = {
    ("cold miss", "files"): MAX_MISS_FILES,
    ("cold miss", "moves"): MAX_MISS_MOVES,
    ("worker render", "files"): MAX_RENDER_FILES,
}
"""A change that needs more makes a request harder to follow: merge modules that only call each other."""


@dataclass(frozen=True, slots=True)
class Call:
    """``file`` is relative to the package."""

    file: str
    function: str
    line: int
    in_render: bool = False


@dataclass(frozen=True)
class Journey:
    """The calls of one request, in order."""

    calls: Sequence[Call]

    @property
    def functions(self) -> int:
        return len({(call.file, call.function, call.line) for call in self.calls})

    @property
    def files(self) -> int:
        return len({call.file for call in self.calls})

    @property
    def moves(self) -> int:
        return sum(before.file != after.file for before, after in pairwise(self.calls))


Message = dict[str, Any]
COUNTS = ("functions", "files", "moves")


@dataclass
class Recorder:
    """A profile function for all threads of this process, which records calls while it is ``on``."""

    on: bool = False
    calls: list[Call] = field(default_factory=list)

    def install(self) -> None:
        """Install it, before any thread starts: a thread keeps the profile function that it started with."""
        threading.setprofile(self._record)
        sys.setprofile(self._record)

    def _record(self, frame: FrameType, event: str, _arg: object) -> None:
        if self.on and event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            code = frame.f_code
            self.calls.append(Call(code.co_filename[len(PACKAGE) :], code.co_qualname, code.co_firstlineno))


HOOK = """
import mmap, os, pathlib, sys
PACKAGE, RENDER, SIZE = {package!r}, {render!r}, 1 << 24

def start():
    with open(pathlib.Path(__file__).with_name(f"{{os.getpid()}}.calls"), "w+b") as file:
        file.truncate(SIZE)
        notes = mmap.mmap(file.fileno(), SIZE)
    end = 0
    def note(frame, event, arg):
        nonlocal end
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(PACKAGE):
            return
        inside, outer = False, frame
        while outer and not inside:
            inside, outer = outer.f_code.co_filename.startswith(PACKAGE + RENDER), outer.f_back
        name = code.co_filename[len(PACKAGE):]
        line = f"{{name}}\\t{{code.co_qualname}}\\t{{code.co_firstlineno}}\\t{{inside:d}}\\n".encode()
        notes[end : end + len(line)] = line
        end += len(line)
    sys.setprofile(note)

if "-m" in sys.orig_argv:
    start()
"""
"""``sitecustomize.py`` of the workers. The sandbox forbids files, not memory that was mapped before it closed."""


class Workers:
    """The calls of the workers of this process since they were last read."""

    def __init__(self, home: Path) -> None:
        self._home = home / "hook"
        self._home.mkdir()
        (self._home / "sitecustomize.py").write_text(HOOK.format(package=PACKAGE, render=RENDER))
        self._read: Counter[Path] = Counter()
        os.environ["PYTHONPATH"] = os.pathsep.join([str(self._home), os.environ.get("PYTHONPATH", "")])

    def calls(self) -> list[Call]:
        found = []
        for path in sorted(self._home.glob("*.calls")):
            with path.open("rb") as notes:
                notes.seek(self._read[path])
                new = notes.read().partition(b"\0")[0]
            self._read[path] += len(new)
            fields = (line.split("\t") for line in new.decode().splitlines())
            found += [Call(file, function, int(line), inside == "1") for file, function, line, inside in fields]
        return found


class Client:
    """Calls the application as a web server does."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def get(self, target: str) -> None:
        path, _, query = target.encode().partition(b"?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path.decode(),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(b"host", b"127.0.0.1")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8080),
            "extensions": {},
        }
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(scope, _receive_of_connected_client(), send)
        if not sent or sent[0].get("status") != 200:
            raise SystemExit(f"{target}: {sent[:2]}")


def _receive_of_connected_client() -> Callable[[], Awaitable[Message]]:
    """Return the ``receive`` of a client that has sent its request and stays connected."""
    messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    return receive


@asynccontextmanager
async def served(home: Path) -> AsyncIterator[Client]:
    """Run the application's lifespan; its settings are in the environment."""
    for name in [name for name in os.environ if name.startswith("PIXMILL_")]:
        del os.environ[name]
    os.environ |= {f"PIXMILL_{name}": value.format(home=home) for name, value in SETTINGS.items()}
    module, name = APPLICATION
    app = getattr(import_module(module), name)
    incoming: asyncio.Queue[Message] = asyncio.Queue()
    outgoing: asyncio.Queue[Message] = asyncio.Queue()
    life = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, incoming.get, outgoing.put))
    await incoming.put({"type": "lifespan.startup"})
    if (answer := await outgoing.get())["type"] != "lifespan.startup.complete":
        raise SystemExit(answer)
    try:
        yield Client(app)
    finally:
        await incoming.put({"type": "lifespan.shutdown"})
        await life


async def measure(home: Path, rounds: int) -> dict[str, list[Journey]]:
    """Return the journeys of every round."""
    (home / "images").mkdir()
    recorder, workers = Recorder(), Workers(home)
    recorder.install()
    found: dict[str, list[Journey]] = {name: [] for name in JOURNEYS}
    async with served(home) as client:

        async def count(target: str) -> Journey:
            await asyncio.sleep(PAUSE_S)
            workers.calls()
            recorder.calls, recorder.on = [], True
            await client.get(target)
            recorder.on = False
            return Journey(recorder.calls)

        for number in range(rounds + 1):  # the first round fills caches and is not counted
            shutil.copy(PHOTO, home / "images" / f"{number}.jpg")
            first, second = (spelling.format(name=number, width=300 + number) for spelling in SPELLINGS)
            cold = await count(first)
            await asyncio.sleep(PAUSE_S)
            job = workers.calls()
            other = await count(second)
            hot = await count(second)
            render = [call for call in job if call.in_render]
            if not render:
                raise SystemExit(f"No call of a worker in {PACKAGE}{RENDER}")
            for kind, journey in zip(JOURNEYS, (cold, other, hot, Journey(render), Journey(job)), strict=True):
                found[kind].append(journey)
    return {kind: journeys[1:] for kind, journeys in found.items()}


def shortest(journeys: Sequence[Journey]) -> Journey:
    return min(journeys, key=lambda journey: journey.moves)


def rows_of(found: dict[str, list[Journey]]) -> list[dict[str, Any]]:
    """Return a row per count: the shortest journey, the maximum of all, and whether the bar holds."""
    rows: list[dict[str, Any]] = []
    for kind, journeys in found.items():
        for count in COUNTS:
            value, bar = getattr(shortest(journeys), count), BARS.get((kind, count))
            most = max(getattr(journey, count) for journey in journeys)
            holds = None if bar is None else value <= bar
            rows.append({"what": kind, "count": count, "value": value, "most": most, "bar": bar, "holds": holds})
    return rows


def show(rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        spread = f"(up to {row['most']})" if row["most"] > row["value"] else ""
        bar = "" if row["bar"] is None else f"<= {row['bar']}"
        verdict = {None: "", True: "ok", False: "MISSED"}[row["holds"]]
        print(f"{row['what']:16} {row['count']:10} {row['value']:5}   {spread:12} {bar:8} {verdict}".rstrip())


def show_moves(kind: str, journey: Journey) -> None:
    """Print the sequence of files, then each file with its calls and the moves into it."""
    print(f"\n{kind}: the files in order, with the number of calls in each\n")
    visits: Counter[str] = Counter()
    for file, group in groupby(journey.calls, key=lambda call: call.file):
        names = Counter(call.function.replace(".<locals>", "") for call in group)
        visits[file] += 1
        listed = ", ".join(name if times == 1 else f"{name} x{times}" for name, times in names.items())
        print(f"{names.total():5}  {file:36} {listed}")
    calls = Counter(call.file for call in journey.calls)
    print(f"\n{kind}: moves into each file, calls and distinct functions\n")
    for file, moves in visits.most_common():
        functions = len({(call.function, call.line) for call in journey.calls if call.file == file})
        print(f"{moves:5} {calls[file]:5} {functions:5}  {file}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--moves", action="store_true", help="print the sequence of files of each journey")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pixmill-journey-") as home:
        found = uvloop.run(measure(Path(home), options.rounds))
    rows = rows_of(found)
    show(rows)
    if options.moves:
        for kind, journeys in found.items():
            show_moves(kind, shortest(journeys))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    sys.exit(any(row["holds"] is False for row in rows))


if __name__ == "__main__":
    main()
