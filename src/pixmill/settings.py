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
    def _say_what_is_meant(self) -> Self:
        """Refuse to be open to the world by accident."""
        meant = self.keys.get_secret_value() or self.allowed_sources or self.unsigned == "allow"
        if not meant and not is_loopback(self.host):
            raise ValueError(
                f"{self.host} can be reached by others: set PIXMILL_KEYS (signed requests), PIXMILL_ALLOWED_SOURCES, "
                "or PIXMILL_UNSIGNED=allow to say that anybody may ask for any picture"
            )
        if self.unsigned == "deny" and not self.keys.get_secret_value():
            raise ValueError("PIXMILL_UNSIGNED=deny needs PIXMILL_KEYS: without keys no request could be answered")
        return self


@dataclass(frozen=True, slots=True)
class Origin:
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
        _refuse_unknown([*os.environ, *dotenv_values(ENV_FILE)])
        return Settings(**(flags or {}))
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(problem) for problem in error.errors())) from error
    except UnreadableValue as error:
        raise SettingsError(f"{error}: {error.__cause__}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{ENV_FILE} is not UTF-8: {error}") from error


def origins(settings: Settings, flags: Mapping[str, Any]) -> list[Origin]:
    """Every setting with its value and where it came from, in the order of declaration."""
    return [
        Origin(variable(name), _shown(getattr(settings, name)), _source(name, flags)) for name in Settings.model_fields
    ]


def variable(name: str) -> str:
    """The environment variable of a field."""
    return PREFIX + name.upper()


def _source(name: str, flags: Mapping[str, Any]) -> str:
    if name in flags:
        return "flag"
    if variable(name) in {key.upper() for key in os.environ}:
        return "environment"
    if variable(name) in {key.upper() for key in dotenv_values(ENV_FILE)}:
        return ENV_FILE
    return "default"


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "**********" if value.get_secret_value() else ""
    return redact(str(value))  # a URL may have a password in it


def _sentence(problem: Any) -> str:
    message: str = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    name, *inside = map(str, problem["loc"])
    return f"{'.'.join([variable(name), *inside])}: {message.removeprefix(variable(name) + ': ')}"


def _refuse_unknown(names: Iterable[str]) -> None:
    """A misspelt variable would silently leave a default in force."""
    known = {variable(name) for name in Settings.model_fields}
    for name in names:
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            close = get_close_matches(name.upper(), known, n=1)
            raise SettingsError(f"{name} is no setting" + (f"; did you mean {close[0]}?" if close else ""))
