"""Whatever may be asked for together: a picture of the promised size or a refusal that is the client's fault, within
a worker's memory."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from pixmill.dialects.native.dialect import parse
from pixmill.dialects.native.params import PARAMS, STAGE_PARAMS
from pixmill.errors import PixmillError
from pixmill.plan.facts import Facts
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.result_size import result_size
from tests.e2e.scenes import PHOTOS
from tests.servers.pixmill import Pixmill

EXAMPLES: Final = 50
BOUND_BYTES: Final = 512 * 2**20
SIZE: Final = Size(900, 601)
SOURCES: Final = ("photo.jpg", "photo.png", "photo.tiff", "film.gif", "film.webp")
FORMATS: Final = ("jpeg", "png", "webp", "avif", "gif", "tiff", "bmp", "auto")
_ELSEWHERE: Final = {
    "url",
    "format",
    "then",
    "expires",
    "sig",
    "filename",
    "tags",
    "include",
    "palette_colors",
    "page",
    "time",
}
SAID: Final = [param for param in PARAMS if param.name not in _ELSEWHERE]


def some_of(params: list[Any], most: int) -> st.SearchStrategy[dict[str, str]]:
    """A few parameters, each as one of its examples says it."""
    examples = {param.name: param.examples for param in params}  # names alone are drawn: they have a short repr
    chosen = st.lists(st.sampled_from(list(examples)), max_size=most, unique=True)
    return chosen.flatmap(lambda few: st.fixed_dictionaries({name: st.sampled_from(examples[name]) for name in few}))


stages = st.lists(some_of(list(STAGE_PARAMS), 3).filter(bool).map(urlencode), max_size=3).map("|".join)
requests = st.tuples(st.sampled_from(SOURCES), st.sampled_from(FORMATS), some_of(SAID, 8), stages)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pixmill]:
    images = tmp_path_factory.mktemp("images")
    with Image.open(PHOTOS / "sunset.jpg") as whole:
        photo = whole.convert("RGB").resize((SIZE.width, SIZE.height))
    for name in SOURCES[:3]:
        photo.convert("RGBA" if name.endswith("png") else "RGB").save(images / name)
    frames = [photo.rotate(3 * number) for number in range(3)]
    for name in SOURCES[3:]:
        frames[0].save(images / name, save_all=True, append_images=frames[1:], duration=80)
    for name in ("logo.png", "tile.png", "frame.png"):
        photo.resize((64, 48)).convert("RGBA").save(images / name)
    with Pixmill(images=str(images), cache="", worker_memory_bytes=BOUND_BYTES, deadline_s=60) as server:
        yield server
    assert answered.count(200) >= len(answered) / 2, answered


def peak_bytes(server: Pixmill) -> int:
    """The most memory that one of the workers has had."""
    found = [0]
    for pid in server.workers():
        status = Path(f"/proc/{pid}/status")
        peak = re.search(r"VmHWM:\s*(\d+)", status.read_text()) if status.exists() else None
        found.append(1024 * int(peak[1]) if peak else 0)
    return max(found)


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(requests)
def test_any_combination_gives_the_promised_size_or_a_refusal(
    server: Pixmill, asked: tuple[str, str, dict[str, str], str]
) -> None:
    source, form, said, then = asked
    query: dict[str, Any] = {"url": source, "format": form, **said} | ({"then": then} if then else {})
    reply = server.get("/resize", **query)
    assert reply.status == 200 or 400 <= reply.status < 500, (query, reply.status, reply.body[:300])
    promised = promise(facts(server, source), urlencode(query))
    if reply.status == 200 and promised:
        with Image.open(io.BytesIO(reply.body)) as image:
            assert image.size == (promised.width, promised.height), query
    assert peak_bytes(server) < BOUND_BYTES, query
    answered.append(reply.status)


answered: list[int] = []
"""The status of each answer; whether enough of them were pictures is seen when the server stops."""


def facts(server: Pixmill, source: str) -> Facts:
    """What the server says of an original."""
    return msgspec.json.decode(server.get("/info", url=source).body, type=Facts)


def promise(original: Facts, query: str) -> Size | None:
    """The size that is known beforehand; None where that needs pixels, or there will be no picture."""
    try:
        return result_size(original, parse(b"/resize", query.encode()).plan, Limits())
    except PixmillError:
        return None
