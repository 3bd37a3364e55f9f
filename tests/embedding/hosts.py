"""Applications that mount Pixmill, and the workers that this process has."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from pixmill.asgi import EmbeddedApp, create_app

PHOTOS: Final = Path(__file__).parents[2] / "examples" / "photos"
IMAGE: Final = "/resize?url=fig.jpg&width=40&format=png"


def make_app(**settings: Any) -> EmbeddedApp:
    """Return an application with one worker that serves the sample photos."""
    given = {"images": PHOTOS, "allowed_sources": "path:", "cache": "memory://", "workers": 1}
    return create_app(given, **settings)


def mounted(images: EmbeddedApp, path: str = "/images") -> Starlette:
    """Return an application of Starlette with its lifespan."""
    return Starlette(routes=[Mount(path, images)], lifespan=images.lifespan)


@asynccontextmanager
async def client_of(app: ASGIApp, **transport: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client that calls an application in this event loop, with no lifespan events."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, **transport), base_url="http://127.0.0.1", timeout=120
    ) as client:
        yield client


def worker_pids() -> set[int]:
    """Return the render workers that are children of this process, also those that nobody has waited for."""
    return {pid for pid in map(int, _children()) if b"pixmill.engine.worker" in _command_line(pid)}


async def no_workers_left(before: set[int]) -> bool:
    """Return whether all workers but those of ``before`` have ended, after a while."""
    for _ in range(600):
        if worker_pids() <= before:
            return True
        await asyncio.sleep(0.05)
    return False


def _children() -> list[str]:
    pids: list[str] = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended
            pids += (task / "children").read_text().split()
    return pids


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
