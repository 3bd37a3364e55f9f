"""Serves, resizes and diagnoses on the platform of this interpreter, through the command line and HTTP.

    python -m tests.platform.smoke

Needs Pixmill and the standard library only, so that it runs where the tools of the tests cannot be installed. On Linux
``tests/platform/test_platforms.py`` runs it with what ``macos/sitecustomize.py`` takes away.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

PIXMILL: Final = (sys.executable, "-m", "pixmill")
PHOTO: Final = Path(__file__).parents[2] / "examples" / "photos" / "sunset.jpg"
WAIT_S: Final = 120
SETTINGS: Final = {"PIXMILL_QUEUE_MAX_WAIT_S": str(WAIT_S), "PIXMILL_DEADLINE_S": str(WAIT_S)}
"""Of everything that renders: other work on this machine makes it slow, not wrong."""
SLOW_STARTS: Final = ("probe_timeout", "not ready after", "timed out after")
"""What the doctor says of a machine on which a worker could not start in time."""
REQUESTS: Final = {
    "/resize?url=sunset.jpg&width=200&format=jpeg": "image/jpeg",
    "/resize?url=sunset.jpg&width=200&format=webp": "image/webp",
    "/resize?url=friends.jpg&width=120&height=120&fit=cover&gravity=smart&format=avif": "image/avif",
    "/resize?url=mill.png&width=200&format=png": "image/png",
    "/resize?url=mill.png&width=200&format=gif": "image/gif",
    "/resize?url=wine.jpg&width=300&overlay=text:Hello,size:24&format=png": "image/png",
    "/resize?url=wine.jpg&width=300&blur=3&grayscale=true&radius=20&format=webp": "image/webp",
    "/resize?url=wine.jpg&width=300&overlay=url:fig.jpg,width:60&format=webp": "image/webp",
    "/resize?url=fig.jpg&width=64&format=thumbhash": "text/plain",
    "/info?url=sunset.jpg&include=exif,palette": "application/json",
    "/srcset?url=sunset.jpg": "application/json",
    "/resize?url=sunset.jpg&crop=100,100,400,300&format=jpeg": "image/jpeg",
    "/resize?url=sunset.jpg&crop=500,100,400,300&format=jpeg": "image/jpeg",
    "/resize?url=sunset.jpg&crop=500,500,400,300&format=jpeg": "image/jpeg",
}


def get(base: str, target: str, method: str = "GET", body: bytes | None = None) -> tuple[int, str, bytes]:
    """Return status, media type and body."""
    connection = HTTPConnection(urlsplit(base).netloc, timeout=WAIT_S)
    try:
        connection.request(method, target, body)
        response = connection.getresponse()
        return response.status, (response.getheader("content-type") or "").partition(";")[0], response.read()
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, settings: Mapping[str, str]) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Start a server of the sample photos in a folder, where its log stays; yields its URL and its process."""
    port = free_port()
    variables = {"PIXMILL_PORT": str(port), "PIXMILL_WORKERS": "2", "PIXMILL_LOG_FORMAT": "console"}
    variables |= settings
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*PIXMILL, "serve", "--demo"], cwd=folder, env=os.environ | SETTINGS | variables, stdout=log, stderr=log
        )
    try:
        end = time.monotonic() + WAIT_S
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < end, (folder / "log").read_text()
            with suppress(OSError):
                if get(f"http://127.0.0.1:{port}", "/health/ready")[0] == 200:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        process.wait(WAIT_S)


def check_doctor() -> None:
    end = time.monotonic() + WAIT_S
    while True:
        done = subprocess.run([*PIXMILL, "doctor"], capture_output=True, text=True, check=False, timeout=WAIT_S)
        if not any(slow in done.stdout for slow in SLOW_STARTS) or time.monotonic() > end:
            break
    assert done.returncode == 0, done.stdout + done.stderr
    assert (sys.platform == "linux") != ("No sandbox on macOS" in done.stdout), done.stdout


def check_server(folder: Path) -> None:
    """Images of many kinds, at once, twice (the second time from the cache), from an upload, and a graceful end."""
    with serving(folder, {"PIXMILL_CACHE": f"memory://,file://{folder}/cache"}) as (url, process):
        with ThreadPoolExecutor(6) as threads:
            for _ in range(2):
                answers = threads.map(lambda target: get(url, target), REQUESTS)
                for (target, media_type), answer in zip(REQUESTS.items(), answers, strict=True):
                    assert answer[:2] == (200, media_type), (target, answer)
                    assert answer[2], target
        status, media_type, body = get(url, "/resize?width=50&format=png", "POST", get(url, next(iter(REQUESTS)))[2])
        assert (status, media_type, body[:4]) == (200, "image/png", b"\x89PNG")
        assert get(url, "/resize?url=none.jpg&width=10")[0] == 404
        assert get(url, "/resize?width=50", "POST", b"GIF89a, but no image")[0] == 422
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0, (folder / "log").read_text()
    log = (folder / "log").read_text()
    assert (sys.platform == "linux") != ("no sandbox" in log), log


def check_orphans(folder: Path) -> None:
    """A server that is killed leaves no worker behind."""
    with serving(folder, {}) as (_, process):
        workers = children(process.pid)
        assert len(workers) >= 2, workers
        process.kill()
        process.wait(WAIT_S)
        end = time.monotonic() + WAIT_S
        while any(map(is_alive, workers)):
            assert time.monotonic() < end, workers
            time.sleep(0.1)


def check_memory_limit(folder: Path) -> None:
    """A render that needs more memory than a worker may use fails, and the server goes on."""
    with serving(folder, {"PIXMILL_WORKER_MEMORY_BYTES": "192MiB"}) as (url, _):
        assert get(url, "/resize?url=fig.jpg&width=100&format=png")[0] == 200
        large = "/resize?url=sunset.jpg&width=12000&height=8000&fit=fill&enlarge=true&format=png"
        assert get(url, large)[0] in {422, 500, 502, 503}, "a large render"
        assert get(url, "/resize?url=fig.jpg&width=101&format=png")[0] == 200


def check_command(folder: Path) -> None:
    for name in ("small.webp", "small.avif", "small.jpg", "small.png"):
        command = [*PIXMILL, "resize", str(PHOTO), str(folder / name), "--width", "100"]
        subprocess.run(command, env=os.environ | SETTINGS, check=True, timeout=WAIT_S)
        assert (folder / name).stat().st_size > 100


def check_library(folder: Path) -> None:
    """Images in a program, whose engine ends with it."""
    program = f"import pixmill; print(pixmill.resize({str(PHOTO)!r}, {str(folder / 'a.webp')!r}, width=100).width)"
    command = [sys.executable, "-c", program]
    environment = os.environ | SETTINGS
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=WAIT_S)
    assert (done.returncode, done.stdout) == (0, "100\n"), done.stderr
    assert (folder / "a.webp").stat().st_size > 100


def check_batch(folder: Path) -> None:
    """Several originals in two sizes each."""
    target = str(folder / "{stem}-{width}.{ext}")
    command = [*PIXMILL, "batch", str(PHOTO.parent / "*.jpg"), "--to", target, "--width", "64,100", "--format", "webp"]
    environment = os.environ | SETTINGS
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=WAIT_S
    )
    assert done.returncode == 0, done.stderr
    assert len(list(folder.glob("*.webp"))) == 2 * len(list(PHOTO.parent.glob("*.jpg")))


def children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True, timeout=WAIT_S
    )
    pairs = [line.split() for line in listed.stdout.splitlines()]
    return [int(child) for child, parent in pairs if int(parent) == pid]


def is_alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(state.stdout.strip()) and "Z" not in state.stdout


def main() -> None:
    check_doctor()
    print("doctor: ok", flush=True)
    for check in (check_server, check_command, check_library, check_batch, check_orphans, check_memory_limit):
        with tempfile.TemporaryDirectory() as folder:
            check(Path(folder))
        print(f"{check.__name__}: ok", flush=True)


if __name__ == "__main__":
    main()
