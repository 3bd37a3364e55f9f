"""Orders to a running server, from the command line.

Knows how to reach it and what its refusals look like.
"""

import http.client
import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from pixmill.errors import PixmillError, QueueFull
from pixmill.settings import Settings, SettingsError

TIMEOUT_S = 30.0
WARM_BATCH_SIZE = 100
"""URLs of one order: as long as they may be, they fit."""

RETRY_PAUSE_S = 1.0
_MAX_RESPONSE_BYTES = 4 * 1024 * 1024


def purge(settings: Settings, server: str | None, payload: dict[str, object]) -> dict[str, Any]:
    """What the server says of its purge. Raises SettingsError without a token, PixmillError if it refuses, OSError if it is not there."""
    return _call(settings, server, "/admin/purge", payload)


def warm(settings: Settings, server: str | None, urls: Iterable[str], on_rejected: Callable[[str, str], None]) -> int:
    """Put pictures in the server's line, waiting where it is full; how many are. ``refuse`` is told those that it does not take, and why."""
    added, pending = 0, deque(urls)
    while pending:
        batch = [pending.popleft() for _ in range(min(len(pending), WARM_BATCH_SIZE))]
        result = _call(settings, server, "/admin/warm", batch)
        added += result["added"]
        retry = [one["url"] for one in result["rejected"] if one["code"] == QueueFull.code]
        for rejection in result["rejected"]:
            if rejection["code"] != QueueFull.code:
                on_rejected(rejection["url"], f"{rejection['code']}: {rejection['detail']}")
        pending.extendleft(reversed(retry))
        if retry:
            time.sleep(RETRY_PAUSE_S)
    return added


def _call(settings: Settings, server: str | None, path: str, payload: object) -> dict[str, Any]:
    tokens = settings.admin_tokens()
    if not tokens:
        raise SettingsError("PIXMILL_ADMIN_TOKEN is not set: the server would not listen")
    status, body = _post(server or _default_server(settings), path, tokens[0], payload)
    if status not in {http.HTTPStatus.OK, http.HTTPStatus.ACCEPTED}:
        raise PixmillError(f"the server refuses ({status}): {body.get('detail', '')}")
    return body


def _default_server(settings: Settings) -> str:
    host, port = settings.admin_address() or (settings.host, settings.port)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _post(server: str, path: str, token: str, payload: object) -> tuple[int, dict[str, Any]]:
    parts = urlsplit(server)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise PixmillError(f"{server} is no URL of a server")
    connection_type = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connection_type(parts.hostname, parts.port, timeout=TIMEOUT_S)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    try:
        connection.request("POST", parts.path.rstrip("/") + path, json.dumps(payload), headers)
        response = connection.getresponse()
        body = json.loads(response.read(_MAX_RESPONSE_BYTES))
    except (http.client.HTTPException, ValueError) as error:
        raise PixmillError("what answers there is no Pixmill", detail=repr(error)) from error
    finally:
        connection.close()
    return response.status, body if isinstance(body, dict) else {}
