"""Options after the ``?`` of a tier URL: size, lifetime and timeout.

Knows their names, units and bounds; must never know which tiers there are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from pixmill.cache.urls.limits import TierLimits
from pixmill.runtime.quantities import InvalidQuantity, parse_duration, parse_size

TIMEOUT_OPTION: Final = "timeout"

COMMON_OPTIONS: Final = frozenset({"max_entry_bytes", "ttl"})
"""Options that every tier has."""

_MIN_TIMEOUT_S: Final = 0.001
_MAX_TIMEOUT_S: Final = 60.0
_MAX_BYTES_OPTION: Final = "max_bytes"

T = TypeVar("T", int, float)


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
        max_bytes=_option(values, _MAX_BYTES_OPTION, parse_size) or 0,
        limits=_limits(values),
        timeout_s=_timeout_s(values),
        backend_options={
            name: values[name] for name in defaults.keys() - {_MAX_BYTES_OPTION, TIMEOUT_OPTION, *COMMON_OPTIONS}
        },
    )


def _limits(values: Mapping[str, str]) -> TierLimits:
    ttl_s = _option(values, "ttl", parse_duration)
    max_entry_bytes = _option(values, "max_entry_bytes", parse_size)
    for name, value in (("ttl", ttl_s), ("max_entry_bytes", max_entry_bytes)):
        if value == 0:
            raise ValueError(f"has {name}={values[name]}, with which it would store nothing: leave the tier out")
    return TierLimits(inf if max_entry_bytes is None else max_entry_bytes, inf if ttl_s is None else ttl_s)


def _timeout_s(values: Mapping[str, str]) -> float:
    seconds = _option(values, TIMEOUT_OPTION, parse_duration)
    if seconds is not None and not _MIN_TIMEOUT_S <= seconds <= _MAX_TIMEOUT_S:
        raise ValueError(f"has timeout={values[TIMEOUT_OPTION]}: the timeout of a tier is 1ms to 60s")
    return seconds or 0.0


def _option(values: Mapping[str, str], name: str, parse: Callable[[str], T]) -> T | None:
    if name not in values:
        return None
    try:
        return parse(values[name])
    except InvalidQuantity as error:
        raise ValueError(f"has {name}={values[name]}, which {error.problem}") from None
