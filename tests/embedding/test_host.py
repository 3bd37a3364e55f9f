"""What the application does to the program around it: nothing; and what the program may do to requests and responses."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Message, Scope

from pixmill.asgi import SettingsError, create_app
from pixmill.settings import load
from tests.embedding.hosts import IMAGE, PHOTOS, client_of, make_app, mounted

PROGRAM = """
import asyncio, gc, json, logging, resource, signal, sys
from tests.embedding.hosts import IMAGE, client_of, make_app

def state():
    return {
        "policy": type(asyncio.get_event_loop_policy()).__module__,
        "signals": [str(signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)],
        "gc": [gc.get_threshold(), gc.get_freeze_count()],
        "files": resource.getrlimit(resource.RLIMIT_NOFILE),
        "handlers": [repr(one) for one in logging.getLogger().handlers],
        "level": logging.getLogger().level,
        "muted": [
            name
            for name, one in logging.Logger.manager.loggerDict.items()
            if isinstance(one, logging.Logger) and (one.handlers or not one.propagate or one.disabled)
        ],
        "warnings": logging.getLogger("py.warnings").handlers,
        "hook": sys.excepthook is sys.__excepthook__,
    }

async def main():
    app = make_app()
    async with app.lifespan(), client_of(app) as client:
        assert (await client.get(IMAGE)).status_code == 200
        assert (await client.get("/resize?url=none.jpg")).status_code == 404
        body = {"image": ("a.jpg", b"damaged", "image/jpeg")}
        assert (await client.post("/resize", files=body)).status_code == 415
        malformed = {"content-type": "multipart/form-data; boundary=x"}
        assert (await client.post("/resize", content=b"--x-nothing", headers=malformed)).status_code == 400
    import structlog
    print(json.dumps([before, state(), structlog.is_configured()]))

before = state()
asyncio.run(main())
"""


def test_it_changes_nothing_of_the_process_and_prints_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=300, cwd=PHOTOS.parents[1]
    )
    before, after, is_configured = json.loads(done.stdout)
    assert after == before
    assert not is_configured
    assert done.stderr == ""


async def test_events_and_requests_go_to_the_logging_of_the_program(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="pixmill.access")
    app = make_app(admin_token="t" * 16)
    async with app.lifespan(), client_of(mounted(app)) as client:
        with structlog.contextvars.bound_contextvars(request_id="of the program"):
            for _ in range(2):
                await client.get(f"/images{IMAGE}")
            assert structlog.contextvars.get_contextvars() == {"request_id": "of the program"}
        async with client_of(app.admin) as admin:
            assert (await admin.post("/admin/purge", json={"all": True})).status_code == 403
    lines = [one for one in caplog.records if one.name == "pixmill.access"]
    assert sorted(one.__dict__["pixmill"]["status"] for one in lines) == [200, 200, 403], (
        "repeats are written in batches"
    )
    assert json.loads(lines[0].getMessage())["path"] == "/resize"
    assert any(one.name == "pixmill.admin" and "admin_denied" in one.getMessage() for one in caplog.records)


async def test_metrics_and_administration_are_an_application_of_their_own() -> None:
    token = "an-admin-token-of-the-test"
    app = make_app(admin_token=token)
    host = Starlette(routes=[Mount("/images", app), Mount("/internal", app.admin)])
    bearer = {"authorization": f"Bearer {token}"}
    async with app.lifespan(), client_of(host) as client:
        await client.get(f"/images{IMAGE}")
        for path in ("/metrics", "/health", "/admin/purges", "/admin/warm"):
            assert (await client.get(f"/images{path}", headers=bearer)).status_code == 404
            assert (await client.get(f"/internal{path}", headers=bearer)).status_code == 200
        metrics = (await client.get("/internal/metrics")).text
        assert 'pixmill_requests_total{format="png",route="/resize",status="200"} 1.0' in metrics
        reply = await client.get("/internal/metrics")
        assert reply.headers["access-control-allow-origin"] == "*"
        reply = await client.get("/internal/admin/purges")
        assert reply.status_code == 403
        assert "access-control-allow-origin" not in reply.headers
        assert (await client.get("/images/health/ready")).json() == {"status": "ok"}


async def test_middleware_of_the_program_sees_requests_and_may_change_responses() -> None:
    async def mark(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        response.headers["x-of-the-program"] = request.url.path
        return response

    app = make_app(max_source_bytes="4MiB")
    host = Starlette(
        routes=[Mount("/images", app)],
        middleware=[Middleware(GZipMiddleware, minimum_size=100), Middleware(BaseHTTPMiddleware, dispatch=mark)],
    )
    async with app.lifespan(), client_of(host) as client:
        for method in ("GET", "HEAD", "GET"):
            reply = await client.request(method, f"/images{IMAGE}")
            assert (reply.status_code, reply.headers["x-of-the-program"]) == (200, "/images/resize")
            assert bool(reply.content) == (method == "GET")
        large = await client.get("/images/resize?url=wine.jpg&format=png")
        assert large.status_code == 200
        assert len(large.content) > 1_000_000
        photo = (PHOTOS / "fig.jpg").read_bytes()
        assert (await client.post("/images/resize?width=8&format=png", content=photo)).status_code == 200
        reply = await client.post("/images/resize", content=bytes(5 * 1024 * 1024))
        assert (reply.status_code, reply.json()["code"]) == (413, "upload_too_large")
        reply = await client.options(f"/images{IMAGE}")
        assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (204, "*")
        reply = await client.delete(f"/images{IMAGE}")
        assert (reply.status_code, reply.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
        assert "text/html" not in (await client.get("/images/nothing")).headers["content-type"]


async def test_a_websocket_is_refused_and_other_protocols_are_an_error() -> None:
    app = make_app()
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "websocket", "path": "/images/resize", "root_path": "/images", "headers": []}
    await app(scope, receive, send)
    assert [one["type"] for one in sent] == ["websocket.close"]
    with pytest.raises(ValueError, match="answers HTTP"):
        await app({"type": "carrier pigeon"}, receive, send)


async def test_a_client_that_goes_away_is_noticed_below_a_mount() -> None:
    app = make_app()
    receives = asyncio.Queue[Message]()
    receives.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    receives.put_nowait({"type": "http.disconnect"})
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": "/images/resize",
        "raw_path": b"/images/resize",
        "query_string": b"url=wine.jpg&width=3000&format=avif",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 5),
        "scheme": "http",
        "http_version": "1.1",
    }
    async with app.lifespan():
        await mounted(app)(scope, receives.get, send)
        assert sent == []


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"images": "photos"}, "any client could request any image: give keys"),
        ({"images": "photos", "host": "0.0.0.0"}, "PIXMILL_HOST=0.0.0.0 can be reached by other machines"),
        ({"allowed_source": "path:"}, "allowed_source is no setting; did you mean allowed_sources"),
        ({"PIXMILL_ALLOWED_SOURCE": "path:"}, "PIXMILL_ALLOWED_SOURCE is no setting"),
        ({"keys": "short"}, "PIXMILL_KEYS"),
        ({"allowed_sources": "path:", "workers": -1}, "PIXMILL_WORKERS"),
        ({"allowed_sources": "path:", "admin_listen": "127.0.0.1:9090"}, "mount `app.admin`"),
        ({"allowed_sources": "path:", "path_prefix": "images"}, "PIXMILL_PATH_PREFIX"),
        ({"allowed_sources": "path:", "dialects": [{"dialect": "none"}]}, "PIXMILL_DIALECTS"),
    ],
)
def test_what_is_wrong_with_settings_is_raised_where_they_are_given(given: dict[str, Any], message: str) -> None:
    for positional, keywords in ((given, {}), (None, given)):
        with pytest.raises(SettingsError) as raised:
            create_app(positional, **keywords)
        assert message in str(raised.value)


def test_settings_are_taken_as_a_mapping_as_keywords_and_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXMILL_QUEUE_MAX_WAIT_S", "3")
    monkeypatch.setenv("PIXMILL_IMAGES", "of the environment")
    settings = create_app(
        {"PIXMILL_IMAGES": PHOTOS, "workers": 1, "keys": ["k" * 16, "l" * 16]},
        workers=2,
        dialects=[{"dialect": "imgix", "mount": "/imgix", "source": "/"}],
        presets={"card": "width=300"},
    ).settings
    assert (settings.images, settings.workers, settings.queue_max_wait_s) == (str(PHOTOS), 2, 3)
    assert settings.keys.get_secret_value() == "k" * 16 + "," + "l" * 16
    assert settings.parsed_mounts()[0].mount == "/imgix"
    assert settings.parsed_presets().query_by_name == {"card": "width=300"}


def test_settings_that_are_made_already_are_kept_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    made = load({"images": "photos", "allowed_sources": "path:"})
    monkeypatch.setenv("PIXMILL_IMAGES", "of the environment")
    settings = create_app(made).settings
    assert settings.images == "photos"
    assert not settings.has_playground(), "the address is not known"
    with pytest.raises(SettingsError, match="any client could request any image"):
        create_app(load({"images": "photos"}))
    assert create_app(load({"images": "photos", "host": "127.0.0.1"})).settings.has_playground()
