"""EmgR (vaam-store/image-resizer), from the PATH; results are stored in files, and each answer redirects to one.

It fills and crops if it gets both sides, so it gets the longer one only. It has no quality: a JPEG has 75, a WebP is
lossless. No AVIF.
"""

from pathlib import Path
from urllib.parse import quote

from benchmarks.material import HOME
from benchmarks.peers.peer import Start, version_of
from PIL import Image


class Emgr:
    name = "emgr"

    def __init__(self) -> None:
        self._origin = 0

    def install(self, _home: Path) -> str:
        return version_of("emgr", "--version")

    def start(self, home: Path, port: int, origin: int) -> Start:
        self._origin = origin
        (home / "files").mkdir()
        env = {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "LOCAL_FS_STORAGE_PATH": str(home / "files"),
            "CDN_BASE_URL": f"http://127.0.0.1:{port}/api/images/files",
            "CPU_THREAD_POOL_SIZE": "2",
            "ENABLE_HTTP2": "false",
        }
        return Start(["emgr"], env)

    def url(self, source: str, kind: str, into: str, side: int, quality: int | None = None) -> str | None:
        if into not in {"jpeg", "png"} or kind == "avif" or quality:
            return None
        with Image.open(HOME / "photos" / source.partition("?")[0].removeprefix("/slow").strip("/")) as image:
            name, longer = ("width", image.width) if image.width >= image.height else ("height", image.height)
        place = quote(f"http://127.0.0.1:{self._origin}{source}", safe="")
        extension = "jpg" if into == "jpeg" else into
        return f"/api/images/resize?url={place}&{name}={min(side, longer)}&format={extension}"
