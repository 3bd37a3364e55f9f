"""Builds the dialect registry from ``PIXMILL_DIALECTS``. A dialect is imported when an entry, or a caller, names it."""

import re
from dataclasses import replace
from difflib import get_close_matches
from typing import Final

import msgspec

from pixmill.dialects.builders.entry import MountEntry, ServerDefaults
from pixmill.dialects.builders.quantities import with_plain_numbers
from pixmill.dialects.builders.table import DIALECTS, NATIVE
from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.port import LimitsSources, RequiresSignatures
from pixmill.dialects.registry import DialectRegistry, MountedDialect
from pixmill.dialects.source_mapping import AllowsSource, SourceMapping, check_base, resolve_source
from pixmill.errors import BadRequest
from pixmill.plan.request import OF_ERROR, Fallback
from pixmill.plan.source import SourceRef, parse_source
from pixmill.runtime.json_errors import json_problem

__all__ = [
    "DIALECTS",
    "FALLBACK_STATUSES",
    "NATIVE",
    "MountEntry",
    "ServerDefaults",
    "ad_hoc_registry",
    "build_registry",
    "parse_mounts",
]

_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*|\[[0-9a-f:.]{2,45}\]")
_MOUNT = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_ADMIN: Final = "/admin/"
"""On every host: responses below it lack the headers that let other origins embed images."""

_RESERVED_MOUNTS: Final = ("/health/", "/metrics/", "/openapi.json/")
"""Pixmill's own paths; a dialect with a host of its own may have them there."""


def parse_mounts(text: str) -> tuple[MountEntry, ...]:
    """Parse ``PIXMILL_DIALECTS``, a JSON list of entries. Raises ValueError that names the bad entry."""
    try:
        raw_entries = msgspec.json.decode(text or "[]", type=list[msgspec.Raw])
    except msgspec.MsgspecError as error:
        raise ValueError(f"must be a JSON list of objects: it {json_problem(error, text)}") from None
    entries: list[MountEntry] = []
    for number, raw in enumerate(raw_entries, 1):
        try:
            entry = with_plain_numbers(msgspec.json.decode(raw, type=MountEntry))
        except msgspec.MsgspecError as error:
            raise ValueError(f"entry {number}: {json_problem(error, fields=MountEntry.__struct_fields__)}") from None
        except ValueError as error:
            raise ValueError(f"entry {number}: {error}") from None
        try:
            mounted = _mount(entry, ServerDefaults())
        except msgspec.MsgspecError as error:
            raise ValueError(f"entry {number}: options {json_problem(error)}") from None
        except (ValueError, BadRequest) as error:
            raise ValueError(f"entry {number}: {error}") from error
        if (mounted.host, mounted.mount, mounted.name) in {(one.host, one.mount, one.dialect) for one in entries}:
            raise ValueError(f"entry {number}: {entry.dialect} is mounted there already")
        entries.append(msgspec.structs.replace(entry, host=mounted.host))
    return tuple(entries)


def build_registry(entries: tuple[MountEntry, ...], server: ServerDefaults) -> DialectRegistry:
    """Return the mounted dialects, with native behind them."""
    native = NativeDialect(server.presets, server.render_mode, server.keyring)
    native_mount = MountedDialect(NATIVE, native, fallback=server.fallback)
    return DialectRegistry([*(_mount(entry, server) for entry in entries), native_mount])


def ad_hoc_registry(name: str, mount: str = "") -> DialectRegistry:
    """Return a registry of one dialect on every host, without signatures, to read URLs with. Raises ValueError."""
    entry = MountEntry(name, "" if mount else "localhost", mount, keys="")
    return DialectRegistry([replace(_mount(entry, ServerDefaults(allows_unsigned=True)), host="")])


def _mount(entry: MountEntry, server: ServerDefaults) -> MountedDialect:
    """Check an entry and build its dialect. Raises ValueError."""
    if entry.dialect not in DIALECTS:
        close = get_close_matches(entry.dialect.lower(), DIALECTS, n=1)
        choice = f"did you mean {close[0]}?" if close else f"choose from {', '.join(DIALECTS)}"
        raise ValueError(f"there is no dialect {entry.dialect[:64]!r}; {choice}")
    host = entry.host.lower()
    if host and not _HOST.fullmatch(host):
        raise ValueError(f"host {host[:64]!r} is not a host name; leave out scheme and port")
    if entry.mount and not _MOUNT.fullmatch(entry.mount):
        raise ValueError(f"mount {entry.mount[:64]!r} must be a path such as /img: no final slash, no escapes")
    if f"{entry.mount}/".startswith((_ADMIN,) if host else (_ADMIN, *_RESERVED_MOUNTS)):
        raise ValueError(f"mount {entry.mount[:64]!r} is a path of Pixmill's own")
    if entry.source:
        check_base(entry.source)
    own_list = server.parse_sources(entry.sources) if entry.sources and server.parse_sources else None
    allows = _both(server.allows_source, own_list)
    dialect = DIALECTS[entry.dialect](entry, replace(server, allows_source=allows))
    if not host and not entry.mount and not dialect.prefix:
        raise ValueError(f"{entry.dialect} needs a host or a mount: its URLs have no prefix of their own")
    prefix = f"{entry.mount}/" if entry.mount else "" if host else dialect.prefix
    is_signed = isinstance(dialect, RequiresSignatures) and dialect.requires_signature
    is_limited = is_signed or (isinstance(dialect, LimitsSources) and dialect.limits_sources)
    is_limited = is_limited or bool(entry.sources) or server.allows_source is not None
    relative_only = bool(entry.source) and not is_limited and not server.allows_unsigned
    trusts = _everything if is_signed else allows
    return MountedDialect(
        entry.dialect,
        dialect,
        host,
        entry.mount,
        SourceMapping(entry.source, own_list, relative_only, trusts),
        prefix.encode(),
        is_open=not is_limited and not entry.source,
        fallback=_fallback(entry) or server.fallback,
    )


def _everything(_: SourceRef) -> bool:
    return True


def _fallback(entry: MountEntry) -> Fallback | None:
    """Return the fallback of an entry, which is the operator's: no list of the entry limits it.

    Raises ValueError, BadRequest.
    """
    if entry.fallback_status not in FALLBACK_STATUSES:
        raise ValueError("fallback_status must be 0, for that of the error, or 200 to 299 or 400 to 599")
    if not entry.fallback:
        return None
    source = parse_source(entry.fallback)
    return Fallback(resolve_source(entry.source, source) if entry.source else source, status=entry.fallback_status)


FALLBACK_STATUSES: Final = frozenset({OF_ERROR, *range(200, 300), *range(400, 600)})


def _both(first: AllowsSource | None, second: AllowsSource | None) -> AllowsSource | None:
    """Return the check of both lists, None if there is neither."""
    if first is None or second is None:
        return first or second
    return lambda ref: first(ref) and second(ref)
