"""Bytes and CPU time of PNGs by class of content and mode, beside another version of Pixmill.

    .venv/bin/python -m benchmarks.png_bytes FOLDER [--against TREE] [--rounds 3]

FOLDER has a folder of PNGs for each class. Each image is encoded as it is, without resizing, in a process for each
version; TREE is a work tree with a ``.venv``. The versions take turns, image by image, and the best round counts.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import defaultdict
from io import BytesIO
from pathlib import Path
from typing import Any

MODES = ("fast", "balanced", "best")
TREE = Path(__file__).parents[1]


def serve() -> None:
    """Encode each file named on the standard input, and print bytes and CPU seconds by mode."""
    from PIL import Image  # noqa: PLC0415 - of the version under test

    from pixmill.engine.codecs.metadata import NO_METADATA  # noqa: PLC0415
    from pixmill.engine.codecs.table import encode_frame  # noqa: PLC0415
    from pixmill.engine.raster.convert import from_pillow  # noqa: PLC0415
    from pixmill.plan.output import Encoding, RenderMode  # noqa: PLC0415

    for line in sys.stdin:
        image = Image.open(line.strip())
        image.load()
        frame, figures = from_pillow(image), {}
        for mode in MODES:
            started = time.process_time()
            body = encode_frame(frame, 80, NO_METADATA, Encoding(mode=RenderMode(mode)))
            figures[mode] = (len(body), time.process_time() - started)
            if Image.open(BytesIO(body)).convert("RGBA").tobytes() != image.convert("RGBA").tobytes():
                raise ValueError(f"{line} has other pixels in {mode}")
        print(json.dumps(figures), flush=True)


def start(tree: Path) -> "subprocess.Popen[str]":
    code = f"import sys; sys.path.insert(0, {str(TREE)!r}); from benchmarks.png_bytes import serve; serve()"
    python = tree / ".venv/bin/python"
    return subprocess.Popen([python, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tree)


def ask(server: "subprocess.Popen[str]", file: Path) -> dict[str, Any]:
    assert server.stdin
    assert server.stdout
    server.stdin.write(f"{file}\n")
    server.stdin.flush()
    figures: dict[str, Any] = json.loads(server.stdout.readline())
    return figures


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--against", type=Path)
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    servers = [start(tree) for tree in (TREE, options.against) if tree]
    print("| class | images | " + " | ".join(f"{mode}: kB | ms" for mode in MODES) + " |")
    for folder in sorted(path for path in options.folder.iterdir() if path.is_dir()):
        totals: dict[tuple[int, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
        files = sorted(folder.glob("*.png"))
        for file in files:
            rounds = [[ask(server, file) for server in servers] for _ in range(options.rounds)]
            for number in range(len(servers)):
                for mode in MODES:
                    total = totals[number, mode]
                    total[0] += rounds[0][number][mode][0]
                    total[1] += min(figures[number][mode][1] for figures in rounds)
        print(
            f"| {folder.name} | {len(files)} | " + " | ".join(cell(totals, mode, len(files)) for mode in MODES) + " |"
        )


def cell(totals: dict[tuple[int, str], list[float]], mode: str, files: int) -> str:
    """Return kB and milliseconds of an image, and beside another version the changes."""
    size, seconds = totals[0, mode]
    if (1, mode) not in totals:
        return f"{size / files / 1e3:.1f} | {seconds / files * 1e3:.1f}"
    old_size, old_seconds = totals[1, mode]
    change = 100 * (size / old_size - 1)
    return (
        f"{old_size / files / 1e3:.1f} → {size / files / 1e3:.1f} ({change:+.0f} %) | "
        f"{old_seconds / files * 1e3:.1f} → {seconds / files * 1e3:.1f}"
    )


if __name__ == "__main__":
    main()
