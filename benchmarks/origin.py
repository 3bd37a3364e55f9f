"""A static origin: nginx when it is installed, with one worker, else Python's own server.

Its share of the machine is the same for every server that is measured.
"""

import getpass
import shutil
import sys
from pathlib import Path

CONFIG = """\
user {user};
worker_processes 1;
daemon off;
pid {home}/origin.pid;
error_log {home}/origin.log error;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  types {{ image/jpeg jpg; image/png png; image/webp webp; image/avif avif; }}
  server {{ listen 127.0.0.1:{port}; root {photos}; }}
}}
"""


def command(home: Path, photos: Path, port: int) -> list[str]:
    if shutil.which("nginx"):
        config = home / "origin.conf"
        config.write_text(CONFIG.format(user=getpass.getuser(), home=home, photos=photos, port=port))
        return ["nginx", "-c", str(config), "-p", str(home)]
    return [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(photos), str(port)]
