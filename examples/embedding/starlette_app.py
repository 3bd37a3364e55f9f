"""Pixmill in a Starlette application that has a lifespan of its own: ``uvicorn starlette_app:app``.

Operators reach metrics and health on another path, which a proxy keeps from the public.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from pixmill.asgi import create_app

PHOTOS = Path(__file__).parents[1] / "photos"

images = create_app(images=PHOTOS, allowed_sources="path:")


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    async with images.lifespan():
        yield


async def page(_request: Request) -> HTMLResponse:
    return HTMLResponse('<!doctype html><title>Fig</title><img src="/images/resize?url=fig.jpg&width=400" alt="A fig">')


app = Starlette(
    routes=[Route("/", page), Mount("/images", images), Mount("/internal/images", images.admin)], lifespan=lifespan
)
