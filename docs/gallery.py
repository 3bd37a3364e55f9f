"""Renders the gallery: every operation of the parameter table on a sample photo, with its URL.

    make gallery        # writes docs/gallery/README.md and its images

The images are real responses: each one is requested from the application.
"""

import asyncio
import shutil
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import httpx
from PIL import Image

from pixmill.api.app import create_app
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.params import PARAMS
from pixmill.settings import load
from pixmill.wiring import build_services

FOLDER = Path(__file__).parent / "gallery"
PHOTOS = Path(__file__).parents[1] / "examples" / "photos"
GROUPS = (Group.SIZE, Group.TRANSFORM, Group.COLOUR, Group.EFFECT, Group.OVERLAY, Group.STAGE)
PHOTO = "url=wine.jpg&width=280"
OUTPUT = "&format=webp&quality=70"

# The rest of the request, for operations that do not show on the photo at 280 pixels.
BASE_QUERIES = {
    "width": "url=wine.jpg",
    "height": "url=wine.jpg",
    "aspect": "url=wine.jpg&width=240&fit=cover",
    "fit": "url=wine.jpg&width=200&height=200",
    "gravity": "url=friends.jpg&width=160&height=220&fit=cover",
    "zoom": "url=wine.jpg&width=200&height=140",
    "dpr": "url=wine.jpg&width=140",
    "enlarge": "url=mill.png&width=900",
    "shrink": "url=mill.png&width=280&height=280&fit=contain&background=ffcc66",
    "clamp": "url=mill.png&width=900&height=200&fit=cover",
    "dpr_rule": "url=mill.png&width=300&padding=10&background=ffcc66&dpr=4",
    "dpr_max_side": "url=wine.jpg&width=140&dpr=4&dpr_rule=dropped",
    "skip_smaller": "url=mill.png&width=900&height=900&fit=cover&enlarge=true",
    "max_enlarged_side": "url=mill.png&width=2500&enlarge=true",
    "min_fitted_side": "url=mill.png&width=2",
    "resample_space": "url=friends.jpg&width=100",
    "quality_scale": "url=wine.jpg&width=280&format=jpeg&quality=30",
    "decode_scaling": "url=fig.jpg&width=248",
    "rounding": "url=wine.jpg&width=101",
    "min_width": "url=wine.jpg&width=100",
    "min_height": "url=wine.jpg&height=100",
    "adaptive": "url=umang.jpg&width=180&height=280",
    "padding": "url=wine.jpg&width=220&background=ffcc66",
    "canvas": "url=wine.jpg&width=220&background=ffcc66",
    "canvas_cut": "url=wine.jpg&width=220&background=ffcc66&canvas=280,100",
    "canvas_gravity": "url=wine.jpg&width=220&background=ffcc66&canvas=320,200",
    "padding_inside": "url=wine.jpg&width=220&background=ffcc66&padding=20",
    "exceeding": "url=wine.jpg&width=280&max_width=280",
    "max_side": "url=wine.jpg&width=2200&background=ffcc66&padding=400",
    "extend": "url=wine.jpg&width=280&height=280&fit=contain",
    "crop": "url=wine.jpg&width=280",
    "trim": "url=mill.png&width=280&background=white",
    "trim_color": "url=mill.png&width=280&trim=10",
    "trim_corner": "url=mill.png&width=280&trim=10",
    "trim_padding": "url=mill.png&width=280&trim=10",
    "trim_equal": "url=mill.png&width=280&trim=10",
    "crop_aspect_rule": "url=wine.jpg&width=280&crop_aspect=300:451",
    "morphology": "url=sunset.jpg&width=280&dilate=2",
    "blur_space": "url=sunset.jpg&width=280&blur=6",
    "background": "url=mill.png&width=280&height=180&fit=contain",
}

# Examples that the reference page cannot have, because they refer to sample files.
EXAMPLES = {
    "width": ("280",),
    "height": ("160",),
    "enlarge": ("true",),
    "fit": ("inside", "cover", "contain", "fill", "outside"),
    "extend": ("color", "blur", "edge", "mirror"),
    "mask": ("circle", "ellipse", "star", "polygon:8", "alpha:mill.png"),
    "crop": ("400,300,900,600", "pct:25,0,50,100"),
    "overlay": (
        "url:mill.png,width:pct:30,gravity:southeast,x:10,y:10",
        "text:Hello,, world!,size:32,color:white,shadow:black",
        "url:mill.png,width:60,rotate:-30,opacity:30,repeat:both,gap:20;text:Draft,gravity:n,size:28",
        "url:friends.jpg,prepare:crop=pct:10,,0,,80,,60,width:150,then:grayscale=true&radius=pct:50",
        "url:umang.jpg,width:pct:100,blend:color",
        "url:mill.png,width:pct:90,blend:mask",
        "url:mill.png,width:120,gravity:northwest,x:-60,y:-40,expand:true",
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
    head = "# Gallery\n\nEvery operation on a sample photo: the request, and the result that the server returns. `make gallery` renders it again.\n"
    (FOLDER / "README.md").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


async def section(client: httpx.AsyncClient, group: Group) -> list[str]:
    """Render one group of parameters: a description and a table of examples for each."""
    lines = [f"## {group}", ""]
    for param in PARAMS:
        examples = EXAMPLES.get(param.name, param.examples)
        if param.group is group and examples:
            rows = [await example_row(client, param, number, text) for number, text in enumerate(examples, 1)]
            lines += [
                f"### `{param.name}`",
                "",
                param.description,
                "",
                "| request | result |",
                "| --- | --- |",
                *rows,
                "",
            ]
    return lines


async def example_row(client: httpx.AsyncClient, param: Param, number: int, text: str) -> str:
    """Request one example, save the image, and return its row."""
    name = f"{param.name}-{number}.webp"
    request = f"{BASE_QUERIES.get(param.name, PHOTO)}&{param.name}={quote(text, safe=',:;')}"
    (FOLDER / name).write_bytes(await rendered(client, request))
    return f"| `/resize?{request}` | ![{param.name}]({name}) |"


async def rendered(client: httpx.AsyncClient, request: str) -> bytes:
    """The result of a request, checked to be an image."""
    response = await client.get(f"/resize?{request}{OUTPUT}")
    if response.is_error:
        raise SystemExit(f"{request}: {response.status_code} {response.text}")
    with Image.open(BytesIO(response.content)) as image:
        image.load()
    return response.content


if __name__ == "__main__":
    asyncio.run(main())
