"""oximg, from the PATH, built with AVIF; as many active requests as there are cores.

Its sources have no query, and it answers equal requests once: the number that makes a request unique is a folder in
front of the path, which the origin ignores.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from benchmarks.peers.peer import QUALITY, Start, version_of

QUICK = {"OXIMG_JPEG_PROGRESSIVE": "0", "OXIMG_DCT_MARGIN": "1.7"}
"""Baseline JPEGs and scaled decodes, as Pixmill has them; its documentation names both as the price of speed."""


class Oximg:
    def __init__(self, name: str = "oximg", settings: Mapping[str, str] = MappingProxyType({})) -> None:
        self.name, self._settings = name, settings

    def install(self, _home: Path) -> str:
        return version_of("oximg", "--version")

    def start(self, _home: Path, port: int, origin: int) -> Start:
        env = {
            "PORT": str(port),
            "OXIMG_SOURCE_BASE_URL": f"http://127.0.0.1:{origin}",
            "OXIMG_OPTIONS_PREFIX": "/image",
        }
        return Start(["oximg", "serve"], env | dict(self._settings))

    def url(self, source: str, _kind: str, into: str, side: int, quality: int | None = None) -> str | None:
        path, _, number = source.partition("?n=")
        of_quality = f",quality={quality or QUALITY[into]}" if QUALITY[into] else ""
        return f"/image/width={side},height={side}{of_quality},format={into}/n{number}{path}"
