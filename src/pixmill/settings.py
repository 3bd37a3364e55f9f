"""Loads all settings once; precedence: flags, environment, ``.env``, defaults.

Combines the config model of each package, which declares its settings with type, bounds, default and description.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Self

from dotenv import dotenv_values
from pydantic import BaseModel, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from pixmill.api.config import ApiConfig, is_loopback
from pixmill.cache.config import CacheConfig
from pixmill.dialects.factory import ServerDefaults, build_registry
from pixmill.dialects.registry import DialectRegistry
from pixmill.dialects.signing import Keyring
from pixmill.dialects.source_mapping import AllowsSource
from pixmill.engine.config import EngineConfig
from pixmill.image_config import ImageConfig
from pixmill.plan.source import SourceKind
from pixmill.runtime.setting_types import quantity_of
from pixmill.sources.allowlist import AllowList
from pixmill.sources.config import SourcesConfig
from pixmill.storage.config import StorageConfig
from pixmill.telemetry.config import TelemetryConfig
from pixmill.telemetry.redaction import redact

PREFIX = "PIXMILL_"
ENV_FILE = ".env"

RENAMED: Final = {
    "PIXMILL_CACHE_FAILED_S": "PIXMILL_NEGATIVE_TTL_UNREACHABLE_S",
    "PIXMILL_CACHE_REFUSED_S": "PIXMILL_NEGATIVE_TTL_NOT_FOUND_S",
    "PIXMILL_CACHE_STALE_S": "PIXMILL_CACHE_STALE_WHILE_REVALIDATE_S",
    "PIXMILL_CACHE_UNUSABLE_S": "PIXMILL_NEGATIVE_TTL_UNDECODABLE_S",
    "PIXMILL_CACHE_WAIT_S": "PIXMILL_CACHE_LOCK_TIMEOUT_S",
    "PIXMILL_CONFINEMENT": "PIXMILL_SANDBOX",
    "PIXMILL_DRAIN_S": "PIXMILL_DRAIN_TIMEOUT_S",
    "PIXMILL_MAX_WAIT_S": "PIXMILL_QUEUE_MAX_WAIT_S",
    "PIXMILL_MODE": "PIXMILL_RENDER_MODE",
    "PIXMILL_ORIGINALS": "PIXMILL_ORIGINALS_CACHE",
    "PIXMILL_SEND_STALL_S": "PIXMILL_SEND_TIMEOUT_S",
    "PIXMILL_SOURCE_MAX_WAIT_S": "PIXMILL_SOURCE_QUEUE_MAX_WAIT_S",
    "PIXMILL_STORES_AMBIENT": "PIXMILL_STORES_ALLOW_UNNAMED",
}
"""Old names and their replacements; remove after 0.2: no release has had the old ones."""


SETTING_GROUPS: Final[dict[str, type[BaseModel]]] = {
    "Serving": ApiConfig,
    "Originals": SourcesConfig,
    "Stores": StorageConfig,
    "Cache": CacheConfig,
    "Rendering": EngineConfig,
    "Logs and metrics": TelemetryConfig,
}
"""The groups of ``--help`` and docs/settings.md, in order."""


class SettingsError(Exception):
    """Invalid settings; the message lists each one with its reason."""


class Settings(ApiConfig, ImageConfig, CacheConfig, TelemetryConfig, BaseSettings):
    """All settings of the service. The environment variable of field ``name`` is ``PIXMILL_NAME``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=ENV_FILE, extra="ignore", frozen=True)

    @model_validator(mode="after")
    def _require_access_control(self) -> Self:
        """Reject an address that other machines can reach, unless access control is configured."""
        has_access_control = self.keys.get_secret_value() or self.allowed_sources or self.unsigned == "allow"
        self._require_closed_mounts()
        if not has_access_control and not is_loopback(self.host):
            raise ValueError(
                f"{self.host} can be reached by other machines: set PIXMILL_KEYS (signed URLs), "
                "PIXMILL_ALLOWED_SOURCES (an allowlist) or PIXMILL_UNSIGNED to allow (an open proxy)"
            )
        if self.unsigned == "deny" and not self.keys.get_secret_value():
            raise ValueError("PIXMILL_UNSIGNED=deny needs PIXMILL_KEYS: without keys every request would be rejected")
        return self

    @model_validator(mode="after")
    def _require_usable_fallback(self) -> Self:
        """Reject a fallback image that could never be fetched."""
        fallback = self.server_fallback()
        if fallback is None or fallback.source is None:
            return self
        source = fallback.source
        if source.kind is SourceKind.PATH and not self.images:
            raise ValueError("PIXMILL_FALLBACK_IMAGE is a path, which needs PIXMILL_IMAGES")
        if self.allowed_sources and source.kind is not SourceKind.CANVAS and not self.allow_list().allows(source):
            raise ValueError("PIXMILL_FALLBACK_IMAGE is not allowed by PIXMILL_ALLOWED_SOURCES")
        return self

    def _require_closed_mounts(self) -> None:
        """Reject an entry that lets unsigned requests name any source.

        Without keys a server on a loopback address is open to its own machine, and so are entries without keys.
        """
        entries = self.parsed_mounts()
        is_open_server = is_loopback(self.host) and not self.keys.get_secret_value()
        may_be_open = {(one.dialect, one.host, one.mount) for one in entries if is_open_server and one.keys is None}
        if self.unsigned == "allow":
            return
        for mounted in self.dialect_registry(self.keyring()).mounted[: len(entries)]:
            if mounted.is_open and (mounted.name, mounted.host, mounted.mount) not in may_be_open:
                where = f"{mounted.host}{mounted.mount}" or "every host"
                raise ValueError(
                    f"PIXMILL_DIALECTS: {mounted.name} on {where} answers unsigned requests for any source: give the "
                    "entry sources (an allowlist) or source, or set PIXMILL_ALLOWED_SOURCES or PIXMILL_UNSIGNED=allow"
                )

    def dialect_registry(self, keyring: Keyring | None) -> DialectRegistry:
        """Return the dialects of this server; ``keyring`` signs and verifies where an entry has no keys of its own."""
        allows_source = self.allow_list().allows if self.allowed_sources else None
        server = ServerDefaults(
            self.parsed_presets(),
            self.render_mode,
            keyring,
            allows_source,
            parse_sources=_parse_sources,
            allows_unsigned=self.unsigned == "allow",
            limits=self.limits(),
            fallback=self.server_fallback(),
        )
        try:
            return build_registry(self.parsed_mounts(), server)
        except ValueError as error:
            raise ValueError(f"PIXMILL_DIALECTS: {error}") from error


def _parse_sources(text: str) -> AllowsSource:
    """Return the check of the allow-list of a mount. Raises ValueError."""
    allow_list = AllowList.parse(text)
    if not allow_list.patterns:
        raise ValueError("sources names no source")
    return allow_list.allows


@dataclass(frozen=True, slots=True)
class SettingOrigin:
    """A setting with its display value (secrets masked) and its source: flag, environment, file or default."""

    name: str
    value: str
    source: str


def load(flags: Mapping[str, Any] | None = None) -> Settings:
    """Load and validate all settings; raises SettingsError with all problems."""
    try:
        _reject_unknown([*os.environ, *dotenv_values(ENV_FILE)])
        return Settings(**(flags or {}))
    except ValidationError as error:
        raise SettingsError("\n".join(_format_error(problem) for problem in error.errors())) from error
    except UnreadableSetting as error:
        raise SettingsError(f"{error}: {error.__cause__}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{ENV_FILE} is not UTF-8: {error}") from error


def setting_origins(settings: Settings, flags: Mapping[str, Any]) -> list[SettingOrigin]:
    """Return all settings with value and source, in declaration order."""
    return [
        SettingOrigin(env_name(name), display_value(field, getattr(settings, name)), _source(name, flags))
        for name, field in Settings.model_fields.items()
    ]


def env_name(name: str) -> str:
    """Return the environment variable of a field."""
    return PREFIX + name.upper()


def is_default(name: str, flags: Mapping[str, object]) -> bool:
    """Return whether a setting is given nowhere."""
    return _source(name, flags) == "default"


def _source(name: str, flags: Mapping[str, object]) -> str:
    if name in flags:
        return "flag"
    if env_name(name) in {key.upper() for key in os.environ}:
        return "environment"
    if env_name(name) in {key.upper() for key in dotenv_values(ENV_FILE)}:
        return ENV_FILE
    return "default"


def display_value(field: FieldInfo, value: object) -> str:
    """Return a value as it would be written in the environment, without secrets."""
    quantity = quantity_of(field)
    if quantity is not None and isinstance(value, int | float):
        return quantity.format(value)
    if isinstance(value, SecretStr):
        return "**********" if value.get_secret_value() else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:.15g}"
    return redact(str(value))  # a URL may contain a password


def _format_error(problem: Any) -> str:
    message: str = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    name, *path = map(str, problem["loc"])
    return f"{'.'.join([env_name(name), *path])}: {message.removeprefix(env_name(name) + ': ')}"


def _reject_unknown(names: Iterable[str]) -> None:
    """Reject renamed and misspelt variables, which would silently leave a default in force."""
    valid_names = {env_name(name) for name in Settings.model_fields}
    for name in names:
        if name.upper() in RENAMED:
            raise SettingsError(f"{name} has been renamed to {RENAMED[name.upper()]}")
        if name.upper().startswith(PREFIX) and name.upper() not in valid_names:
            close = get_close_matches(name.upper(), valid_names, n=1)
            raise SettingsError(f"{name} is no setting" + (f"; did you mean {close[0]}?" if close else ""))
