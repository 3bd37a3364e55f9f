"""Client hints as headers: what they mean, what depends on them, and that they are off unless they are wanted."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pixmill.api.app import create_app
from pixmill.api.http.client_hints import read_hints
from pixmill.plan.hints import DPRS
from pixmill.settings import load
from pixmill.wiring import build_services

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
URL = "/resize?url=wine.jpg&width=auto&format=jpeg"
ACCEPT_CH = "Sec-CH-DPR, Sec-CH-Width, Sec-CH-Viewport-Width"


async def served(**settings: object) -> AsyncIterator[httpx.AsyncClient]:
    given = {"workers": 1, "images": str(PHOTOS), "cache": "memory://?max_bytes=8MiB", **settings}
    async with build_services(load(given)) as context:
        transport = httpx.ASGITransport(create_app(context))
        async with httpx.AsyncClient(transport=transport, base_url="http://pixmill") as client:
            yield client


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async for client in served(client_hints=True, client_hint_widths="50,100,200"):
        yield client


@pytest.fixture
async def plain_client() -> AsyncIterator[httpx.AsyncClient]:
    async for client in served():
        yield client


def width(reply: httpx.Response) -> int:
    assert reply.status_code == 200, reply.text
    return Image.open(io.BytesIO(reply.content)).width


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Sec-CH-Width": "80"}, 100),
        ({"Width": "80"}, 100),
        ({"Sec-CH-Width": "40", "Width": "80"}, 50),
        ({"Sec-CH-Viewport-Width": "80"}, 100),
        ({"Viewport-Width": "80", "DPR": "2.0"}, 200),
        ({"Sec-CH-Width": "180", "Sec-CH-DPR": "2", "Save-Data": "on"}, 100),
        ({"Sec-CH-Width": "99999"}, 200),
        ({"Sec-CH-Width": "40"}, 50),
    ],
)
async def test_the_width_is_that_at_which_the_image_is_shown(
    client: httpx.AsyncClient, headers: dict[str, str], expected: int
) -> None:
    assert width(await client.get(URL, headers=headers)) == expected


@pytest.mark.parametrize(
    "value", ["", "x", "-5", "1e3", "nan", "100000", "5 5", "\u0661", "0", "0x20", "1_0", "9" * 5000]
)
async def test_a_hint_that_is_none_says_nothing(client: httpx.AsyncClient, value: str) -> None:
    raw = [(b"sec-ch-width", value.encode("utf-8", "replace")), (b"accept", b"*/*")]
    reply = await client.get(URL, headers=raw)
    assert (await client.get("/resize?url=wine.jpg&format=jpeg")).headers["etag"] == reply.headers["etag"]


async def test_each_client_gets_its_own_on_the_fast_path_too(client: httpx.AsyncClient) -> None:
    for _ in range(3):
        for said, expected in (("50", 50), ("100", 100), ("", 9999)):
            headers = {"Sec-CH-Width": said} if said else {}
            reply = await client.get(URL, headers=headers)
            assert width(reply) == min(expected, width(await client.get("/resize?url=wine.jpg&format=jpeg"))), said
    reply = await client.get(URL, headers={"Sec-CH-Width": "50"})
    assert "detail=memory" in reply.headers["cache-status"]


async def test_the_response_says_what_it_depends_on(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        reply = await client.get(URL, headers={"Sec-CH-Width": "50"})
        names = [name.strip() for name in reply.headers["vary"].split(",")]
        assert names == [
            "Sec-CH-Width",
            "Width",
            "Sec-CH-Viewport-Width",
            "Viewport-Width",
            "Sec-CH-DPR",
            "DPR",
            "Save-Data",
        ]
        assert reply.headers["accept-ch"] == ACCEPT_CH
    both = await client.get("/resize?url=wine.jpg&width=60&dpr=auto", headers={"Sec-CH-DPR": "2"})
    assert both.headers["vary"] == "Accept, Sec-CH-DPR, DPR, Save-Data"
    assert width(both) == 120
    saving = await client.get("/resize?url=wine.jpg&width=60&dpr=auto", headers={"Sec-CH-DPR": "2", "Save-Data": "on"})
    assert width(saving) == 60
    explicit = await client.get("/resize?url=wine.jpg&width=60&format=jpeg", headers={"Sec-CH-Width": "50"})
    assert "vary" not in explicit.headers
    assert "accept-ch" not in explicit.headers


async def test_the_result_is_that_of_the_number(client: httpx.AsyncClient) -> None:
    reply = await client.get(URL, headers={"Sec-CH-Width": "50"})
    same = await client.get("/resize?url=wine.jpg&width=50&format=jpeg")
    assert same.headers["etag"] == reply.headers["etag"]
    assert "hit" in same.headers["cache-status"]


@given(st.dictionaries(st.sampled_from(["width", "sec-ch-dpr", "save-data", "viewport-width"]), st.text(max_size=30)))
def test_any_header_gives_one_of_few_values(headers: dict[str, str]) -> None:
    found = read_hints(headers, (50, 100))
    assert found.width in {None, 50, 100}
    assert found.dpr is None or found.dpr in DPRS


async def test_hints_are_off_by_default(plain_client: httpx.AsyncClient) -> None:
    reply = await plain_client.get(URL, headers={"Sec-CH-Width": "50", "Save-Data": "on"})
    plain = await plain_client.get("/resize?url=wine.jpg&format=jpeg")
    assert reply.headers["etag"] == plain.headers["etag"]
    assert "vary" not in reply.headers
    assert "accept-ch" not in reply.headers


@pytest.mark.parametrize("widths", ["", "0", "5,5", "5,x", "99999", "5,"])
def test_widths_that_cannot_be_are_refused(widths: str) -> None:
    with pytest.raises(Exception, match="CLIENT_HINT_WIDTHS"):
        load({"client_hint_widths": widths})
