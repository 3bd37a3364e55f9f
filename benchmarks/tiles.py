"""Tiles of a large original, as IIIF viewers request them: CPU time of the workers and duration of each.

    python -m benchmarks.tiles --megapixels 100 --tiles 60

Starts the server on loopback, with and without kept pixels, and requests the same tiles of each format in turn: at full
size, and at scale factors 2, 4 and 8. The share of a tile is that of its region in the CPU time of one whole decode.
"""

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from PIL import Image

from tests.servers.pixmill import Pixmill

PHOTO: Final = Path(__file__).parents[1] / "examples" / "photos" / "fig.jpg"
TILE: Final = 512
FACTORS: Final = (1, 2, 4, 8)
FORMATS: Final = {"jpg": {}, "webp": {"quality": 80, "method": 0}, "tif": {"compression": "jpeg", "quality": 90}}
"""Endings, and options of their files."""


def cpu_s(pid: int) -> float:
    """CPU time of a process and all its children so far."""
    total = 0.0
    for path in (Path("/proc") / str(pid) / "task").glob("*/children"):
        total += sum(cpu_s(int(child)) for child in path.read_text().split())
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return total + (int(fields[11]) + int(fields[12])) / 100


def tiles(side: int, count: int) -> list[tuple[int, int, int]]:
    """Random tiles, as many of each scale factor: left, top and factor; the first two at full size."""
    chosen = random.Random(7)
    found = []
    for factor in FACTORS:
        steps = range(0, side - TILE * factor, TILE * factor)
        grid = [(left, top, factor) for left in steps for top in steps]
        found += chosen.sample(grid, min(count // len(FACTORS), len(grid)))
    return found


def measure(server: Pixmill, name: str, side: int, count: int) -> list[tuple[int, float, float]]:
    """Request tiles; return scale factor, CPU seconds and seconds of each."""
    measured = []
    for left, top, factor in tiles(side, count):
        region = f"{left},{top},{TILE * factor},{TILE * factor}"
        cpu, started = cpu_s(server.pid), time.perf_counter()
        reply = server.get(f"/iiif/3/{name}/{region}/{TILE},/0/default.jpg")
        assert reply.status == 200, reply.body
        measured.append((factor, cpu_s(server.pid) - cpu, time.perf_counter() - started))
    return measured


def main() -> None:
    """Print a line for each format and setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, default=100)
    parser.add_argument("--tiles", type=int, default=60)
    arguments = parser.parse_args()
    side = round((arguments.megapixels * 1e6) ** 0.5)
    with tempfile.TemporaryDirectory() as folder:
        with Image.open(PHOTO) as photo:
            large = photo.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
        for ending, options in FORMATS.items():
            large.save(f"{folder}/large.{ending}", **options)
        settings: dict[str, str | float] = {
            "images": folder,
            "dialects": '[{"dialect": "iiif", "source": "/"}]',
            "max_pixels": 2 * side * side,
        }
        for ending in FORMATS:
            for memory in ("0", "512MiB"):
                with Pixmill(**settings, raster_memory_bytes=memory) as server:
                    first, second, *others = measure(server, f"large.{ending}", side, arguments.tiles)
                print(f"{ending}, raster memory {memory}: first {first[1]:.2f} s of CPU, second {second[1]:.2f} s")
                for factor in FACTORS:
                    of_factor = [entry for entry in others if entry[0] == factor]
                    if of_factor:
                        cpu = statistics.mean(entry[1] for entry in of_factor)
                        median = statistics.median(entry[2] for entry in of_factor)
                        share = (TILE * factor) ** 2 / side**2 * first[1]
                        print(
                            f"   scale 1/{factor}, {len(of_factor):3} tiles: {cpu * 1e3:7.1f} ms of CPU, "
                            f"median {median * 1e3:7.1f} ms; share of a decode {share * 1e3:.1f} ms"
                        )


if __name__ == "__main__":
    main()
