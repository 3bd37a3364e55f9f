"""The setting ``PIXMILL`` of a Django project, and the client that it describes."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.core.signals import setting_changed

from ..client import Client
from ..errors import InvalidSetting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "PIXMILL"
OPTIONS = {
    "BASE": "base",
    "KEY": "key",
    "EXPIRES_IN": "expires_in",
    "EXPIRES_EVERY": "expires_every",
    "SOURCE_BASE": "source_base",
    "MOUNT": "mount",
    "DEFAULTS": "defaults",
}
"""The names in ``PIXMILL``, and the arguments of ``Client`` that they are."""


@lru_cache(maxsize=1)
def client() -> Client:
    """Return the client of the project. Raises UrlError."""
    declared = getattr(settings, NAME, None)
    if not isinstance(declared, dict) or "BASE" not in declared:
        raise InvalidSetting('PIXMILL must be a dictionary such as {"BASE": "https://images.example.com"}', NAME)
    unknown = sorted(set(declared) - set(OPTIONS))
    if unknown:
        raise InvalidSetting(f"PIXMILL has no option {unknown[0]}: use {', '.join(OPTIONS)}", NAME)
    return Client(**{OPTIONS[name]: value for name, value in declared.items()})


def _forget(*, setting: str, **_: Any) -> None:
    if setting == NAME:
        client.cache_clear()


setting_changed.connect(_forget, dispatch_uid="pixmill-settings")
