"""Renders the gallery: every operation of the parameter table on a sample photo, with the URL that asks for it.

    make gallery        # writes docs/gallery/README.md and its pictures

The pictures are what the service itself answers: each goes through the application as a request.
"""

import asyncio
import shutil
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import httpx
from PIL import Image

from pixmill.api.app import create_app
from pixmill.dialects.native.param import Group
from pixmill.dialects.native.params import PARAMS
from pixmill.settings import load
from pixmill.wiring import build_services

FOLDER = Path(__file__).parent / "gallery"
PHOTOS = Path(__file__).parents[1] / "examples" / "photos"
GROUPS = (Group.SIZE, Group.TRANSFORM, Group.COLOUR, Group.EFFECT, Group.OVERLAY, Group.STAGE)
PHOTO = "url=wine.jpg&width=280"
SHOWN_AS = "&format=webp&quality=70"

# What an operation needs around it to be seen, where that is not just the photo at 280 pixels.
AROUND = {
    "width": "url=wine.jpg",
    "height": "url=wine.jpg",
    "aspect": "url=wine.jpg&width=240&fit=cover",
    "fit": "url=wine.jpg&width=200&height=200",
    "gravity": "url=friends.jpg&width=160&height=220&fit=cover",
    "zoom": "url=wine.jpg&width=200&height=140",
    "dpr": "url=wine.jpg&width=140",
    "enlarge": "url=mill.png&width=900",
    "min_width": "url=wine.jpg&width=100",
    "min_height": "url=wine.jpg&height=100",
    "adaptive": "url=umang.jpg&width=180&height=280",
    "padding": "url=wine.jpg&width=220&background=ffcc66",
    "extend": "url=wine.jpg&width=280&height=280&fit=contain",
    "crop": "url=wine.jpg&width=280",
    "trim": "url=mill.png&width=280&background=white",
    "trim_color": "url=mill.png&width=280&trim=10",
    "trim_equal": "url=mill.png&width=280&trim=10",
    "background": "url=mill.png&width=280&height=180&fit=contain",
}

# Examples that the reference page cannot have, since they name files of the reader's own.
EXAMPLES = {
    "width": ("280",),
    "height": ("160",),
    "fit": ("inside", "cover", "contain", "fill", "outside"),
    "extend": ("color", "blur", "edge", "mirror"),
    "mask": ("circle", "ellipse", "star", "polygon:8", "alpha:mill.png"),
    "crop": ("400,300,900,600", "pct:25,0,50,100"),
    "overlay": (
        "url:mill.png,width:pct:30,gravity:southeast,x:10,y:10",
        "text:Hello,, world!,size:32,color:white,shadow:black",
        "url:mill.png,width:60,rotate:-30,opacity:30,repeat:both,gap:20;text:Draft,gravity:n,size:28",
    ),
    "blur_areas": ("8;10,20,90,90", "12;pct:50,0,50,50"),
    "then": (
        "rotate=-12|crop=pct:14,14,72,72|radius=24&border=3,ffffff",
        "fit=contain&width=300&height=300&extend=blur|width=150&pixelate=6",
    ),
    "blur_faces": (),  # no sample photo shows people
    "pixelate_faces": (),
    "pixelate_areas": ("10;pct:40,10,40,50",),
}


async def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    settings = load({"images": str(PHOTOS), "cache": "", "access_log": False, "workers": 1})
    async with build_services(settings) as services:
        transport = httpx.ASGITransport(create_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://gallery", timeout=60) as client:
            lines = [line for group in GROUPS for line in await section(client, group)]
    head = "# Gallery\n\nEvery operation on a sample photo, as the service answers it. Made by `make gallery`.\n"
    (FOLDER / "README.md").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


async def section(client: httpx.AsyncClient, group: Group) -> list[str]:
    """A table of one group of parameters."""
    lines = [f"## {group}", "", "| | request | |", "| --- | --- | --- |"]
    for param in PARAMS:
        if param.group is group:
            for example in EXAMPLES.get(param.name, param.examples):
                name = f"{param.name}-{len(lines)}.webp"
                request = f"{AROUND.get(param.name, PHOTO)}&{param.name}={quote(example, safe=',:;')}"
                (FOLDER / name).write_bytes(await picture(client, request))
                lines.append(f"| ![{param.name}]({name}) | `/resize?{request}` | {param.description} |")
    return [*lines, ""]


async def picture(client: httpx.AsyncClient, request: str) -> bytes:
    reply = await client.get(f"/resize?{request}{SHOWN_AS}")
    if reply.is_error:
        raise SystemExit(f"{request}: {reply.status_code} {reply.text}")
    with Image.open(BytesIO(reply.content)) as image:
        image.load()
    return reply.content


if __name__ == "__main__":
    asyncio.run(main())
