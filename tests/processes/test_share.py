"""The parts that server processes have in what the settings give to the whole server."""

import pytest

from pixmill.processes.share import part_of, share_of
from pixmill.settings import load


@pytest.mark.parametrize("count", [2, 3, 7])
def test_parts_are_the_whole_together(count: int) -> None:
    settings = load({"workers": 16, "source_connections": 100, "cache": "memory://?max_bytes=70MiB"})
    shares = [share_of(settings, slot, count) for slot in range(count)]
    assert sum(share.workers for share in shares) == 16
    assert sum(share.source_connections for share in shares) == 100
    assert sum(share.cache_tiers()[0].max_bytes for share in shares) <= 70 * 2**20
    assert sum(part_of(1, slot, count) for slot in range(count)) == 1


@pytest.mark.parametrize("count", [2, 4, 32])
def test_a_folder_stays_within_its_limit_with_what_processes_write_unknown_to_each_other(count: int) -> None:
    settings = load({"cache": "file:///srv/cache?max_bytes=16GiB&ttl=1h"})
    (tier,) = share_of(settings, 0, count).cache_tiers()
    assert tier.max_bytes + (count - 2) * (tier.max_bytes // 16) <= 16 * 2**30
    assert tier.limits == settings.cache_tiers()[0].limits
