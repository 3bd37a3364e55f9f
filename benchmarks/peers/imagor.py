"""imagor, from the PATH, as its image runs it: jemalloc, and one thread of libvips for each request."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from benchmarks.peers.peer import QUALITY, VECTOR, Start, version_of

QUICK = {"VIPS_AVIF_SPEED": "9"}
"""The speed of Pixmill's AVIF. The efforts of WebP and PNG have no setting."""

STORING = {"FILE_RESULT_STORAGE_BASE_DIR": "{home}/results"}
"""Results are stored in files, as Pixmill's disk tier does."""

_JEMALLOC = Path("/usr/lib/x86_64-linux-gnu/libjemalloc.so.2")


class Imagor:
    def __init__(self, name: str = "imagor", settings: Mapping[str, str] = MappingProxyType({})) -> None:
        self.name, self._settings, self._origin = name, settings, 0

    def install(self, _home: Path) -> str:
        return version_of("imagor", "-version")

    def start(self, home: Path, port: int, origin: int) -> Start:
        self._origin = origin
        env = {
            "PORT": str(port),
            "SERVER_ADDRESS": "127.0.0.1",
            "IMAGOR_UNSAFE": "1",
            "MALLOC_ARENA_MAX": "2",
            "VIPS_WARNING": "0",
            "VIPS_VECTOR": VECTOR,
        }
        if _JEMALLOC.exists():
            env["LD_PRELOAD"] = str(_JEMALLOC)
        return Start(["imagor"], env | {name: value.format(home=home) for name, value in self._settings.items()})

    def url(self, source: str, _kind: str, into: str, side: int, quality: int | None = None) -> str | None:
        number = quality or QUALITY[into]
        filters = f"format({into})" + (f":quality({number})" if number else "")
        place = quote(f"http://127.0.0.1:{self._origin}{source}", safe="")
        return f"/unsafe/fit-in/{side}x{side}/filters:{filters}/{place}"
