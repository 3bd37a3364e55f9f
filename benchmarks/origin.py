"""A static origin: nginx with one worker, the same load for every measured server.

Below ``/slow/`` the same files are served after ``DELAY_S``: a minimal server sleeps, and passes the request back to
nginx. A path may begin with ``/n`` and a number, for servers whose sources have no query. Without nginx the minimal server
serves the files itself.
"""

import asyncio
import getpass
import re
import shutil
import sys
from pathlib import Path

from aiohttp import web

DELAY_S = 0.2

_NUMBERED = re.compile(r"^/n[0-9]+/")

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
  server {{
    listen 127.0.0.1:{port};
    root {photos};
    rewrite ^/n[0-9]+(/.*)$ $1;
    location /slow/ {{ proxy_pass http://127.0.0.1:{sleeper}; }}
  }}
}}
"""


def command(home: Path, photos: Path, port: int, sleeper: int) -> list[str]:
    """Return the command of the origin on ``port``: nginx if it is installed; ``sleeper`` is the port of ``sleeping``."""
    if not shutil.which("nginx"):
        print("without nginx: the origin is a server in Python, which takes more of the cores")
        return [sys.executable, "-m", "benchmarks.origin", str(port), str(photos)]
    config = home / "origin.conf"
    config.write_text(CONFIG.format(user=getpass.getuser(), home=home, photos=photos, port=port, sleeper=sleeper))
    return ["nginx", "-c", str(config), "-p", str(home)]


def sleeping(port: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.origin", str(port)]


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    path = head.split(b" ", 2)[1].partition(b"?")[0].removeprefix(b"/slow")
    await asyncio.sleep(DELAY_S)
    writer.write(b"HTTP/1.0 200 OK\r\nX-Accel-Redirect: %s\r\nContent-Length: 0\r\n\r\n" % path)
    await writer.drain()
    writer.close()


async def serve(port: int) -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", port)
    await server.serve_forever()


def serve_files(port: int, photos: Path) -> None:
    """Serve the files as nginx does, with the same paths."""

    async def reply(request: web.Request) -> web.FileResponse:
        path = _NUMBERED.sub("/", request.path)
        if path.startswith("/slow/"):
            await asyncio.sleep(DELAY_S)
        return web.FileResponse(photos / path.removeprefix("/slow").lstrip("/"))

    application = web.Application()
    application.router.add_get("/{path:.+}", reply)
    web.run_app(application, host="127.0.0.1", port=port, print=None)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        serve_files(int(sys.argv[1]), Path(sys.argv[2]))
    else:
        asyncio.run(serve(int(sys.argv[1])))
