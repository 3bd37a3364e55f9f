"""L, the CPU time of a bare loop in one process, compared with the engine: JPEG to JPEG at 512 pixels.

    .venv/bin/python benchmarks/loop.py [PHOTO ...]

L is ``jpegload(shrink=largest that fits)`` + ``resize`` + ``jpegsave(Q=80)`` with the wheel's libvips, on baseline
photos of about 2 and 6 megapixels (re-encoded here with quality 92 and 4:2:0). Ours is ``pipeline.render`` on the same
bytes, without the service. Interleaved rounds, medians; with SSIMULACRA2 against a float64 resample in linear light of
the full decode, and bytes.
"""

import io
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median

import numpy as np
import pyvips
import ssimulacra2
from PIL import Image

from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Output, Plan, Resize

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.pixels.reference import resample

SIDE = 512
ROUNDS = 15
PHOTOS = Path(__file__).parents[1] / "examples" / "photos"


def baseline(path: Path, megapixels: float) -> bytes:
    with Image.open(path) as image:
        scale = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
        size = (round(image.width * scale), round(image.height * scale))
        out = io.BytesIO()
        image.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(out, "JPEG", quality=92)
        return out.getvalue()


def loop(source: bytes) -> bytes:
    image = pyvips.Image.jpegload_buffer(source, access="sequential")
    factor = max(image.width, image.height) / SIDE
    shrink = max(each for each in (1, 2, 4, 8) if each <= factor)
    image = pyvips.Image.jpegload_buffer(source, shrink=shrink, access="sequential")
    scale = SIDE / max(image.width, image.height)
    return bytes(image.resize(scale).jpegsave_buffer(Q=80))


def ours(source: bytes) -> bytes:
    plan = Plan(resize=Resize(width=SIDE, height=SIDE), output=Output(formats=(Format.JPEG,), quality=80))
    return render(memoryview(source), plan, Limits()).body


def score(source: bytes, body: bytes, folder: Path) -> float:
    with Image.open(io.BytesIO(source)) as image:
        codes = np.asarray(image.convert("RGB"), dtype=np.float64) / 255
    with Image.open(io.BytesIO(body)) as image:
        size = image.size
        image.convert("RGB").save(folder / "ours.png")
    expected, _ = resample(codes, (0, 0, codes.shape[1], codes.shape[0]), size, alpha=False)
    Image.fromarray((expected * 255).round().astype(np.uint8)).save(folder / "reference.png")
    return float(ssimulacra2.compute_ssimulacra2(str(folder / "reference.png"), str(folder / "ours.png")))


def main() -> None:
    paths = [Path(given) for given in sys.argv[1:]] or sorted(PHOTOS.glob("*.jpg"))
    for megapixels in (2, 6):
        sources = [baseline(path, megapixels) for path in paths]
        measurements: dict[str, list[list[float]]] = {"L": [[] for _ in sources], "ours": [[] for _ in sources]}
        results = {}
        for _ in range(ROUNDS):
            for index, source in enumerate(sources):
                for name, work in (("L", loop), ("ours", ours)):
                    began = time.process_time()
                    results[name, index] = work(source)
                    measurements[name][index].append(time.process_time() - began)
        with tempfile.TemporaryDirectory() as folder:
            for name in ("L", "ours"):
                scores = [score(source, results[name, index], Path(folder)) for index, source in enumerate(sources)]
                size = mean(len(results[name, index]) for index in range(len(sources)))
                ms = mean(median(each) for each in measurements[name]) * 1000
                print(f"{megapixels} MP {name:5} {ms:6.2f} ms CPU, {size:8.0f} bytes, SSIMULACRA2 {mean(scores):.2f}")


if __name__ == "__main__":
    main()
