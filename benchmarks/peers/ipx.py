"""ipx with sharp, from npm; one process with libvips' threads on both cores."""

import json
import subprocess
from pathlib import Path

from benchmarks.peers.peer import QUALITY, Start


class Ipx:
    name = "ipx"

    def __init__(self) -> None:
        self._origin = 0

    def install(self, home: Path) -> str:
        folder = home / "ipx"
        if not (folder / "node_modules" / "ipx").exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "package.json").write_text("{}")
            subprocess.run(["npm", "install", "--silent", "--no-audit", "ipx", "sharp"], cwd=folder, check=True)
        return str(json.loads((folder / "node_modules" / "ipx" / "package.json").read_text())["version"])

    def start(self, home: Path, port: int, origin: int) -> Start:
        self._origin = origin
        command = [str(home / "ipx" / "node_modules" / ".bin" / "ipx"), "serve", "--dir", str(home)]
        env = {
            "PORT": str(port),
            "HOST": "127.0.0.1",
            "IPX_HTTP_DOMAINS": "127.0.0.1",
            "IPX_HTTP_ALLOW_ALL_DOMAINS": "true",
        }
        return Start(command, env)

    def url(self, source: str, _kind: str, into: str, side: int, quality: int | None = None) -> str | None:
        number = quality or QUALITY[into]
        of_quality = f",q_{number}" if number else ""
        return f"/s_{side}x{side},fit_inside,f_{into}{of_quality}/http://127.0.0.1:{self._origin}{source}"
