"""A batch over a real S3 server that is killed with SIGKILL and run again, beside one that is not: for tests and benchmarks."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import obstore
from obstore.store import S3Store
from PIL import Image

from tests.servers.seaweedfs import OWNER, SeaweedFS

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
KILL_WITHIN_S = 900.0
_THREADS = 16


@dataclass(frozen=True)
class Disturbed:
    """``runs`` are the originals that each run made; ``exit_codes`` are of all runs, -9 for those that were killed."""

    runs: tuple[int, ...]
    exit_codes: tuple[int, ...]
    seconds: float


def photos(kinds: int) -> list[bytes]:
    """Return JPEGs of 30 to 100 kB, parts of the sample photos."""
    names = sorted(PHOTOS.glob("*.jpg"))
    images = [Image.open(name).convert("RGB") for name in names]
    bodies = []
    for number in range(kinds):
        image = images[number % len(images)]
        side = min(720, *image.size)
        left, top = (number * 37) % (image.width - side + 1), (number * 53) % (image.height - side + 1)
        part, quality = image.crop((left, top, left + side, top + side)), 92
        while quality > 20:
            out = io.BytesIO()
            part.save(out, "JPEG", quality=quality)
            if out.tell() <= 100_000:
                break
            quality -= 8
        bodies.append(out.getvalue())
    return bodies


def client(server: SeaweedFS, bucket: str) -> S3Store:
    return S3Store(
        bucket,
        endpoint=server.endpoint,
        access_key_id=OWNER.access_key_id,
        secret_access_key=OWNER.secret_access_key,
        region="us-east-1",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )


def upload(server: SeaweedFS, bucket: str, names: Sequence[str], bodies: Sequence[bytes]) -> None:
    server.make_bucket(bucket)
    store = client(server, bucket)
    with ThreadPoolExecutor(_THREADS) as threads:
        put = lambda pair: obstore.put(store, pair[1], bodies[pair[0] % len(bodies)], use_multipart=False)  # noqa: E731
        for _ in threads.map(put, enumerate(names)):
            pass


def digests(server: SeaweedFS, bucket: str) -> dict[str, str]:
    """Return the digest of each result by its key, without the journal."""
    store = client(server, bucket)
    keys = [meta["path"] for page in obstore.list(store) for meta in page if not meta["path"].startswith(".pixmill")]
    with ThreadPoolExecutor(_THREADS) as threads:
        bodies = threads.map(lambda key: hashlib.sha256(bytes(obstore.get(store, key).bytes())).hexdigest(), keys)
        return dict(zip(keys, bodies, strict=True))


def environment(server: SeaweedFS, *buckets: str) -> dict[str, str]:
    stores = {bucket: server.named_store(bucket) for bucket in buckets}
    return os.environ | {"PIXMILL_STORES": json.dumps(stores)}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pixmill", "batch", *arguments]


def run_killed(arguments: Sequence[str], env: dict[str, str], folder: Path, kill_after: Sequence[int]) -> Disturbed:
    """Run a batch; kill it when a run has made so many originals, for each number; then run it to its end."""
    runs: list[int] = []
    codes: list[int] = []
    started = time.monotonic()
    for number, count in enumerate((*kill_after, 0)):
        report = folder / f"report-{number}.jsonl"
        with (folder / f"out-{number}").open("wb") as out:
            process = subprocess.Popen(
                command(*arguments, "--report", str(report), "--report-all", "--quiet"),
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        if count:
            _wait_for_lines(report, count, process)
            os.kill(process.pid, signal.SIGKILL)
        codes.append(process.wait())
        runs.append(sum(1 for _ in lines(report)))
    return Disturbed(tuple(runs), tuple(codes), time.monotonic() - started)


def lines(report: Path) -> Iterator[str]:
    """Yield the complete lines: a kill may tear the last one."""
    yield from (line for line in report.read_text().splitlines(keepends=True) if line.endswith("\n"))


def _wait_for_lines(report: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + KILL_WITHIN_S
    while time.monotonic() < end:
        if report.exists() and report.read_bytes().count(b"\n") >= count:
            return
        if process.poll() is not None:
            raise AssertionError(f"it ended with {process.returncode} before it had made {count} originals")
        time.sleep(0.02)
    raise AssertionError(f"it did not make {count} originals in {KILL_WITHIN_S} s")
