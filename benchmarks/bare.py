"""The minimum for comparison: serves one body from memory by Pixmill's server, through ASGI or RSGI.

.venv/bin/python -m benchmarks.bare PORT asgi|rsgi|dressed FILE [HEADERS]

``dressed`` is ASGI with the headers of a real response (a JSON file, a list of pairs) and with Pixmill's own connection
limits: the difference between it and a hit is lookup, checks and counting.
"""

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from pixmill.server import HEADER_TIMEOUT_MS, MAX_HEADER_BYTES

Send = Callable[[dict[str, Any]], Awaitable[None]]
Pairs = list[tuple[str, str]]


def asgi(body: bytes, headers: Pairs) -> Any:
    raw = [(name.encode(), value.encode()) for name, value in headers]

    async def app(_scope: dict[str, Any], _receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    return app


def rsgi(body: bytes, headers: Pairs) -> Any:
    async def app(_scope: Any, protocol: Any) -> None:
        protocol.response_bytes(200, headers, body)

    return app


LIMITS: dict[str, Any] = {
    "http": HTTPModes.http1,
    "backpressure": 4_096,
    "http1_settings": HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS, max_buffer_size=MAX_HEADER_BYTES),
}


async def main(port: int, interface: str, path: Path, dress: Path | None = None) -> None:
    body = path.read_bytes()
    headers = [("content-type", "image/jpeg"), ("content-length", str(len(body)))]
    if dress:
        headers = [(name, value) for name, value in json.loads(dress.read_text())]
    app = (rsgi if interface == "rsgi" else asgi)(body, headers)
    kind = Interfaces.RSGI if interface == "rsgi" else Interfaces.ASGINL
    limits = LIMITS if interface == "dressed" else {}
    await Server(app, port=port, interface=kind, websockets=False, log_enabled=False, **limits).serve()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], *map(Path, sys.argv[3:])))
