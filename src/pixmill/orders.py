"""Orders to a running server, from the command line.

Knows how to reach it and what its refusals look like.
"""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from pixmill.errors import PixmillError
from pixmill.settings import Settings, SettingsError

TIMEOUT_S = 30.0
_MAX_ANSWER = 1024 * 1024


def purge(settings: Settings, server: str | None, order: dict[str, object]) -> dict[str, Any]:
    """What the server says of its purge. Raises SettingsError without a token, PixmillError if it refuses, OSError if it is not there."""
    tokens = settings.admin_tokens()
    if not tokens:
        raise SettingsError("PIXMILL_ADMIN_TOKEN is not set: the server would not listen")
    status, said = _post(server or _here(settings), "/admin/purge", tokens[0], order)
    if status != http.HTTPStatus.OK:
        raise PixmillError(f"the server refuses ({status}): {said.get('detail', '')}")
    return said


def _here(settings: Settings) -> str:
    host, port = settings.operators_address() or (settings.host, settings.port)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _post(server: str, path: str, token: str, order: dict[str, object]) -> tuple[int, dict[str, Any]]:
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
