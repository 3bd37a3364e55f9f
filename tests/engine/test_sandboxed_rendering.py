"""That a worker which is locked in makes the very pictures that a free process makes: every format, fonts, and each
optional library."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.engine.pool.pool import EnginePool
from pixmill.engine.sandbox.policy import missing_layers
from pixmill.media import OUTPUT_FORMATS, Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.runtime.spool import Spool
from tests.engine.support import pools, restarts
from tests.pixels.images import encode_image
from tests.pixels.originals import make_video
from tests.pixels.test_matrix import ORIGINALS, encode_svg, picture

TEXT = """<svg xmlns="http://www.w3.org/2000/svg" width="120" height="60"><text x="2" y="30" font-size="20"
 font-family="DejaVu Serif, serif">Hé lo 漢 ﷽ 🎈</text></svg>"""


def moving() -> memoryview:
    turned = [picture().rotate(angle) for angle in (0, 90, 180)]
    return encode_image(turned[0], "GIF", save_all=True, append_images=turned[1:], duration=50)


SAMPLES: dict[str, Callable[[], memoryview]] = {
    **{
        name: lambda name=name: ORIGINALS[name].make(picture())  # type: ignore[misc]
        for name in ORIGINALS
        if " lies as " not in name
    },
    "svg": lambda: encode_svg(picture()),
    "svg with text": lambda: memoryview(TEXT.encode()),
    "video": make_video,
    "gif in motion": moving,
}
WAYS = [
    b"width=40",
    b"width=60&height=60&fit=cover&gravity=face",
    b"width=60&height=60&fit=cover&gravity=smart",
    b"width=30&height=60&fit=cover&gravity=auto",
    b"quality=auto&width=90",
    b"overlay=text:Draft,size:20,font:DejaVu+Serif",
    "overlay=text:Größe 漢字 🎈,size:30,font:Nobody has this".encode(),
    b"blur=2&sharpen=1&vignette=40&rotate=7&metadata=all",
]


def plan(query: bytes) -> Plan:
    return parse(b"/resize", b"url=a&" + query).plan


@asynccontextmanager
async def locked_in() -> AsyncIterator[EnginePool]:
    """One worker, as strictly as the kernel can."""
    async with pools(handlers="", workers=1, sandbox="auto" if missing_layers() else "strict") as pool:
        yield pool
        assert restarts(pool) == 0, "none of it ended the worker"


def spooled(body: memoryview | bytes) -> Spool:
    spool = Spool(10_000_000)
    spool.write(body)
    return spool


@pytest.mark.slow
async def test_every_original_becomes_the_same_picture() -> None:
    async with locked_in() as pool:
        for name, make in SAMPLES.items():
            source = make()
            with spooled(source) as spool:
                for kind in OUTPUT_FORMATS if name in {"png clear", "video"} else (Format.PNG, Format.JPEG):
                    if kind is Format.SVG:
                        continue
                    wanted = plan(b"width=50&format=" + kind.value.encode())
                    confined = await pool.render(spool, wanted)
                    assert confined.body == render(source, wanted, Limits()).body, (name, kind)
                assert await pool.inspect(spool) == inspect(source, Limits()), name


@pytest.mark.parametrize("name", ["jpeg", "gif in motion"])
async def test_every_way_of_working_leads_to_the_same_picture(name: str) -> None:
    source = SAMPLES[name]()
    async with locked_in() as pool:
        with spooled(source) as spool:
            for query in WAYS:
                wanted = plan(query + b"&format=webp")
                confined = await pool.render(spool, wanted)
                assert confined.body == render(source, wanted, Limits()).body, query
