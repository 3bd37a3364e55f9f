"""Pixmill itself, from this checkout."""

import sys
from pathlib import Path
from urllib.parse import quote

from benchmarks.peers.peer import Start

from pixmill import __version__

# On Pixmill's one scale of looks, for what the peers are told with 80, 75 and 65: they get the numbers, we 77, 70 and
# 62, with which the files are no larger than theirs (engine/codecs/quality.py).
QUALITY = {"jpeg": 80, "webp": 64, "avif": 77, "png": 80}


DISK = "memory://?max_bytes=64MiB,file://{home}/cache?max_bytes=1GiB"
MEMORY = "memory://?max_bytes=64MiB"


class Pixmill:
    """``cache`` is that of the setting; ``mode`` goes into every URL."""

    def __init__(self, name: str = "pixmill", cache: str = DISK, mode: str = "") -> None:
        self.name, self._cache, self._mode, self._origin = name, cache, mode, 0

    def install(self, _home: Path) -> str:
        return __version__

    def start(self, home: Path, port: int, origin: int) -> Start:
        self._origin = origin
        env = {
            "PIXMILL_PORT": str(port),
            "PIXMILL_ALLOWED_NETWORKS": "127.0.0.0/8",
            "PIXMILL_CACHE": self._cache.format(home=home),
            "PIXMILL_LOG_LEVEL": "warning",
        }
        return Start([sys.executable, "-m", "pixmill", "serve"], env)

    def url(self, source: str, _kind: str, into: str, side: int, quality: int | None = None) -> str | None:
        place = quote(f"http://127.0.0.1:{self._origin}{source}", safe="")
        mode = f"&mode={self._mode}" if self._mode else ""
        number = quality or QUALITY[into]
        return f"/resize?url={place}&width={side}&height={side}&format={into}&quality={number}{mode}"
