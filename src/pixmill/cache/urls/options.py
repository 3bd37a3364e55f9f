"""The options after the ``?`` of a tier's URL: how much it may hold, for how long, and how long it may take.

Knows their names, spellings and bounds; must never know which tiers there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Final
from urllib.parse import parse_qsl

from pixmill.cache.durations import parse_duration
from pixmill.cache.urls.limits import TierLimits
from pixmill.storage.sizes import parse_size

TIMEOUT_OPTION: Final = "timeout"

COMMON_OPTIONS: Final = frozenset({"max_entry_bytes", "ttl"})
"""What every tier understands."""

_MIN_TIMEOUT_S: Final = 0.001
_MAX_TIMEOUT_S: Final = 60.0
_MAX_BYTES_OPTION: Final = "max_bytes"


@dataclass(frozen=True, slots=True)
class TierOptions:
    """What they say, zero for what the tier does not understand. ``texts`` are those that only one kind of tier understands."""

    max_bytes: int
    limits: TierLimits
    timeout_s: float
    backend_options: Mapping[str, str]


def parse_options(query: str, defaults: Mapping[str, str]) -> TierOptions:
    """The options of a tier that understands those of ``defaults`` besides its bounds. Raises ValueError."""
    pairs = parse_qsl(query, keep_blank_values=True)
    explicit = dict(pairs)
    allowed = COMMON_OPTIONS | defaults.keys()
    if unknown := sorted(explicit.keys() - allowed):
        raise ValueError(f"has an unknown option {', '.join(unknown)}; there are {', '.join(sorted(allowed))}")
    if len(explicit) < len(pairs):
        raise ValueError("has an option twice")
    values = {**defaults, **explicit}
    return TierOptions(
        max_bytes=parse_size(values.get(_MAX_BYTES_OPTION, "0")),
        limits=_limits(values),
        timeout_s=_timeout_s(values.get(TIMEOUT_OPTION)),
        backend_options={
            name: values[name] for name in defaults.keys() - {_MAX_BYTES_OPTION, TIMEOUT_OPTION, *COMMON_OPTIONS}
        },
    )


def _limits(values: Mapping[str, str]) -> TierLimits:
    ttl_s = parse_duration(values["ttl"]) if "ttl" in values else inf
    max_entry_bytes = parse_size(values["max_entry_bytes"]) if "max_entry_bytes" in values else inf
    if not ttl_s or not max_entry_bytes:
        raise ValueError("may keep nothing, and is better left out")
    return TierLimits(max_entry_bytes, ttl_s)


def _timeout_s(text: str | None) -> float:
    if text is None:
        return 0.0
    seconds = parse_duration(text)
    if not _MIN_TIMEOUT_S <= seconds <= _MAX_TIMEOUT_S:
        raise ValueError(f"has timeout={text}: a request may wait from 1ms to 60s for a tier")
    return seconds
