"""Loads all settings once; precedence: flags, environment, ``.env``, configuration file, defaults.

Combines the config model of each package, which declares its settings with type, bounds, default and description.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from pixmill.api.config import ApiConfig, is_loopback
from pixmill.cache.config import CacheConfig
from pixmill.dialects.factory import ServerDefaults, build_registry
from pixmill.dialects.registry import DialectRegistry
from pixmill.dialects.signing import Keyring
from pixmill.dialects.source_mapping import AllowsSource
from pixmill.engine.config import EngineConfig
from pixmill.env_file import ENV_FILE
from pixmill.image_config import ImageConfig
from pixmill.plan.source import SourceKind
from pixmill.runtime.setting_types import Contradiction, Contradictions
from pixmill.setting_errors import (
    PREFIX,
    GivenValue,
    advice,
    display_value,
    env_name,
    field_problems,
    sentence,
    shortened,
    shown_value,
)
from pixmill.setting_sources import read_sources, source_names
from pixmill.sources.allowlist import AllowList
from pixmill.sources.config import SourcesConfig
from pixmill.storage.config import StorageConfig
from pixmill.telemetry.config import TelemetryConfig
from pixmill.telemetry.redaction import printable

__all__ = [
    "ENV_FILE",
    "PREFIX",
    "RENAMED",
    "SETTING_GROUPS",
    "SettingOrigin",
    "Settings",
    "SettingsError",
    "display_value",
    "env_name",
    "is_default",
    "load",
    "setting_origins",
]

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


_MIN_SIMILARITY: Final = 0.8
"""Of a name that is suggested: all names have the prefix in common."""

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

    @classmethod
    def of(cls, problems: tuple[str, ...]) -> Self:
        """Return the error for sentences of which there is at least one."""
        problems = tuple(map(printable, problems))
        if len(problems) == 1:
            return cls(problems[0])
        return cls("\n".join([f"{len(problems)} settings are wrong:", *(f"  {problem}" for problem in problems)]))


_OWN_PATHS: Final = ("/health", "/metrics", "/admin", "/openapi.json", "/playground")
"""Besides those of dialects."""


class Settings(ApiConfig, ImageConfig, CacheConfig, TelemetryConfig):
    """All settings of the service. The environment variable of field ``name`` is ``PIXMILL_NAME``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield an address that others can reach without access control, and what would reject every request."""
        yield from super().contradictions()
        has_keys = bool(self.keys.get_secret_value())
        if not (has_keys or self.allowed_sources or self.unsigned == "allow" or is_loopback(self.host)):
            yield Contradiction(
                ("host", "keys", "allowed_sources", "unsigned"),
                f"PIXMILL_HOST={shown_value(self.host)} can be reached by other machines: set PIXMILL_KEYS (signed "
                "URLs), PIXMILL_ALLOWED_SOURCES (an allowlist) or PIXMILL_UNSIGNED=allow (an open proxy); for example "
                "PIXMILL_ALLOWED_SOURCES=https://*.example.com/",
            )
        if self.unsigned == "deny" and not has_keys:
            yield Contradiction(
                ("unsigned", "keys"),
                "PIXMILL_UNSIGNED=deny needs PIXMILL_KEYS, without which every request would be rejected; for example "
                "PIXMILL_KEYS=$(openssl rand -hex 32)",
            )
        yield from self._open_mounts()
        yield from self._ambiguous_prefix()
        yield from self._unusable_fallback()

    def _unusable_fallback(self) -> Iterator[Contradiction]:
        """Yield a fallback image that could never be fetched."""
        fallback = self.server_fallback()
        source = fallback.source if fallback else None
        if source is None:
            return
        setting = f"PIXMILL_FALLBACK_IMAGE={shown_value(self.fallback_image)}"
        if source.kind is SourceKind.PATH and not self.images:
            yield Contradiction(
                ("fallback_image", "images"),
                f"{setting} is a path, which needs PIXMILL_IMAGES; for example PIXMILL_IMAGES=/srv/images",
            )
        elif self.allowed_sources and source.kind is not SourceKind.CANVAS and not self.allow_list().allows(source):
            yield Contradiction(
                ("fallback_image", "allowed_sources"),
                f"{setting} is not allowed by PIXMILL_ALLOWED_SOURCES={shown_value(self.allowed_sources)}: add "
                f"{'path:' if source.kind is SourceKind.PATH else source.text.rpartition('/')[0] + '/'} to it",
            )

    def _ambiguous_prefix(self) -> Iterator[Contradiction]:
        """Yield a path prefix with which own paths begin: whether a proxy has removed it could not be seen."""
        prefix = self.url_prefix()
        if not prefix:
            return
        try:
            dialects = self.dialect_registry(None)
        except ValueError:
            return  # another contradiction names it
        exempt_hosts = self.hosts_without_prefix(dialects.hosts)
        paths = (path for mounted in dialects.mounted for path in mounted.paths(exempt_hosts))
        if taken := next((path for path in (*_OWN_PATHS, *paths) if f"{path}/".startswith(f"{prefix}/")), None):
            name = "path_prefix" if self.path_prefix else "public_url"
            yield Contradiction(
                (name, "dialects"),
                f"{env_name(name)}={getattr(self, name)} is how the path {taken} of this server begins, so whether a "
                "proxy has removed it could not be seen; choose another one, for example PIXMILL_PATH_PREFIX=/pixmill",
            )

    def _open_mounts(self) -> Iterator[Contradiction]:
        """Yield entries that let unsigned requests name any source.

        Without keys a server on a loopback address is open to its own machine, and so are entries without keys.
        """
        entries = self.parsed_mounts()
        is_open_server = is_loopback(self.host) and not self.keys.get_secret_value()
        may_be_open = {(one.dialect, one.host, one.mount) for one in entries if is_open_server and one.keys is None}
        if self.unsigned == "allow":
            return
        fields = ("dialects", "allowed_sources", "unsigned", "keys")
        try:
            mounts = self.dialect_registry(self.keyring()).mounted[: len(entries)]
        except ValueError as error:
            yield Contradiction(("dialects",), str(error))
            return
        for mounted in mounts:
            if mounted.is_open and (mounted.name, mounted.host, mounted.mount) not in may_be_open:
                where = shortened(f"{mounted.host}{mounted.mount}") or "every host"
                yield Contradiction(
                    fields,
                    f"PIXMILL_DIALECTS: {mounted.name} on {where} answers unsigned requests for any source: give the "
                    "entry sources (an allowlist) or source, or set PIXMILL_ALLOWED_SOURCES or PIXMILL_UNSIGNED=allow; "
                    'for example "sources": "https://*.example.com/"',
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
    """Load and validate all settings; raises SettingsError with all problems.

    ``flags`` are values by field, and ``config``, the path of a configuration file.
    """
    fields = Settings.model_fields
    given, names, without_value, file_problems = read_sources(fields, flags or {})
    problems = [*file_problems, *_missing_values(without_value), *_unknown_names(names)]
    values = {name: each.value for name, each in given.items()}
    for name in [name for name, value in values.items() if not _is_text(value)]:
        problems.append(sentence(name, fields[name], "is not UTF-8", GivenValue("@", given[name].origin)))
        values[name] = fields[name].get_default(call_default_factory=True, validated_data={})
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems += _problems(error, values, given)
    if problems:
        raise SettingsError.of(tuple(dict.fromkeys(problems)))
    return settings


def setting_origins(settings: Settings, flags: Mapping[str, Any]) -> list[SettingOrigin]:
    """Return all settings with value and source, in declaration order."""
    sources = dict(source_names(read_sources(Settings.model_fields, flags).given))
    return [
        SettingOrigin(env_name(name), display_value(field, getattr(settings, name)), sources.get(name, "default"))
        for name, field in Settings.model_fields.items()
    ]


def is_default(name: str, flags: Mapping[str, object]) -> bool:
    """Return whether a setting is given nowhere."""
    return name not in read_sources(Settings.model_fields, flags).given


def _is_text(value: object) -> bool:
    """Return whether a value can be written as UTF-8; bytes of the environment that are not come as surrogates."""
    try:
        str(value).encode()
    except UnicodeEncodeError:
        return False
    return True


def _problems(error: ValidationError, values: Mapping[str, Any], given: Mapping[str, GivenValue]) -> Iterator[str]:
    """Yield a sentence for each invalid setting, then for each contradiction among the others."""
    invalid = dict[str, None]()
    for name, text in field_problems(Settings.model_fields, error.errors(), given):
        invalid[name] = None
        yield text
    if not invalid:
        yield from (one.text for one in _contradictions(error))
        return
    try:
        Settings.model_validate({name: value for name, value in values.items() if name not in invalid})
    except ValidationError as second:
        yield from (one.text for one in _contradictions(second) if invalid.keys().isdisjoint(one.fields))


def _contradictions(error: ValidationError) -> tuple[Contradiction, ...]:
    causes = [each.get("ctx", {}).get("error") for each in error.errors() if not each["loc"]]
    return tuple(one for cause in causes if isinstance(cause, Contradictions) for one in cause.found)


def _missing_values(names: Iterable[str]) -> Iterator[str]:
    """Yield lines of ``.env`` that have a name and no value, which would silently leave a default in force."""
    for name in names:
        field = Settings.model_fields.get(name.upper().removeprefix(PREFIX).lower())
        if field is not None and name.upper().startswith(PREFIX):
            yield f"{name} ({ENV_FILE}) has no value: write a name, = and a value; {_advice(name.upper())}"


def _unknown_names(names: Iterable[str]) -> Iterator[str]:
    """Yield renamed and misspelt variables, which would silently leave a default in force."""
    valid_names = {env_name(name) for name in Settings.model_fields}
    for name in names:
        if name.upper() in RENAMED:
            yield f"{shown_value(name)} has been renamed to {RENAMED[name.upper()]}; {_advice(RENAMED[name.upper()])}"
        elif name.upper().startswith(PREFIX) and name.upper() not in valid_names:
            close = get_close_matches(name.upper(), sorted(valid_names), n=1, cutoff=_MIN_SIMILARITY)
            meaning = (
                f"did you mean {close[0]}? {_advice(close[0])}" if close else "`pixmill config` lists all settings"
            )
            yield f"{shown_value(name)} is no setting; {meaning}"


def _advice(variable: str) -> str:
    name = variable.removeprefix(PREFIX).lower()
    return advice(name, Settings.model_fields[name])
