"""No purged entry is ever served by any tier, in any order of events; purged entries are removed from the tiers."""

import asyncio
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from pixmill.cache.disk.tier import DiskResultTier
from pixmill.cache.purge.file_log import MAX_SEGMENTS, SegmentedPurgeLog
from pixmill.cache.purge.segments import PURGES_FOLDER, FileSegments
from pixmill.cache.resilience.write_behind import WriteBehindTier
from pixmill.cache.tiered import TieredCache
from pixmill.cache.tiers.memory import MemoryTier
from pixmill.cache.tiers.object_store import ObjectStoreTier
from pixmill.errors import StoreUnavailable
from pixmill.plan.key import SOURCE_DIGITS, Key, source_digits
from pixmill.plan.purge import PurgeScope, PurgeTarget
from pixmill.plan.purge_rule import PurgeRule, rule_of
from pixmill.ports.values import Entry, Hit, PurgeMatch
from pixmill.storage.memory import MemoryStore
from tests.cache.entries import Recorder, entry_of, key_of

MIB = 2**20
KEY = key_of("an image")
SOURCES = ("https://a.example/1.jpg", "https://a.example/2.jpg", "https://b.example/1.jpg")
TAGS = ("sale", "home")
TARGETS = (
    *(PurgeTarget(PurgeScope.SOURCE, source) for source in SOURCES),
    *(PurgeTarget(PurgeScope.TAG, tag) for tag in TAGS),
    PurgeTarget(PurgeScope.PREFIX, "https://a.example/"),
    PurgeTarget(PurgeScope.ALL),
)


FOREIGN_SEGMENT = "0000000000000000001-0badcafe"
"""A valid name of a segment."""


def forbidden(path: Path) -> None:
    """Unreadable also for root: opening it is an error of the file system."""
    path.symlink_to(path)


async def server(folder: Path | None = None, store: MemoryStore | None = None) -> TieredCache:
    """Returns the cache of a server; its tiers below memory may be shared."""
    tiers: list[MemoryTier | WriteBehindTier[Entry]] = [MemoryTier(8 * MIB)]
    if folder:
        tiers.append(WriteBehindTier(await DiskResultTier.open(folder, 8 * MIB)))
    if store:
        tiers.append(WriteBehindTier(ObjectStoreTier(store, name="s3", max_entry_bytes=MIB)))
    cache = TieredCache(tiers)
    await cache.purge_service.open()
    return cache


async def news(purge_log: SegmentedPurgeLog) -> list[PurgeRule]:
    """Returns the rules that the log has since the last call."""
    return [rule async for part in purge_log.read() for rule in part.rules]


@asynccontextmanager
async def serving(folder: Path | None = None, store: MemoryStore | None = None) -> AsyncIterator[TieredCache]:
    cache = await server(folder, store)
    try:
        yield cache
    finally:
        await cache.close()


def names(target: PurgeTarget, sources: tuple[str, ...], tags: tuple[str, ...]) -> bool:
    """A second implementation, unlike that of ``rules.py``."""
    if target.scope is PurgeScope.TAG:
        return target.value in tags
    if target.scope is PurgeScope.PREFIX:
        return any(source.startswith(target.value) for source in sources)
    return target.scope is PurgeScope.ALL or target.value in sources


class Servers(RuleBasedStateMachine):
    """Two servers on one folder and one bucket.

    Each body is made once; ``purged`` are those that must not be served.
    """

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.store = MemoryStore(8 * MIB)
        self.made: dict[bytes, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self.purged: set[bytes] = set()
        self.soft: set[bytes] = set()
        self.log: list[PurgeTarget] = []
        self.begun: list[tuple[int, float, int]] = []

    @initialize()
    def start(self) -> None:
        self.servers = [self.runner.run(self.opened()) for _ in range(2)]

    async def opened(self) -> TieredCache:
        return await server(Path(self.folder.name), self.store)

    @rule(which=st.integers(0, 1))
    def begin_to_render(self, which: int) -> None:
        self.begun.append((which, self.servers[which].purge_rules.current_watermark(), len(self.log)))

    @rule(
        which=st.integers(0, 1),
        slot=st.integers(0, 2),
        sources=st.lists(st.sampled_from(SOURCES), min_size=1, max_size=2),
        tags=st.lists(st.sampled_from(TAGS), max_size=2),
        late=st.booleans(),
    )
    def put(self, which: int, slot: int, sources: list[str], tags: list[str], *, late: bool) -> None:
        """Store at once after the fetch, or at the end of a render that began earlier."""
        body = f"body {len(self.made)}".encode()
        watermark = self.servers[which].purge_rules.current_watermark()
        self.made[body] = tuple(sources), tuple(tags)
        if late and self.begun:
            which, watermark, before = self.begun.pop(0)
            if any(names(purged, *self.made[body]) for purged in self.log[before:]):
                self.purged.add(body)
        entry = entry_of(body, sources=tuple(sources), tags=tuple(tags), purge_watermark=watermark)
        self.runner.run(self.servers[which].put(key_of(slot), entry))

    @rule(which=st.integers(0, 1), what=st.sampled_from(TARGETS), hard=st.booleans())
    def purge(self, which: int, what: PurgeTarget, *, hard: bool) -> None:
        purge_target = PurgeTarget(what.scope, what.value, hard)
        result = self.runner.run(self.servers[which].purge_service.purge([purge_target]))
        assert (result.issued, result.unsynced) == (1, ())
        self.runner.run(self.servers[1 - which].purge_service.pull())
        named = {body for body, (sources, tags) in self.made.items() if names(what, sources, tags)}
        if hard:
            self.purged |= named
            self.log.append(what)
        else:
            self.soft |= named

    @rule(which=st.integers(0, 1))
    def restart(self, which: int) -> None:
        self.begun = [begun for begun in self.begun if begun[0] != which]
        self.runner.run(self.servers[which].close())
        self.servers[which] = self.runner.run(self.opened())

    @rule()
    def drain_all(self) -> None:
        for cache in self.servers:
            self.runner.run(cache.drain())

    @rule(which=st.integers(0, 1), slot=st.integers(0, 2), peek=st.booleans())
    def ask(self, which: int, slot: int, *, peek: bool) -> None:
        cache = self.servers[which]
        hit = cache.peek(key_of(slot)) if peek else self.runner.run(cache.get(key_of(slot)))
        if isinstance(hit, Hit):
            assert hit.entry.body not in self.purged
            if hit.entry.body in self.soft:
                assert hit.entry.meta.lifetime.fresh_until <= cache.purge_rules.latest, "stale"

    def teardown(self) -> None:
        for cache in getattr(self, "servers", ()):
            self.runner.run(cache.close())
        self.runner.close()
        self.folder.cleanup()


TestServers = Servers.TestCase
TestServers.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


async def test_a_purge_outlives_the_server_and_is_heard_of_by_others(tmp_path: Path) -> None:
    async with serving(tmp_path) as one, serving(tmp_path) as other:
        await one.put(KEY, entry_of(sources=("a",)))
        await one.drain()
        assert await other.get(KEY) is not None
        await one.purge_service.purge([PurgeTarget(PurgeScope.SOURCE, "a")])
        assert one.peek(KEY) is None
        await other.purge_service.pull()
        assert other.peek(KEY) is None
    async with serving(tmp_path) as later:
        assert await later.get(KEY) is None


async def test_a_server_hears_of_a_purge_without_being_asked_to(tmp_path: Path) -> None:
    async with serving(tmp_path) as one, serving(tmp_path) as other:
        await other.put(KEY, entry_of(sources=("a",)))
        await one.purge_service.purge([PurgeTarget(PurgeScope.SOURCE, "a")])
        async with asyncio.timeout(30):
            while other.peek(KEY) is not None:
                await asyncio.sleep(0.02)


async def test_what_is_gone_is_removed_from_every_tier(tmp_path: Path) -> None:
    store, recorder = MemoryStore(8 * MIB), Recorder()
    tiers: list[MemoryTier | WriteBehindTier[Entry]] = [
        MemoryTier(8 * MIB),
        WriteBehindTier(await DiskResultTier.open(tmp_path, 8 * MIB)),
        WriteBehindTier(ObjectStoreTier(store, name="s3", max_entry_bytes=MIB)),
    ]
    cache = TieredCache(tiers, recorder)
    await cache.purge_service.open()
    keys = [Key(source_digits(f"{number % 2}.jpg") + key_of(number)[SOURCE_DIGITS:]) for number in range(7)]
    for number in range(6):
        await cache.put(keys[number], entry_of(sources=(f"{number % 2}.jpg",), tags=(f"t{number}",)))
    await cache.put(keys[6], entry_of(sources=("0.jpg", "1.jpg")))
    await cache.drain()
    result = await cache.purge_service.purge(
        [PurgeTarget(PurgeScope.SOURCE, "1.jpg"), PurgeTarget(PurgeScope.TAG, "t0", hard=False)]
    )
    assert (result.issued, result.removed) == (2, 4)
    async with asyncio.timeout(30):
        while cache.purge_service.is_sweeping():
            await asyncio.sleep(0.01)
    assert cache.purge_service.removed_by_tier() == {"memory": 4, "disk": 4, "s3": 4}
    left = {file.name for file in tmp_path.rglob("*") if len(file.name) == 64}
    assert left == {keys[number] for number in (0, 2, 4)}
    objects = {stat.path.replace("/", "") async for stat in store.list(source_digits("0.jpg"))}
    assert objects == left
    assert [stat async for stat in store.list(source_digits("1.jpg"))] == []
    assert [stat async for stat in store.list(f"i/{source_digits('1.jpg')}")] == [], "the index goes too"
    assert recorder.counts["purge", "source"] == recorder.counts["purge", "tag"] == 1
    assert recorder.counts["purged", "disk"] == 4
    await cache.close()


async def test_a_board_that_is_down_is_named_and_told_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Down(MemoryStore):
        down = True

        async def put(self, path: str, data: bytes) -> None:
            if self.down:
                raise StoreUnavailable(detail="in private")
            await super().put(path, data)

    store = Down(8 * MIB)
    async with serving(tmp_path, store) as cache:
        with caplog.at_level(logging.WARNING):
            for _ in range(2):
                result = await cache.purge_service.purge([PurgeTarget(PurgeScope.SOURCE, "a")])
                assert result.unsynced == ("s3",)
        assert len([record for record in caplog.records if "s3" in record.message]) == 1
        store.down = False
        await cache.purge_service.pull()
    async with serving(store=store) as other:
        assert [purge.target for purge in other.purge_service.active_purges()] == [PurgeTarget(PurgeScope.SOURCE, "a")]


async def test_many_slips_become_one_and_no_rule_is_lost(tmp_path: Path) -> None:
    async with serving(tmp_path) as cache, serving(tmp_path) as other:
        for number in range(MAX_SEGMENTS + 5):
            await (cache, other)[number % 2].purge_service.purge([PurgeTarget(PurgeScope.TAG, f"t{number}")])
        await asyncio.gather(cache.purge_service.pull(), other.purge_service.pull())
        await asyncio.gather(cache.purge_service.pull(), other.purge_service.pull())
        assert len(list((tmp_path / PURGES_FOLDER).iterdir())) <= 3
    async with serving(tmp_path) as later:
        assert later.purge_service.count_purges() == MAX_SEGMENTS + 5
        tags = [f"t{n}" for n in range(MAX_SEGMENTS + 5)]
        assert {later.purge_rules.match((), (tag,), 0.0) for tag in tags} == {PurgeMatch.HARD}


@pytest.mark.parametrize(
    "segment",
    [
        b"",
        b"not json",
        b"[" * 100_000,
        b'[{"target":{"scope":"nothing"},"at":5}]',
        b'[{"target":{"scope":"all"},"at":1e300}]',
        b'[{"target":{"scope":"all"},"at":-5}]',
    ],
)
async def test_a_slip_that_nobody_wrote_does_no_harm(tmp_path: Path, segment: bytes) -> None:
    purge_log = SegmentedPurgeLog(FileSegments(tmp_path), name="disk", poll_s=1)
    (tmp_path / PURGES_FOLDER).mkdir()
    (tmp_path / PURGES_FOLDER / FOREIGN_SEGMENT).write_bytes(segment)
    assert await news(purge_log) == []
    purge = rule_of(PurgeTarget(PurgeScope.TAG, "t"), 5.0)
    await purge_log.write([purge])
    assert await news(SegmentedPurgeLog(FileSegments(tmp_path), name="disk", poll_s=1)) == [purge]


@pytest.mark.parametrize("name", [FOREIGN_SEGMENT, "@eaDir", "README", ".nfs0001", "0000000000000000001-0000000g"])
@pytest.mark.parametrize("put", [Path.mkdir, os.mkfifo, forbidden], ids=["folder", "pipe", "forbidden"])
async def test_what_else_lies_among_the_slips_hides_none_of_them(
    tmp_path: Path, name: str, put: Callable[[Path], object]
) -> None:
    """A NAS creates folders of its own, and a server that runs as another user may write unreadable files."""
    purge_log, other = (SegmentedPurgeLog(FileSegments(tmp_path), name="disk", poll_s=1) for _ in range(2))
    purge = rule_of(PurgeTarget(PurgeScope.TAG, "t"), 5.0)
    await other.write([purge])
    put(tmp_path / PURGES_FOLDER / name)
    async with asyncio.timeout(30):
        assert await news(purge_log) == [purge]


async def test_only_slips_are_taken_down(tmp_path: Path) -> None:
    purge_log = SegmentedPurgeLog(FileSegments(tmp_path), name="disk", poll_s=1)
    (tmp_path / PURGES_FOLDER).mkdir()
    (tmp_path / PURGES_FOLDER / "README").write_text("These are purges.")
    for number in range(MAX_SEGMENTS + 1):
        await purge_log.write([rule_of(PurgeTarget(PurgeScope.TAG, f"t{number}"), 5.0)])
    await news(purge_log)
    await purge_log.compact(lambda _: True)
    assert len(names := [file.name for file in (tmp_path / PURGES_FOLDER).iterdir()]) == 2
    assert "README" in names


async def test_a_folder_that_is_cleared_hears_of_the_purges_again_each_time(tmp_path: Path) -> None:
    async with serving(tmp_path) as cache:
        await cache.purge_service.purge([PurgeTarget(PurgeScope.SOURCE, "a")])
        for looks in (1, 1, 2, 3):
            for file in (tmp_path / PURGES_FOLDER).iterdir():
                file.unlink()
            (tmp_path / PURGES_FOLDER).rmdir()
            for _ in range(looks):
                await cache.purge_service.pull()
        assert len(list((tmp_path / PURGES_FOLDER).iterdir())) == 1, "and once"
    async with serving(tmp_path) as later:
        assert later.purge_rules.match(("a",), (), 0.0) is PurgeMatch.HARD
