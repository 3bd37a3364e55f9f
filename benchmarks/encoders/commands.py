"""Encoders as commands of Debian: cwebp, avifenc with libaom, cjxl.

Their CPU time includes the start of the process and the decoding of an uncompressed PNG.
"""

import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from benchmarks.encoders.encoder import WEBP_QUALITIES, Encode, Encoded, Encoder, uncompressed

from tests import material

CQ_LEVELS = (42, 34, 26, 18, 9)
JXL_DISTANCES = (3.8, 2.5, 1.6, 1.0, 0.6)

Arguments = Callable[[str, float, str], list[str]]


def encoders() -> Iterator[Encoder]:
    for method in (4, 6):
        yield Encoder(
            f"cwebp -m {method}", "webp", WEBP_QUALITIES, encoder("cwebp", "webp", cwebp(method)), version("webp")
        )
    yield Encoder("avifenc -s 6", "avif", CQ_LEVELS, encoder("avifenc", "libavif-bin", avifenc), version("libavif-bin"))
    yield Encoder("cjxl -e 7", "jxl", JXL_DISTANCES, encoder("cjxl", "libjxl-tools", cjxl), version("libjxl-tools"))


def cwebp(method: int) -> Arguments:
    return lambda source, quality, out: ["-quiet", "-m", str(method), "-q", f"{quality:g}", source, "-o", out]


def avifenc(source: str, quality: float, out: str) -> list[str]:
    rate = ["-a", "end-usage=q", "-a", f"cq-level={quality:g}", "--min", "0", "--max", "63"]
    return ["-j", "1", "-y", "420", "-s", "6", "-c", "aom", *rate, source, out]


def cjxl(source: str, quality: float, out: str) -> list[str]:
    return ["--quiet", "--num_threads=0", "-e", "7", "-d", f"{quality:g}", source, out]


def encoder(name: str, package: str, arguments: Arguments) -> Encode:
    def encode(image: Path, quality: float) -> Encoded:
        command, extra = material.program(name, package)
        source, out = scratch() / "source.png", scratch() / "result"
        source.write_bytes(uncompressed(image))
        out.unlink(missing_ok=True)
        target = out.with_suffix({"webp": ".webp", "libavif-bin": ".avif"}.get(package, ".jxl"))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [*command, *arguments(str(source), quality, str(target))],
            env=os.environ | extra,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Encoded(target.read_bytes(), seconds * 1000)

    return encode


@cache
def version(package: str) -> str:
    found = subprocess.check_output(["apt-cache", "show", package], text=True)
    return f"Debian's {package} " + next(line.split()[1] for line in found.splitlines() if line.startswith("Version:"))


@cache
def scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="pixmill-commands-"))
