"""Thousands of damaged files of every format rendered by workers: each gives an image or a typed error, and no
worker crashes."""

import os
from collections import Counter
from pathlib import Path

import pytest

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pool.pool import EnginePool
from pixmill.errors import ImageError, InvalidParameter, PixmillError
from pixmill.plan.ops import Plan
from pixmill.runtime.spool import Spool
from tests.e2e.scenes import random_of
from tests.engine.support import pools, workers
from tests.mutations import MAKERS, good, mutated

TOTAL = int(os.environ.get("PIXMILL_MUTATIONS", "3050"))
MEMORY = 768 * 2**20
"""Private memory limit of a worker; the code of all libraries, which does not count, is about 300 MB more."""
CODE = 400 * 2**20
DEADLINE_S = 20.0
PLANS = [
    b"width=48&format=png",
    b"width=48&height=48&fit=cover&gravity=smart&format=jpeg",
    b"format=webp&metadata=all&quality=60",
    b"width=30&trim=10&format=png",
    b"page=1&format=jpeg",
    b"width=24&format=gif",
    b"width=24&format=avif&quality=30",
]
OVERLAID = b"width=60&format=png&overlay=url:b,width:30,repeat:both"


def plan(query: bytes) -> Plan:
    return parse(b"/resize", b"url=a&" + query).plan


def spooled(body: bytes) -> Spool:
    spool = Spool(50_000_000)
    spool.write(body)
    return spool


def peak_bytes(pid: int) -> int:
    """The peak resident memory of a process."""
    fields = dict(line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) * 1024


@pytest.mark.parametrize("part", range(4))
@pytest.mark.timeout(900)
async def test_damaged_files_give_pictures_or_refusals_and_harm_no_worker(part: int) -> None:
    rng = random_of(part)
    names = list(MAKERS)[part::4]
    outcomes: Counter[tuple[str, str]] = Counter()
    failures: list[str] = []
    queue = [name for name in names for _ in range(TOTAL // len(MAKERS) + 1)]

    async with pools(
        handlers="", workers=1, worker_memory_bytes=MEMORY, worker_max_rss_bytes=0, deadline_s=DEADLINE_S, queue=1000
    ) as pool:
        for number, name in enumerate(queue):
            body = mutated(rng, name)
            with spooled(body) as spool:
                outcome = "ok"
                try:
                    await use(pool, spool, number, rng.choice(PLANS))
                except (ImageError, InvalidParameter) as error:
                    outcome = error.code
                except PixmillError as error:
                    outcome = error.code
                    failures.append(f"{name}: {error.code} {error.detail[-900:]}")
                    keep(name, number, body)
            outcomes[name, outcome] += 1
        assert max(map(peak_bytes, workers())) < MEMORY + CODE
        for name in names:
            with spooled(good(name)) as spool:
                assert (await pool.render(spool, plan(b"width=10&format=png"))).width == 10, "still works"
    print(f"{sum(outcomes.values())} damaged files:", dict(Counter(code for (_, code) in outcomes.elements())))  # noqa: T201
    assert not failures, "\n".join(failures)
    for name in names:
        assert outcomes[name, "ok"], f"some damaged files of {name} are still decoded"
        assert sum(outcomes[name, code] for code in ("undecodable_image", "unsupported_image")), name


async def use(pool: EnginePool, spool: Spool, number: int, query: bytes) -> None:
    """Use the file as an original, as an overlay, or for its facts."""
    match number % 5:
        case 0:
            await pool.inspect(spool)
        case 1:
            with spooled(good("jpeg")) as original:
                await pool.render(original, plan(OVERLAID), [spool])
        case _:
            await pool.render(spool, plan(query))


def keep(name: str, number: int, body: bytes) -> None:
    """Save a failing file for debugging."""
    if folder := os.environ.get("PIXMILL_KEEP_MUTATIONS"):
        Path(folder, f"{name.replace(' ', '-')}-{number}").write_bytes(body)
