"""Options after the ``?`` of a tier URL: size, lifetime and timeout.

Knows their names, units and bounds; must never know which tiers there are.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Final
from urllib.parse import parse_qsl

from pixmill.cache.urls.limits import TierLimits
from pixmill.storage.sizes import parse_size

TIMEOUT_OPTION: Final = "timeout"

COMMON_OPTIONS: Final = frozenset({"max_entry_bytes", "ttl"})
"""Options that every tier has."""

UNITS_S: Final[dict[str, float]] = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([a-z]{0,2})", re.IGNORECASE)
_MIN_TIMEOUT_S: Final = 0.001
_MAX_TIMEOUT_S: Final = 60.0
_MAX_BYTES_OPTION: Final = "max_bytes"


@dataclass(frozen=True, slots=True)
class TierOptions:
    """Parsed options; zero for what the tier does not have. ``backend_options`` are those of one kind of tier only."""

    max_bytes: int
    limits: TierLimits
    timeout_s: float
    backend_options: Mapping[str, str]


def parse_options(query: str, defaults: Mapping[str, str]) -> TierOptions:
    """Parse the options of a tier that has those of ``defaults`` besides the common ones. Raises ValueError."""
    pairs = parse_qsl(query, keep_blank_values=True)
    explicit = dict(pairs)
    allowed = COMMON_OPTIONS | defaults.keys()
    if unknown := sorted(explicit.keys() - allowed):
        raise ValueError(f"has an unknown option {', '.join(unknown)}; the options are {', '.join(sorted(allowed))}")
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
        raise ValueError("would store nothing: leave it out")
    return TierLimits(max_entry_bytes, ttl_s)


def _timeout_s(text: str | None) -> float:
    if text is None:
        return 0.0
    seconds = parse_duration(text)
    if not _MIN_TIMEOUT_S <= seconds <= _MAX_TIMEOUT_S:
        raise ValueError(f"has timeout={text}: the timeout of a tier is 1ms to 60s")
    return seconds


def parse_duration(text: str) -> float:
    """Returns the seconds of a number with a unit; without a unit they are seconds. Raises ValueError."""
    match = _DURATION.fullmatch(text.strip())
    unit_s = UNITS_S.get(match[2].lower()) if match else None
    if match is None or unit_s is None:
        raise ValueError(f"{text!r} is no duration: write a number and a unit, such as 250ms, 2s, 10m, 12h or 7d")
    return float(match[1]) * unit_s
