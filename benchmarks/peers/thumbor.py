"""thumbor, from PyPI, two processes."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from benchmarks.peers.peer import QUALITY, Start

CONFIG = """\
STORAGE = "thumbor.storages.no_storage"
LOADER = "thumbor.loaders.http_loader"
ALLOW_UNSAFE_URL = True
AUTO_WEBP = False
QUALITY = 80
"""


class Thumbor:
    name = "thumbor"

    def __init__(self) -> None:
        self._origin = 0

    def install(self, home: Path) -> str:
        venv = home / "thumbor"
        if not (venv / "bin" / "thumbor").exists():
            subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
            subprocess.run([str(venv / "bin" / "pip"), "install", "-q", "thumbor", "pillow-avif-plugin"], check=True)
        shown = subprocess.run([venv / "bin" / "pip", "show", "thumbor"], check=True, capture_output=True, text=True)
        return next(line.split()[1] for line in shown.stdout.splitlines() if line.startswith("Version"))

    def start(self, home: Path, port: int, origin: int) -> Start:
        self._origin = origin
        config = home / "thumbor.conf"
        config.write_text(CONFIG)
        command = [str(home / "thumbor" / "bin" / "thumbor"), "-p", str(port), "-i", "127.0.0.1", "-c", str(config)]
        return Start([*command, "--processes", "2"])

    def url(self, source: str, _kind: str, into: str, side: int, quality: int | None = None) -> str | None:
        number = quality or QUALITY[into]
        filters = f"format({into})" + (f":quality({number})" if number else "")
        place = quote(f"http://127.0.0.1:{self._origin}{source}", safe="")
        return f"/unsafe/fit-in/{side}x{side}/filters:{filters}/{place}"
