"""Sends every file of a folder through a running server, in every way a file gets in, and reports what came of it.

    python -m tests.hostile_corpus FOLDER [REPORT.json]

Each file is an original by path, an upload, an overlay, a mask and an animation, is asked for its facts, and is written
in every format. Fails if a request has no answer, a status of 500 and above, or ends a worker. The corpus is kept
outside the repository.
"""

import json
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from pixmill.media import OUTPUT_FORMATS, Format
from pixmill.telemetry.definitions import RESTART_REASONS
from tests.e2e.scenes import metric, small_photo
from tests.servers.pixmill import Pixmill, Reply

CLIENTS: Final = 4
BUSY_S: Final = 60.0
"""How long a request is repeated that is answered 503: the queue is full, or a worker restarts."""
SLOWEST: Final = 10
FACTS: Final = "hash,exif,gps,iptc,xmp,average,palette,blurhash,thumbhash,phash,lqip"
GOOD: Final = "good.jpg"
WRITTEN: Final = tuple(kind for kind in OUTPUT_FORMATS if kind not in (Format.PNG, Format.SVG))


@dataclass(frozen=True)
class Way:
    """One way of a file into the server. ``$`` in a value of the query stands for the file."""

    name: str
    path: str = "/resize"
    query: dict[str, Any] = field(default_factory=dict)
    upload: bool = False


WAYS: Final = (
    Way("resize", query={"url": "$", "width": 60, "format": "png"}),
    Way("smart", query={"url": "$", "width": 40, "height": 40, "fit": "cover", "gravity": "smart", "trim": 10}),
    Way("redact", query={"url": "$", "crop": "pct:10,10,80,80", "pixelate_areas": "8;pct:20,20,50,50"}),
    Way("second page", query={"url": "$", "page": 2, "width": 30}),
    Way("animated", query={"url": "$", "width": 30, "format": "webp"}),
    Way("still", query={"url": "$", "width": 30, "animated": "false", "metadata": "all"}),
    Way("original", query={"url": "$", "format": "original"}),
    Way("info", "/info", {"url": "$", "include": FACTS}),
    Way("upload", query={"width": 50}, upload=True),
    Way("overlay", query={"url": GOOD, "width": 90, "overlay": "url:$,width:30,repeat:both"}),
    Way("mask", query={"url": GOOD, "width": 90, "mask": "luminance:$"}),
    *(Way(f"as {kind}", query={"url": "$", "width": 64, "format": kind.value}) for kind in WRITTEN),
)


@dataclass(frozen=True)
class Answer:
    """What came of one file sent one way; ``status`` is 0 if there was no answer."""

    file: str
    way: str
    status: int
    code: str
    seconds: float

    @property
    def failed(self) -> bool:
        return not 0 < self.status < 500


class Peaks:
    """The peak resident memory of each worker, which the kernel keeps while it lives."""

    def __init__(self, server: Pixmill) -> None:
        self._server = server
        self._lock = threading.Lock()
        self.bytes_by_pid: dict[int, int] = {}

    def sample(self) -> None:
        for pid in self._server.workers():
            with suppress(OSError, KeyError, ValueError):
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                peak = dict(line.split(":\t", 1) for line in lines)["VmHWM"]
                with self._lock:
                    self.bytes_by_pid[pid] = int(peak.split()[0]) * 1024


def send(server: Pixmill, name: str, body: bytes, way: Way) -> Answer:
    """Send one file one way, again while the server is busy."""
    query = {key: str(value).replace("$", name) for key, value in way.query.items()}
    began = time.monotonic()
    while True:
        at = time.monotonic()
        try:
            target = f"{way.path}?{urlencode(query)}"
            reply = server.ask("POST", target, data=body) if way.upload else server.get(target)
        except OSError as error:
            return Answer(name, way.name, 0, type(error).__name__, time.monotonic() - at)
        if reply.status != 503 or time.monotonic() - began > BUSY_S:
            return Answer(name, way.name, reply.status, _code(reply), time.monotonic() - at)
        time.sleep(0.2)


def _code(reply: Reply) -> str:
    if reply.status < 400:
        return "ok"
    with suppress(ValueError, KeyError, TypeError):
        return str(reply.json()["code"])
    return "no problem document"


def report(answers: list[Answer], deaths: dict[str, int], peaks: Peaks) -> dict[str, Any]:
    """Summarise the answers; the file of the report has the failures in full."""
    by_seconds = sorted(answers, key=lambda answer: -answer.seconds)
    return {
        "files": len({answer.file for answer in answers}),
        "requests": len(answers),
        "answers": dict(Counter(f"{answer.status} {answer.code}" for answer in answers).most_common()),
        "by_way": {
            way.name: dict(Counter(answer.code for answer in answers if answer.way == way.name).most_common())
            for way in WAYS
        },
        "worker_deaths": deaths,
        "slowest": [
            [answer.file, answer.way, answer.code, round(answer.seconds, 2)] for answer in by_seconds[:SLOWEST]
        ],
        "peak_bytes_by_worker": {str(pid): peak for pid, peak in peaks.bytes_by_pid.items()},
        "failures": [[a.file, a.way, a.status, a.code] for a in answers if a.failed],
    }


def run(corpus: Path) -> dict[str, Any]:
    """Send all files below the folder; names are replaced by numbers, because a URL cannot have them all."""
    files = sorted(path for path in corpus.rglob("*") if path.is_file() and not path.is_symlink())
    with tempfile.TemporaryDirectory(prefix="pixmill-corpus-") as folder:
        Path(folder, GOOD).write_bytes(small_photo())
        names = {f"{number:05d}": path for number, path in enumerate(files)}
        for name, path in names.items():
            shutil.copyfile(path, Path(folder, name))
        with Pixmill(images=folder, cache="memory://?max_bytes=16MiB", workers=2) as server:
            peaks, answers = Peaks(server), list[Answer]()

            def use(name: str) -> list[Answer]:
                body = Path(folder, name).read_bytes()
                found = []
                for way in WAYS:
                    found.append(send(server, name, body, way))
                    peaks.sample()
                return found

            with ThreadPoolExecutor(CLIENTS) as pool:
                for found in pool.map(use, names):
                    answers += found
            deaths = {
                reason: int(metric(server, "pixmill_worker_restarts_total", reason=reason))
                for reason in RESTART_REASONS
            }
    renamed = [Answer(str(names[a.file].relative_to(corpus)), a.way, a.status, a.code, a.seconds) for a in answers]
    return report(renamed, deaths, peaks)


def main(corpus: str, report_file: str = "build/hostile.json") -> int:
    """Print the report, write it as JSON, and return the exit code."""
    found = run(Path(corpus))
    Path(report_file).parent.mkdir(parents=True, exist_ok=True)
    Path(report_file).write_text(json.dumps(found, indent=1))
    print(json.dumps(found | {"failures": found["failures"][:50]}, indent=1))  # noqa: T201 - a command
    return 1 if found["failures"] or found["worker_deaths"]["crash"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
