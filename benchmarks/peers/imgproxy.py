"""imgproxy, from the PATH, as its image runs it on two cores: four workers, each with one thread of libvips."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from benchmarks.peers.peer import QUALITY, VECTOR, Start, version_of

QUICK = {"IMGPROXY_AVIF_SPEED": "9", "IMGPROXY_WEBP_EFFORT": "2"}
"""The efforts of Pixmill's encoders, so that what is left is the server itself. The effort of PNG has no setting."""

_EXTENSIONS = {"jpeg": "jpg", "png": "png", "webp": "webp", "avif": "avif"}


class Imgproxy:
    def __init__(self, name: str = "imgproxy", settings: Mapping[str, str] = MappingProxyType({})) -> None:
        self.name, self._settings, self._origin = name, settings, 0

    def install(self, _home: Path) -> str:
        return version_of("imgproxy", "version")

    def start(self, _home: Path, port: int, origin: int) -> Start:
        self._origin = origin
        env = {
            "IMGPROXY_BIND": f"127.0.0.1:{port}",
            "IMGPROXY_ALLOW_LOOPBACK_SOURCE_ADDRESSES": "true",
            "IMGPROXY_LOG_LEVEL": "warn",
            "IMGPROXY_USE_ETAG": "true",
            "MALLOC_ARENA_MAX": "2",
            "VIPS_WARNING": "0",
            "VIPS_VECTOR": VECTOR,
        }
        return Start(["imgproxy"], env | dict(self._settings))

    def url(self, source: str, _kind: str, into: str, side: int, quality: int | None = None) -> str | None:
        number = quality or QUALITY[into]
        of_quality = f"/q:{number}" if number else ""
        place = quote(f"http://127.0.0.1:{self._origin}{source}", safe="")
        return f"/unsafe/rs:fit:{side}:{side}/f:{_EXTENSIONS[into]}{of_quality}/plain/{place}"
