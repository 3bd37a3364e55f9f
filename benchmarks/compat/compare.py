"""Asks another server and Pixmill for the same URLs, and compares the answers: status, format, size, and pixels.

Knows servers, URLs and images; what a URL of a service looks like is in the module of that service.
"""

import contextlib
import io
import json
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.compat.sources import write_sources
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill
from tests.servers.ports import free_port

REQUESTS = 200
SEED = 13
MIN_SSIM = 0.97
MAX_SHIFT = 4.0
"""Of the mean of a channel, in 8-bit values."""
START_S = 60.0
PHOTOS = Path("examples/photos")
FOLDER = Path("benchmarks/compat")


@dataclass(frozen=True)
class Target:
    """A request: the path and query as they are sent to both, and whether its pixels can be compared."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    is_comparable: bool = True


@dataclass(frozen=True)
class Started:
    """How the other server is started on a port; it is ready when it accepts connections."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None


class Service(Protocol):
    """A service that runs beside us."""

    name: str

    def install(self, home: Path) -> str:
        """Install it below ``home`` unless it is there; return its version."""

    def start(self, home: Path, port: int, images: Path, origin: int) -> Started:
        """Return how to run it, with the originals in a folder, and at the root of an origin on loopback."""

    def mount(self) -> dict[str, Any]:
        """Return the entry of ``PIXMILL_DIALECTS`` without its host."""

    def targets(self, rng: random.Random, count: int, origin: int) -> list[Target]:
        """Return random requests."""


@dataclass(frozen=True)
class Answer:
    """What a server answered; an image is decoded, its first frame."""

    status: int
    media_type: str
    image: Image.Image | None

    @property
    def size(self) -> tuple[int, int] | None:
        return self.image.size if self.image else None


@dataclass(frozen=True)
class Difference:
    """How two answers differ; ``ssim`` is None where there is nothing to compare."""

    target: Target
    theirs: Answer
    ours: Answer
    ssim: float | None
    shift: float = 0.0

    @property
    def faults(self) -> list[str]:
        faults = [
            f"{name} {of_ours} for {of_theirs}"
            for name, of_theirs, of_ours in (
                ("status", self.theirs.status, self.ours.status),
                ("format", self.theirs.media_type, self.ours.media_type),
                ("size", self.theirs.size, self.ours.size),
            )
            if of_theirs != of_ours
        ]
        if self.ssim is not None and self.ssim < MIN_SSIM:
            faults.append(f"SSIM {self.ssim:.4f}")
        if self.shift > MAX_SHIFT:
            faults.append(f"colours {self.shift:.1f}")
        return faults


def compare(service: Service, home: Path, count: int = REQUESTS, seed: int = SEED) -> list[Difference]:
    """Return how the answers to random URLs differ."""
    home.mkdir(parents=True, exist_ok=True)
    version = service.install(home)
    images = home / "originals"
    images.mkdir(exist_ok=True)
    write_sources(images)
    for photo in PHOTOS.iterdir():
        shutil.copy(photo, images)
    port = free_port()
    with (
        Origin() as origin,
        running(service.start(home, port, images, origin.port), port, home / f"{service.name}.log"),
    ):
        for file in images.iterdir():
            origin.publish(f"/{file.name}", file.read_bytes(), {"ETag": f'"{file.name}"'})
        with Pixmill(
            images=str(images),
            allowed_networks="127.0.0.0/8",
            allowed_sources=f"path:,http://127.0.0.1:{origin.port}",
            cache="memory://",
            workers=1,
            dialects=json.dumps([service.mount() | {"host": f"{service.name}.test"}]),
        ) as server:
            print(f"{service.name} {version}, {count} URLs, seed {seed}")
            targets = service.targets(random.Random(seed), count, origin.port)
            return [
                difference(target, ask(port, target, "127.0.0.1"), ask(server.port, target, f"{service.name}.test"))
                for target in targets
            ]


def difference(target: Target, theirs: Answer, ours: Answer) -> Difference:
    """Compare two answers; pixels only if their sizes are equal."""
    is_comparable = target.is_comparable and theirs.image and ours.image and theirs.size == ours.size
    if not is_comparable or theirs.image is None or ours.image is None:
        return Difference(target, theirs, ours, None)
    return Difference(target, theirs, ours, ssim(theirs.image, ours.image), colour_shift(theirs.image, ours.image))


def ask(port: int, target: Target, host: str) -> Answer:
    """Send a request and decode the answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", target.path, headers={"Host": host, **target.headers})
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    media_type = response.headers.get_content_type() if response.status == 200 else ""
    image = None
    if media_type.startswith("image/"):
        with contextlib.suppress(OSError):
            image = Image.open(io.BytesIO(body))
            image.load()
    return Answer(response.status, media_type, image)


_SIGMA = 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_WINDOW = 11


def ssim(first: Image.Image, second: Image.Image) -> float:
    """Return the mean structural similarity of two images of a size (Wang et al. 2004), the least of luma and alpha.

    Colours are put on grey first.
    """
    layers = zip(_layers(first), _layers(second), strict=True)
    return min(_ssim(one, other) for one, other in layers)


def colour_shift(first: Image.Image, second: Image.Image) -> float:
    """Return the largest difference of the means of a channel, in 8-bit values."""
    means = (np.asarray(_flat(image), dtype=np.float64).mean(axis=(0, 1)) for image in (first, second))
    return float(np.abs(np.subtract(*means)).max())


def _flat(image: Image.Image) -> Image.Image:
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, (128, 128, 128, 255)), rgba).convert("RGB")


def _layers(image: Image.Image) -> list[NDArray[np.float64]]:
    alpha = image.convert("RGBA").getchannel("A")
    return [np.asarray(layer, dtype=np.float64) for layer in (_flat(image).convert("L"), alpha)]


def _ssim(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    def smooth(layer: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(layer, (_WINDOW, _WINDOW), _SIGMA, borderType=cv2.BORDER_REFLECT))

    mean_one, mean_other = smooth(one), smooth(other)
    variance_one = smooth(one * one) - mean_one**2
    variance_other = smooth(other * other) - mean_other**2
    covariance = smooth(one * other) - mean_one * mean_other
    similarity = ((2 * mean_one * mean_other + _C1) * (2 * covariance + _C2)) / (
        (mean_one**2 + mean_other**2 + _C1) * (variance_one + variance_other + _C2)
    )
    return float(similarity.mean())


@contextlib.contextmanager
def running(started: Started, port: int, log: Path) -> Iterator[None]:
    """Run a server until the block ends; it is stopped by its process id."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            started.command,
            env={**os.environ, **started.environment},
            cwd=started.folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(port, process)
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens on {port}")


def summary(differences: Sequence[Difference]) -> dict[str, Any]:
    """Return the counts of equal statuses, formats, sizes and pixels."""
    values = sorted(each.ssim for each in differences if each.ssim is not None)

    def counts(holds: Callable[[Difference], bool]) -> int:
        return sum(map(holds, differences))

    return {
        "urls": len(differences),
        "same status": counts(lambda each: each.theirs.status == each.ours.status),
        "same format": counts(lambda each: each.theirs.media_type == each.ours.media_type),
        "same size": counts(lambda each: each.theirs.size == each.ours.size),
        "compared": len(values),
        f"SSIM of {MIN_SSIM} or more": sum(value >= MIN_SSIM for value in values),
        "least SSIM": round(values[0], 4) if values else None,
        f"colours within {MAX_SHIFT:g}": counts(lambda each: each.ssim is not None and each.shift <= MAX_SHIFT),
        "median SSIM": round(values[len(values) // 2], 4) if values else None,
    }


def report(service: Service, differences: Sequence[Difference]) -> None:
    """Print what differs, and write the counts to ``NAME.json``."""
    for each in differences:
        if each.faults:
            print(f"{each.target.path}  {'; '.join(each.faults)}")
    counts = summary(differences)
    print(json.dumps(counts, indent=1))
    (FOLDER / f"{service.name}.json").write_text(json.dumps(counts, indent=1) + "\n")
