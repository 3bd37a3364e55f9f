"""An entry of ``PIXMILL_DIALECTS``, what it inherits from the server, and its keys. Knows no dialect but ``native``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec

from pixmill.dialects.kit.signatures import Key, keys_of
from pixmill.dialects.native.presets import NO_PRESETS, Presets
from pixmill.dialects.signing import Keyring
from pixmill.dialects.source_mapping import AllowsSource
from pixmill.plan.limits import DEFAULT_LIMITS, Limits
from pixmill.plan.output import RenderMode
from pixmill.plan.request import Fallback


class MountEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of ``PIXMILL_DIALECTS``.

    ``source`` is the base of relative sources, or a template with ``{path}``; ``sources`` is an allow-list for all
    others. ``default_scheme`` is that of URLs without one, empty for that of the service. ``fallback`` is the source of
    an image that is sent for one that cannot be fetched or decoded, with ``fallback_status``, 0 for that of the error.
    ``keys``: None for those of the server, if URLs of the service are signed, empty for unsigned requests.
    """

    dialect: str
    host: str = ""
    mount: str = ""
    source: str = ""
    sources: str = ""
    default_scheme: Literal["", "http", "https"] = ""
    fallback: str = ""
    fallback_status: int = 200
    keys: str | None = None
    options: msgspec.Raw = msgspec.Raw(b"{}")


@dataclass(frozen=True, slots=True)
class ServerDefaults:
    """What dialects inherit from the server.

    ``allows_source`` is the check of the allow-list; None without one. ``parse_sources`` turns such a list into its
    check, and raises ValueError. ``allows_unsigned``: the operator wants an open proxy. ``fallback`` is for entries
    that have none.
    """

    presets: Presets = NO_PRESETS
    render_mode: RenderMode = RenderMode.BALANCED
    keyring: Keyring | None = None
    allows_source: AllowsSource | None = None
    parse_sources: Callable[[str], AllowsSource] | None = None
    allows_unsigned: bool = False
    limits: Limits = DEFAULT_LIMITS
    fallback: Fallback | None = None


class NoOptions(msgspec.Struct, forbid_unknown_fields=True):
    """The options of a dialect that has none."""


def refuse_keys(entry: MountEntry) -> None:
    if entry.keys:
        raise ValueError(f"{entry.dialect} does not use keys: leave them out")


def own_keyring(entry: MountEntry) -> Keyring | None:
    """Return the keys that an entry itself names."""
    return Keyring.from_text(entry.keys) if entry.keys else None


def keyring_of(entry: MountEntry, server: ServerDefaults) -> Keyring | None:
    if entry.keys is None:
        return server.keyring
    return own_keyring(entry)


def secrets(entry: MountEntry, server: ServerDefaults) -> tuple[Key, ...]:
    """Return the keys of another service, which may be short, newest first; those of the server if none are given."""
    if entry.keys is None:
        return keys_of(server.keyring.keys) if server.keyring else ()
    secrets = [key.strip().encode() for key in entry.keys.split(",") if key.strip()]
    if entry.keys and not secrets:
        raise ValueError('keys are blank: "" is for unsigned requests')
    return keys_of(secrets)
