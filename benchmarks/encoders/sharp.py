"""sharp from npm, on one thread, with its defaults for all that is not named."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.encoders.encoder import (
    AVIF_QUALITIES,
    JPEG_QUALITIES,
    LOSSLESS,
    WEBP_QUALITIES,
    Encode,
    Encoded,
    Encoder,
)
from benchmarks.material import HOME

SIDE = 512
FOLDER = HOME / "encoders" / "sharp"
PACKAGE = "sharp@0.35"
SCRIPT = Path(__file__).with_suffix(".mjs")
KINDS = (
    ("sharp", "jpeg", JPEG_QUALITIES, {}),
    ("sharp mozjpeg", "jpeg", JPEG_QUALITIES, {"mozjpeg": True}),
    ("sharp", "webp", WEBP_QUALITIES, {}),
    ("sharp", "avif", AVIF_QUALITIES[1:4], {}),
    ("sharp", "png", LOSSLESS, {}),
)


def encoders() -> Iterator[Encoder]:
    found = install()
    for side in (0, SIDE):
        for name, kind, qualities, options in KINDS:
            yield Encoder(name, kind, qualities, encoder(kind, side, options), f"sharp {found}", resizes=bool(side))


def install() -> str:
    """Return the version."""
    package = FOLDER / "node_modules" / "sharp" / "package.json"
    if not package.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / "package.json").write_text("{}")
        subprocess.run(["npm", "install", "--silent", "--no-audit", PACKAGE], cwd=FOLDER, check=True)
    return str(json.loads(package.read_text())["version"])


def encoder(kind: str, side: int, options: dict[str, Any]) -> Encode:
    def encode(image: Path, quality: float) -> Encoded:
        number = {} if kind == "png" else {"quality": int(quality)}
        out = scratch() / "result"
        task = {"source": str(image), "side": side, "format": kind, "options": number | options, "out": str(out)}
        process = running()
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(task) + "\n")
        process.stdin.flush()
        cpu_ms = json.loads(process.stdout.readline())["cpu_ms"]
        return Encoded(out.read_bytes(), cpu_ms)

    return encode


@cache
def running() -> "subprocess.Popen[str]":
    """Return the process, which ends with this one: its standard input closes."""
    command = ["node", str(SCRIPT), str(FOLDER / "package.json")]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)


@cache
def scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="pixmill-sharp-"))
