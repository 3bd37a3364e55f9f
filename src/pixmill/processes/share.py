"""The share of one server process in what the settings give to the whole server.

A table of settings that are limits of the machine: each process gets a part, and all parts together are the whole.
Memory of results is divided too, so each process has the results that it was asked for.
"""

from collections.abc import Mapping
from typing import Final

from pixmill.cache.urls.tier_urls import share_tiers
from pixmill.settings import Settings

MIN_CONNECTIONS: Final = 16

_MINIMUMS: Final[Mapping[str, int]] = {
    "queue": 1,
    "raster_memory_bytes": 0,
    "max_connections": MIN_CONNECTIONS,
    "dns_lookups": 1,
    "dns_lookups_per_domain": 1,
    "source_connections": 1,
    "source_connections_reserved": 0,
    "source_connections_per_host": 1,
    "source_queue": 1,
}
"""Whole numbers that are divided, with the least that a process gets if there is anything to divide."""


def share_of(settings: Settings, slot: int, count: int) -> Settings:
    """Return the settings of process ``slot`` of ``count``."""
    changes: dict[str, object] = {
        name: max(part_of(getattr(settings, name), slot, count), min(minimum, getattr(settings, name)))
        for name, minimum in _MINIMUMS.items()
    }
    changes |= {
        "workers": max(1, part_of(settings.worker_count(), slot, count)),
        "memory_budget_bytes": max(settings.memory_budget() // count, int(settings.max_source_bytes)),
        "source_rate_limit": settings.source_rate_limit / count,
        "cache": share_tiers(settings.cache, count),
        "originals_cache": share_tiers(settings.originals_cache, count),
    }
    return settings.model_copy(update=changes)


def part_of(total: int, slot: int, count: int) -> int:
    """Return one of ``count`` parts that differ by one at most, and are ``total`` together."""
    return total // count + (slot < total % count)
