"""Pixmill below /images of a FastAPI application: ``uvicorn fastapi_app:app``."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from pixmill.asgi import create_app

PHOTOS = Path(__file__).parents[1] / "photos"

images = create_app(images=PHOTOS, allowed_sources="path:")

app = FastAPI(lifespan=images.lifespan)
app.mount("/images", images)


@app.get("/", response_class=HTMLResponse)
def page() -> str:
    return '<!doctype html><title>Fig</title><img src="/images/resize?url=fig.jpg&width=400" alt="A fig">'
