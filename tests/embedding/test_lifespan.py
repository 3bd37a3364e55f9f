"""The services start and end with the program that has them in it, whatever it does with the lifespan protocol."""

import asyncio
import logging
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.exceptions import StarletteDeprecationWarning
from starlette.routing import Mount
from starlette.types import Message

from pixmill.asgi import EmbeddedApp
from tests.embedding.hosts import IMAGE, client_of, make_app, mounted, no_workers_left, worker_pids

with warnings.catch_warnings():
    warnings.simplefilter("ignore", StarletteDeprecationWarning)  # it prefers another HTTP client
    from starlette.testclient import TestClient


@pytest.fixture
def before() -> set[int]:
    """Workers of other tests."""
    return worker_pids()


async def status_of(app: EmbeddedApp, target: str = IMAGE) -> int:
    async with client_of(app) as client:
        return (await client.get(target)).status_code


async def test_nothing_starts_before_the_lifespan_and_nothing_is_left_behind_it(before: set[int]) -> None:
    app = make_app()
    assert worker_pids() == before
    async with app.lifespan():
        assert len(worker_pids() - before) == 1
        assert await status_of(app) == 200
    assert worker_pids() <= before


async def test_a_lifespan_can_follow_another(before: set[int]) -> None:
    app = make_app()
    for _ in range(2):
        async with app.lifespan():
            assert await status_of(app) == 200
        assert worker_pids() <= before


async def test_of_two_lifespans_the_last_one_ends_the_workers(before: set[int]) -> None:
    app = make_app()
    first, second = app.lifespan(), app.lifespan()
    await asyncio.gather(first.__aenter__(), second.__aenter__())
    assert len(worker_pids() - before) == 1
    await first.__aexit__(None, None, None)
    assert await status_of(app) == 200
    await second.__aexit__(None, None, None)
    assert worker_pids() <= before


async def test_a_request_behind_the_end_starts_nothing(before: set[int]) -> None:
    app = make_app()
    async with app.lifespan():
        pass
    async with client_of(app) as client:
        reply = await client.get(IMAGE)
    assert (reply.status_code, reply.json()["code"]) == (503, "draining")
    assert worker_pids() <= before


def test_a_host_without_lifespan_starts_it_by_a_request_and_ends_it_with_the_loop(
    before: set[int], caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app()

    async def requests() -> list[int]:
        statuses = await asyncio.gather(*(status_of(app) for _ in range(4)))
        assert len(worker_pids() - before) == 1
        return statuses

    for _ in range(2):
        assert asyncio.run(requests()) == [200] * 4
        assert worker_pids() <= before
    warnings = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert len(warnings) == 2
    assert "app.lifespan()" in warnings[0]


async def test_a_lifespan_takes_over_what_a_request_has_started(before: set[int]) -> None:
    app = make_app()
    assert await status_of(app) == 200
    async with app.lifespan():
        assert len(worker_pids() - before) == 1
    assert worker_pids() <= before


def test_the_test_client_of_starlette_works_with_and_without_its_lifespan(before: set[int]) -> None:
    app = mounted(make_app())
    for _ in range(2):
        with TestClient(app, base_url="http://127.0.0.1") as client:
            assert client.get(f"/images{IMAGE}").status_code == 200
            assert len(worker_pids() - before) == 1
        assert worker_pids() <= before
    assert TestClient(app, base_url="http://127.0.0.1").get(f"/images{IMAGE}").status_code == 200
    assert worker_pids() <= before


async def test_a_start_that_is_cancelled_leaves_nothing(before: set[int]) -> None:
    app = make_app()
    starting = asyncio.ensure_future(app.lifespan().__aenter__())
    while not worker_pids() - before and not starting.done():
        await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert await no_workers_left(before)
    async with app.lifespan():
        assert await status_of(app) == 200


async def test_the_first_request_may_go_away_without_ending_the_start(before: set[int]) -> None:
    app = make_app()
    first = asyncio.ensure_future(status_of(app))
    while not worker_pids() - before:
        await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await status_of(app) == 200
    async with app.lifespan():
        pass
    assert worker_pids() <= before


async def test_a_start_that_fails_says_why_and_can_be_tried_again(before: set[int], tmp_path: Any) -> None:
    cache = tmp_path / "cache"
    cache.write_text("a file where a folder should be")
    app = make_app(cache=f"file://{cache}")
    for _ in range(2):
        with pytest.raises(Exception, match="cache"):
            async with app.lifespan():
                pass
    with pytest.raises(Exception, match="cache"):
        await status_of(app)
    cache.unlink()
    async with app.lifespan():
        assert await status_of(app) == 200
    assert worker_pids() <= before


async def test_requests_in_flight_finish_before_the_end(before: set[int]) -> None:
    app = make_app()
    async with app.lifespan():
        upload = _Upload(app)
        await upload.started.wait()
        ending = asyncio.ensure_future(_wait_until_it_drains(app, upload))
    assert await ending == 200
    assert worker_pids() <= before


async def _wait_until_it_drains(app: EmbeddedApp, upload: "_Upload") -> int:
    while await status_of(app, "/health/ready") == 200:
        await asyncio.sleep(0)
    assert await status_of(app) == 503
    upload.finish.set()
    return await upload.status


async def test_requests_that_do_not_finish_are_cut_off(before: set[int]) -> None:
    app = make_app(drain_timeout_s=0.1)
    async with app.lifespan():
        upload = _Upload(app)
        await upload.started.wait()
    assert await upload.status == 503
    assert worker_pids() <= before


class _Upload:
    """A request whose body ends when ``finish`` is set."""

    def __init__(self, app: EmbeddedApp) -> None:
        self.started, self.finish = asyncio.Event(), asyncio.Event()
        self._client = client_of(app)
        self.status = asyncio.ensure_future(self._post())

    async def _post(self) -> int:
        async with self._client as client:
            return (await client.post("/resize?width=8", content=self._body())).status_code

    async def _body(self) -> AsyncIterator[bytes]:
        yield b'<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16">'
        self.started.set()
        await self.finish.wait()
        yield b"</svg>"


async def test_two_applications_of_one_process_have_their_own_settings(before: set[int]) -> None:
    key = "k" * 32
    one, two = make_app(), make_app(keys=key, fallback_image="canvas:8x8,f00")
    host = Starlette(routes=[Mount("/one", one), Mount("/two", two)])
    async with one.lifespan(), two.lifespan(), client_of(host) as client:
        assert (await client.get(f"/one{IMAGE}")).status_code == 200
        assert (await client.get(f"/two{IMAGE}")).json()["code"] == "signature_missing"
    assert worker_pids() <= before


@pytest.mark.parametrize("fails", [False, True])
async def test_it_answers_the_lifespan_protocol_itself(before: set[int], fails: bool, tmp_path: Any) -> None:
    cache = tmp_path / "cache"
    if fails:
        cache.write_text("a file where a folder should be")
    app = make_app(cache=f"file://{cache}")
    events: asyncio.Queue[Message] = asyncio.Queue()
    sent: asyncio.Queue[Message] = asyncio.Queue()
    running = asyncio.ensure_future(app({"type": "lifespan"}, events.get, sent.put))
    events.put_nowait({"type": "lifespan.startup"})
    answer = await sent.get()
    if fails:
        assert answer["type"] == "lifespan.startup.failed"
        assert "cache" in answer["message"]
        with pytest.raises(Exception, match="cache"):
            await running
        return
    assert answer["type"] == "lifespan.startup.complete"
    assert await status_of(app) == 200
    events.put_nowait({"type": "lifespan.shutdown"})
    assert (await sent.get())["type"] == "lifespan.shutdown.complete"
    await running
    assert worker_pids() <= before


async def test_another_running_loop_is_told_to_have_an_application_of_its_own() -> None:
    app = make_app()
    async with app.lifespan():
        with pytest.raises(RuntimeError, match="another event loop"):
            await asyncio.to_thread(asyncio.run, status_of(app))
        assert await status_of(app) == 200


def _connect() -> None:
    raise LookupError("the database is away")


async def test_an_error_of_the_host_ends_the_workers_and_is_raised(before: set[int]) -> None:
    app = make_app()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with app.lifespan():
            _connect()
            yield

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    host = Starlette(routes=[Mount("/images", app)], lifespan=lifespan)
    with pytest.raises(LookupError):
        await host({"type": "lifespan", "app": host, "state": {}}, receive, send)
    assert sent[0]["type"] == "lifespan.startup.failed"
    assert worker_pids() <= before
