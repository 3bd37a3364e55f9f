"""Client of the admin API of a running server, for the command line.

Knows its URL and the format of its errors.
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
"""URLs per request: fits the body limit at the maximum URL length."""

RETRY_DELAY_S = 1.0
_MAX_RESPONSE_BYTES = 4 * 1024 * 1024


def purge(settings: Settings, server: str | None, payload: dict[str, object]) -> dict[str, Any]:
    """Send a purge and return the response.

    Raises SettingsError without a token, PixmillError if it is rejected, OSError if the server cannot be reached.
    """
    return _call(settings, server, "/admin/purge", payload)


def warm(settings: Settings, server: str | None, urls: Iterable[str], on_rejected: Callable[[str, str], None]) -> int:
    """Queue URLs for cache warming, waiting while the queue is full, and return their number.

    Calls ``on_rejected`` with each rejected URL and the reason.
    """
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
            time.sleep(RETRY_DELAY_S)
    return added


def _call(settings: Settings, server: str | None, path: str, payload: object) -> dict[str, Any]:
    tokens = settings.admin_tokens()
    if not tokens:
        raise SettingsError("PIXMILL_ADMIN_TOKEN is not set: the server would reject the request")
    status, body = _post(server or _default_server(settings), path, tokens[0], payload)
    if status not in {http.HTTPStatus.OK, http.HTTPStatus.ACCEPTED}:
        raise PixmillError(f"the server rejected the request ({status}): {body.get('detail', '')}")
    return body


def _default_server(settings: Settings) -> str:
    host, port = settings.admin_address() or (settings.host, settings.port)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _post(server: str, path: str, token: str, payload: object) -> tuple[int, dict[str, Any]]:
    parts = urlsplit(server)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise PixmillError(f"{server} is not the URL of a server")
    connection_type = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connection_type(parts.hostname, parts.port, timeout=TIMEOUT_S)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    try:
        connection.request("POST", parts.path.rstrip("/") + path, json.dumps(payload), headers)
        response = connection.getresponse()
        body = json.loads(response.read(_MAX_RESPONSE_BYTES))
    except (http.client.HTTPException, ValueError) as error:
        raise PixmillError("the response is not from a Pixmill server", detail=repr(error)) from error
    finally:
        connection.close()
    return response.status, body if isinstance(body, dict) else {}
