"""The least that can be served: one body from memory by the server that Pixmill runs on, through ASGI or RSGI.

.venv/bin/python -m benchmarks.bare PORT asgi|rsgi FILE
"""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

Send = Callable[[dict[str, Any]], Awaitable[None]]


def asgi(body: bytes) -> Any:
    headers = [(b"content-type", b"image/jpeg"), (b"content-length", str(len(body)).encode())]

    async def app(_scope: dict[str, Any], _receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def rsgi(body: bytes) -> Any:
    headers = [("content-type", "image/jpeg"), ("content-length", str(len(body)))]

    async def app(_scope: Any, protocol: Any) -> None:
        protocol.response_bytes(200, headers, body)

    return app


async def main(port: int, interface: str, path: Path) -> None:
    app = {"asgi": asgi, "rsgi": rsgi}[interface](path.read_bytes())
    kind = {"asgi": Interfaces.ASGINL, "rsgi": Interfaces.RSGI}[interface]
    await Server(app, port=port, interface=kind, websockets=False, log_enabled=False).serve()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
