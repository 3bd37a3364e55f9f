"""Writes thumbnails of all images of a folder: python thumbnails.py photos thumbnails"""

import sys
from pathlib import Path

import pixmill

source, target = map(Path, sys.argv[1:])
target.mkdir(exist_ok=True)
photos = sorted(path for path in source.iterdir() if path.suffix.lower() in {".jpg", ".png"})

with pixmill.Engine() as engine:
    results = engine.map(photos, width=320, height=320, fit="cover", format="webp", on_error="return")
    for photo, result in zip(photos, results, strict=True):
        if isinstance(result, pixmill.PixmillError):
            print(f"{photo.name}: {result}", file=sys.stderr)
        else:
            result.save(target / f"{photo.stem}.webp")
