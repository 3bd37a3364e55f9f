"""Hashes and thumbnails in a pool of processes: python process_pool.py photos"""

import hashlib
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pixmill


def describe(path: Path) -> str:
    body = path.read_bytes()
    thumbnail = pixmill.resize(body, width=64, format="webp")  # each process has its own engine, of one worker
    return f"{hashlib.sha256(body).hexdigest()[:12]} {path.name} {thumbnail.width}x{thumbnail.height}"


if __name__ == "__main__":
    with ProcessPoolExecutor(max_workers=2) as pool:
        for line in pool.map(describe, sorted(Path(sys.argv[1]).glob("*.jpg"))):
            print(line)
