"""Renders the images of the reference: each example of ``docs/examples.py``, and the photos as they are.

    make gallery        # writes docs/gallery/*.webp and others, then the pages

The images are real responses: each one is requested from the application.
"""

import asyncio
import sys
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

from docs.examples import EXAMPLES  # noqa: E402 - it is run as a file, too

from pixmill.api.app import create_app  # noqa: E402
from pixmill.settings import load  # noqa: E402
from pixmill.wiring import build_services  # noqa: E402

IMAGES = FOLDER / "gallery"
PHOTOS = FOLDER.parent / "examples" / "photos"
OUTPUT = "&format=webp&quality=70"
ORIGINAL = "&width=240&height=240"
SUFFIXES = {"image/webp": ".webp", "image/jpeg": ".jpg", "image/png": ".png"}


async def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    for path in IMAGES.iterdir():
        path.unlink()
    settings = load({"images": str(PHOTOS), "cache": "", "access_log": False, "workers": 2})
    async with build_services(settings) as services:
        transport = httpx.ASGITransport(create_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://gallery", timeout=60) as client:
            photos = {example.photo for examples in EXAMPLES.values() for example in examples}
            await asyncio.gather(
                *(
                    _save(client, f"url={photo}{ORIGINAL}{OUTPUT}", f"original-{Path(photo).stem}")
                    for photo in sorted(photos)
                )
            )
            for name, examples in EXAMPLES.items():
                for number, example in enumerate(examples, 1):
                    query = example.query(name)
                    await _save(
                        client,
                        query if "format=" in query or "lossless" in query else query + OUTPUT,
                        f"{name}-{number}",
                    )


async def _save(client: httpx.AsyncClient, query: str, name: str) -> None:
    """Request an image, check that it is one, and save it."""
    response = await client.get(f"/resize?{query}")
    if response.is_error:
        raise SystemExit(f"{query}: {response.status_code} {response.text}")
    with Image.open(BytesIO(response.content)) as image:
        image.load()
    suffix = SUFFIXES[response.headers["Content-Type"]]
    (IMAGES / name).with_suffix(suffix).write_bytes(response.content)


if __name__ == "__main__":
    asyncio.run(main())
