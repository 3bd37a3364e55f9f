"""System checks: a wrong setting is seen when the project starts, not on the first page."""

from __future__ import annotations

from django.conf import settings
from django.core.checks import Error, Warning  # noqa: A004 - Django's own names

from ..errors import UrlError
from .conf import NAME, client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def check_settings(**_: Any) -> list[Any]:
    """Return what is wrong with ``PIXMILL``: ``pixmill.E001`` to ``E003``, ``pixmill.W001``."""
    declared = getattr(settings, NAME, None)
    if declared is None:
        return [
            Error(
                "The setting PIXMILL is missing", 'PIXMILL = {"BASE": "https://images.example.com"}', id="pixmill.E001"
            )
        ]
    client.cache_clear()
    try:
        client()
    except UrlError as error:
        return [Error(f"PIXMILL: {error.message}", _hint(error.param), id="pixmill.E002")]
    except TypeError as error:
        return [Error(f"PIXMILL: {error}", id="pixmill.E003")]
    if not declared.get("KEY") and not settings.DEBUG:
        message = "PIXMILL has no KEY: URLs are not signed, and anybody can request images of other sizes"
        return [Warning(message, 'Set "KEY" to a text of PIXMILL_KEYS of the server', id="pixmill.W001")]
    return []


def _hint(param: str) -> str:
    return {
        "base": '"BASE": "https://images.example.com"',
        "key": '"KEY": os.environ["PIXMILL_KEYS"]',
        "expires_in": '"EXPIRES_IN": 86400',
        "url": '"SOURCE_BASE": "s3://photos"',
    }.get(param, "")
