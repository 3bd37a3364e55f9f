"""Images embedded in a drawing that is kept: no metadata is left, and they look the same."""

import base64
import io
import re
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Output, Plan

NS = 'xmlns="http://www.w3.org/2000/svg"'
PLACE = b"Secret Street"


def picture(form: str, orientation: int = 1, **options: Any) -> bytes:
    image = Image.effect_noise((16, 8), 60).convert("RGB")
    image.paste("red", (0, 0, 8, 8))
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = orientation, PLACE.decode()
    exif.get_ifd(0x8825)[1] = "N"
    if form == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", f"<x:xmpmeta>{PLACE.decode()}</x:xmpmeta>")
        info.add_text("Comment", PLACE.decode(), zip=False)
        options["pnginfo"] = info
    elif form in ("JPEG", "GIF"):
        options["comment"] = PLACE
    elif form in ("WEBP", "AVIF"):
        options["xmp"] = b"<x:xmpmeta>" + PLACE + b"</x:xmpmeta>"
    if form == "WEBP":
        options["lossless"] = True
    if form != "GIF":
        options["exif"] = exif
    out = io.BytesIO()
    image.save(out, form, **options)
    tail = PLACE if form in ("JPEG", "PNG") else b""
    return out.getvalue() + tail


def drawing(body: bytes, inside: str = "") -> memoryview:
    url = f"data:image/png;base64,{base64.b64encode(body).decode()}"
    image = f"<image width='16' height='8' preserveAspectRatio='none' href='{url}'/>"
    return memoryview(f"<svg {NS} width='16' height='8'>{image}{inside}</svg>".encode())


def embedded(kept: bytes) -> list[bytes]:
    return [base64.b64decode(found) for found in re.findall(rb"base64,([A-Za-z0-9+/=]*)", kept)]


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
def test_a_kept_drawing_tells_nothing_of_its_images(form: str, nested: bool) -> None:
    body = picture(form)
    assert PLACE in body
    source = drawing(body)
    if nested:
        url = base64.b64encode(source).decode()
        source = memoryview(f"<svg {NS}><image href='data:image/svg+xml;base64,{url}'/></svg>".encode())
    kept = bytes(render(source, Plan(output=Output(formats=(Format.SVG,))), Limits()).body)
    found = embedded(kept)
    if nested:
        found = embedded(found[0])
    assert found
    assert all(PLACE not in one for one in found)
    with Image.open(io.BytesIO(found[0])) as image:
        assert not image.getexif().get_ifd(0x8825)
        assert image.size == (16, 8)


def test_an_image_in_a_style_sheet_tells_nothing_either() -> None:
    url = f"data:image/jpeg;base64,{base64.b64encode(picture('JPEG')).decode()}"
    source = drawing(picture("PNG"), f"<style>svg{{background:url({url})}}</style>")
    kept = bytes(render(source, Plan(output=Output(formats=(Format.SVG,))), Limits()).body)
    assert len(embedded(kept)) == 2
    assert all(PLACE not in one for one in embedded(kept))


@pytest.mark.parametrize("form", ["JPEG", "AVIF"])
def test_a_drawing_in_a_style_sheet_tells_nothing_of_its_images(form: str) -> None:
    url = f"data:image/svg+xml;base64,{base64.b64encode(drawing(picture(form))).decode()}"
    source = drawing(picture("PNG"), f"<style>svg{{background:url({url})}}</style>")
    kept = bytes(render(source, Plan(output=Output(formats=(Format.SVG,))), Limits()).body)
    for found in embedded(kept):
        assert PLACE not in found
        assert all(PLACE not in inner for inner in embedded(found))
