"""Small generated images, and helpers to render and compare them. Knows Pillow and numpy, not Pixmill's frames."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from PIL import Image

from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.ports.values import Rendered

Pixels = NDArray[np.uint8]
LIMITS = Limits()


def photo(width: int = 240, height: int = 160) -> Image.Image:
    """Something smooth with colours, edges and fine detail, as photographs have."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    waves = np.stack([np.sin(9 * x + 2 * y), np.cos(7 * y - 3 * x), np.sin(11 * (x + y))], axis=-1)
    pixels = 128 + 90 * waves
    pixels[(x - 0.3) ** 2 + (y - 0.3) ** 2 < 0.02] = (230, 40, 30)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def encode_image(image: Image.Image, kind: str, **options: Any) -> memoryview:
    out = BytesIO()
    image.save(out, kind, **options)
    return memoryview(out.getvalue())


def decode_result(rendered: Rendered) -> Image.Image:
    """Decode; without a palette and with 8 bits, which a PNG has as its pixels allow."""
    image = Image.open(BytesIO(rendered.body))
    image.load()
    return with_channels(image) if image.format == "PNG" else image


def with_channels(image: Image.Image) -> Image.Image:
    """Give an image with a palette or fewer than 8 bits the channels that it needs."""
    if image.mode not in ("1", "P"):
        return image
    info, channels = image.info, image.convert("RGBA")
    red, green, blue, alpha = channels.split()
    mode = "L" if red.tobytes() == green.tobytes() == blue.tobytes() else "RGB"
    if alpha.getextrema() != (255, 255):
        mode += "A"
    found = channels.convert(mode)
    found.info = info
    return found


def pixels_of(image: Image.Image, mode: str = "RGB") -> Pixels:
    return np.asarray(image.convert(mode))


def render_image(source: memoryview, kind: Format = Format.PNG, *, quality: int = 80, **plan: Any) -> Image.Image:
    """Render a source and decode the result; lossless unless another format is given."""
    return render_plan(source, Plan(**plan), kind, quality=quality)


def render_plan(source: memoryview, plan: Plan, kind: Format = Format.PNG, *, quality: int = 80) -> Image.Image:
    """The same for a plan that is at hand."""
    return decode_result(render(source, replace(plan, output=Output(formats=(kind,), quality=quality)), LIMITS))


def render_resized(source: memoryview, *, kind: Format = Format.PNG, **resize: Any) -> Image.Image:
    return render_image(source, kind, resize=Resize(**resize))


def difference(one: Pixels, other: Pixels) -> float:
    """Return the mean absolute difference of 8-bit values."""
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


Maker = Callable[[Image.Image], memoryview]
