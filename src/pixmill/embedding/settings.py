"""Settings that are given in a program: a mapping, keywords, or settings that are made already.

What is not given comes from the environment, as for a server. The address on which the program listens is not known, so
it must be said who may request what, as for a server that other machines can reach.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from pixmill.runtime.setting_types import setting_value
from pixmill.settings import PREFIX, Settings, SettingsError, load

_ANY_HOST: Final = "0.0.0.0"  # noqa: S104 - compared, not bound
_OF_THE_SERVER: Final = ("admin_listen",)
"""What belongs to listeners that ``pixmill serve`` opens."""


def embedded_settings(settings: Settings | Mapping[str, object] | None, given: Mapping[str, object]) -> Settings:
    """Return the settings of an application in another one; ``given`` takes precedence.

    Names are those of fields (``allowed_sources``) or of the environment (``PIXMILL_ALLOWED_SOURCES``). Raises
    SettingsError.
    """
    values = _values_of(settings) | _by_field(given)
    if names := [name for name in _OF_THE_SERVER if values.get(name)]:
        raise SettingsError(f"{names[0]} is for `pixmill serve`: mount `app.admin` where operators reach it")
    loaded = load(values)
    if loaded.admin_listen:
        raise SettingsError("PIXMILL_ADMIN_LISTEN is for `pixmill serve`: mount `app.admin` where operators reach it")
    if loaded.process_count() > 1:
        raise SettingsError("PIXMILL_PROCESSES is for `pixmill serve`: the server of your application has its own")
    if "host" in loaded.model_fields_set:
        return loaded
    if not (loaded.keys.get_secret_value() or loaded.allowed_sources or loaded.unsigned == "allow"):
        raise SettingsError(
            "any client could request any image: give keys (signed URLs), "
            'allowed_sources (an allowlist, such as "path:" for those below images), unsigned="allow" (an open proxy), '
            'or host="127.0.0.1" if only this machine reaches it'
        )
    return load(values | {"host": _ANY_HOST})


def _values_of(settings: Settings | Mapping[str, object] | None) -> dict[str, object]:
    if isinstance(settings, Settings):
        return {name: getattr(settings, name) for name in Settings.model_fields if _is_set(settings, name)}
    return _by_field(settings or {})


def _is_set(settings: Settings, name: str) -> bool:
    """Whether the value is to be kept: a default of the address says nothing, all else would be read again."""
    return name != "host" or name in settings.model_fields_set


def _by_field(values: Mapping[str, object]) -> dict[str, object]:
    return {_field(name): setting_value(value) for name, value in values.items()}


def _field(name: str) -> str:
    field = name.removeprefix(PREFIX).lower()
    if field not in Settings.model_fields:
        close = get_close_matches(field, Settings.model_fields, n=1)
        raise SettingsError(f"{name} is no setting" + (f"; did you mean {close[0]}?" if close else ""))
    return field
