"""A static origin: nginx with one worker, the same load for every measured server.

Below ``/slow/`` the same files are served after ``DELAY_S``: a minimal server sleeps, and passes the request back to
nginx.
"""

import asyncio
import getpass
import sys
from pathlib import Path

DELAY_S = 0.2

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
    location /slow/ {{ proxy_pass http://127.0.0.1:{sleeper}; }}
  }}
}}
"""


def command(home: Path, photos: Path, port: int, sleeper: int) -> list[str]:
    """Return the command of nginx on ``port``; ``sleeper`` is the port of ``sleeping``."""
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


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
