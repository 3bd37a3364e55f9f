"""Every setting, read once: flags before the environment before ``.env`` before defaults.

Composed of each package's config, where a setting is declared with its type, bounds, default and meaning.
"""

import ipaddress
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Self

from dotenv import dotenv_values
from pydantic import SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableValue

from pixmill.api.config import ApiConfig
from pixmill.cache.config import CacheConfig
from pixmill.engine.config import EngineConfig
from pixmill.sources.config import SourcesConfig
from pixmill.storage.config import StorageConfig
from pixmill.telemetry.config import TelemetryConfig
from pixmill.telemetry.redaction import redact

PREFIX = "PIXMILL_"
ENV_FILE = ".env"


class SettingsError(Exception):
    """Settings that cannot be used; the text names each and says why."""


class Settings(ApiConfig, SourcesConfig, StorageConfig, CacheConfig, EngineConfig, TelemetryConfig, BaseSettings):
    """All settings of the service. The environment variable of a field is its name in capitals after ``PIXMILL_``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=ENV_FILE, extra="ignore", frozen=True)

    @model_validator(mode="after")
    def _require_access_control(self) -> Self:
        """Refuse to be open to the world by accident."""
        has_access_control = self.keys.get_secret_value() or self.allowed_sources or self.unsigned == "allow"
        if not has_access_control and not is_loopback(self.host):
            raise ValueError(
                f"{self.host} can be reached by others: set PIXMILL_KEYS (signed requests), PIXMILL_ALLOWED_SOURCES, "
                "or PIXMILL_UNSIGNED=allow to say that anybody may ask for any picture"
            )
        if self.unsigned == "deny" and not self.keys.get_secret_value():
            raise ValueError("PIXMILL_UNSIGNED=deny needs PIXMILL_KEYS: without keys no request could be answered")
        return self


@dataclass(frozen=True, slots=True)
class SettingOrigin:
    """A setting, its value for people (secrets hidden), and where it came from."""

    name: str
    value: str
    source: str


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load(flags: Mapping[str, Any] | None = None) -> Settings:
    """Read all settings; raises SettingsError, which names everything that is wrong."""
    try:
        _reject_unknown([*os.environ, *dotenv_values(ENV_FILE)])
        return Settings(**(flags or {}))
    except ValidationError as error:
        raise SettingsError("\n".join(_format_error(problem) for problem in error.errors())) from error
    except UnreadableValue as error:
        raise SettingsError(f"{error}: {error.__cause__}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{ENV_FILE} is not UTF-8: {error}") from error


def setting_origins(settings: Settings, flags: Mapping[str, Any]) -> list[SettingOrigin]:
    """Every setting with its value and where it came from, in the order of declaration."""
    return [
        SettingOrigin(env_name(name), _display_value(getattr(settings, name)), _source(name, flags))
        for name in Settings.model_fields
    ]


def env_name(name: str) -> str:
    """The environment variable of a field."""
    return PREFIX + name.upper()


def _source(name: str, flags: Mapping[str, Any]) -> str:
    if name in flags:
        return "flag"
    if env_name(name) in {key.upper() for key in os.environ}:
        return "environment"
    if env_name(name) in {key.upper() for key in dotenv_values(ENV_FILE)}:
        return ENV_FILE
    return "default"


def _display_value(value: object) -> str:
    if isinstance(value, SecretStr):
        return "**********" if value.get_secret_value() else ""
    return redact(str(value))  # a URL may have a password in it


def _format_error(problem: Any) -> str:
    message: str = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    name, *path = map(str, problem["loc"])
    return f"{'.'.join([env_name(name), *path])}: {message.removeprefix(env_name(name) + ': ')}"


def _reject_unknown(names: Iterable[str]) -> None:
    """A misspelt variable would silently leave a default in force."""
    valid_names = {env_name(name) for name in Settings.model_fields}
    for name in names:
        if name.upper().startswith(PREFIX) and name.upper() not in valid_names:
            close = get_close_matches(name.upper(), valid_names, n=1)
            raise SettingsError(f"{name} is no setting" + (f"; did you mean {close[0]}?" if close else ""))
