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
WARM_AT_ONCE = 100
"""URLs of one order: as long as they may be, they fit."""

PAUSE_S = 1.0
_MAX_ANSWER = 4 * 1024 * 1024


def purge(settings: Settings, server: str | None, order: dict[str, object]) -> dict[str, Any]:
    """What the server says of its purge. Raises SettingsError without a token, PixmillError if it refuses, OSError if it is not there."""
    return _said(settings, server, "/admin/purge", order)


def warm(settings: Settings, server: str | None, urls: Iterable[str], refuse: Callable[[str, str], None]) -> int:
    """Put pictures in the server's line, waiting where it is full; how many are. ``refuse`` is told those that it does not take, and why."""
    added, line = 0, deque(urls)
    while line:
        order = [line.popleft() for _ in range(min(len(line), WARM_AT_ONCE))]
        said = _said(settings, server, "/admin/warm", order)
        added += said["added"]
        late = [one["url"] for one in said["refused"] if one["code"] == QueueFull.code]
        for one in said["refused"]:
            if one["code"] != QueueFull.code:
                refuse(one["url"], f"{one['code']}: {one['detail']}")
        line.extendleft(reversed(late))
        if late:
            time.sleep(PAUSE_S)
    return added


def _said(settings: Settings, server: str | None, path: str, order: object) -> dict[str, Any]:
    tokens = settings.admin_tokens()
    if not tokens:
        raise SettingsError("PIXMILL_ADMIN_TOKEN is not set: the server would not listen")
    status, said = _post(server or _here(settings), path, tokens[0], order)
    if status not in {http.HTTPStatus.OK, http.HTTPStatus.ACCEPTED}:
        raise PixmillError(f"the server refuses ({status}): {said.get('detail', '')}")
    return said


def _here(settings: Settings) -> str:
    host, port = settings.operators_address() or (settings.host, settings.port)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _post(server: str, path: str, token: str, order: object) -> tuple[int, dict[str, Any]]:
    parts = urlsplit(server)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise PixmillError(f"{server} is no URL of a server")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_S)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    try:
        connection.request("POST", parts.path.rstrip("/") + path, json.dumps(order), headers)
        answer = connection.getresponse()
        said = json.loads(answer.read(_MAX_ANSWER))
    except (http.client.HTTPException, ValueError) as error:
        raise PixmillError("what answers there is no Pixmill", detail=repr(error)) from error
    finally:
        connection.close()
    return answer.status, said if isinstance(said, dict) else {}
