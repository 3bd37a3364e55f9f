"""The options after the ``?`` of a tier's URL: how much it may hold, for how long, and how long it may take.

Knows their names, spellings and bounds; must never know which tiers there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Final
from urllib.parse import parse_qsl

from pixmill.cache.bounds import Bounds
from pixmill.cache.durations import parse_duration
from pixmill.storage.sizes import parse_size

TIMEOUT: Final = "timeout"

BOUNDS: Final = frozenset({"max_entry_bytes", "ttl"})
"""What every tier understands."""

_LEAST_TIMEOUT_S: Final = 0.001
_MOST_TIMEOUT_S: Final = 60.0
_BUDGET: Final = "max_bytes"


@dataclass(frozen=True, slots=True)
class Options:
    """What they say, zero for what the tier does not understand. ``texts`` are those that only one kind of tier understands."""

    max_bytes: int
    bounds: Bounds
    timeout_s: float
    texts: Mapping[str, str]


def read_options(query: str, defaults: Mapping[str, str]) -> Options:
    """The options of a tier that understands those of ``defaults`` besides its bounds. Raises ValueError."""
    given = parse_qsl(query, keep_blank_values=True)
    told = dict(given)
    understood = BOUNDS | defaults.keys()
    if unknown := sorted(told.keys() - understood):
        raise ValueError(f"has an unknown option {', '.join(unknown)}; there are {', '.join(sorted(understood))}")
    if len(told) < len(given):
        raise ValueError("has an option twice")
    said = {**defaults, **told}
    return Options(
        max_bytes=parse_size(said.get(_BUDGET, "0")),
        bounds=_bounds(said),
        timeout_s=_timeout_s(said.get(TIMEOUT)),
        texts={name: said[name] for name in defaults.keys() - {_BUDGET, TIMEOUT, *BOUNDS}},
    )


def _bounds(said: Mapping[str, str]) -> Bounds:
    ttl_s = parse_duration(said["ttl"]) if "ttl" in said else inf
    size = parse_size(said["max_entry_bytes"]) if "max_entry_bytes" in said else inf
    if not ttl_s or not size:
        raise ValueError("may keep nothing, and is better left out")
    return Bounds(size, ttl_s)


def _timeout_s(text: str | None) -> float:
    if text is None:
        return 0.0
    seconds = parse_duration(text)
    if not _LEAST_TIMEOUT_S <= seconds <= _MOST_TIMEOUT_S:
        raise ValueError(f"has timeout={text}: a request may wait from 1ms to 60s for a tier")
    return seconds
