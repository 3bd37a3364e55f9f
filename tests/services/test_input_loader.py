"""All pictures of a result: fetched at once, held together, told apart when one fails."""

import asyncio
from contextlib import nullcontext, suppress

import pytest

from pixmill.errors import SourceBusy, SourceNotFound, SourceUnreachable
from pixmill.plan.freshness import CacheDirectives, FreshnessPolicy, NegativeTtl
from pixmill.plan.ops import ImageOverlay, Plan
from pixmill.plan.overlays import TextOverlay
from pixmill.plan.shapes import ImageMask, Shape
from pixmill.plan.source import SourceRef, parse_source
from pixmill.ports.observe import NullObserver
from pixmill.ports.values import Original, OriginalVersion
from pixmill.runtime.spool import Spool
from pixmill.services.inputs.caches import FetchFailureCache, InputCaches, VersionCache
from pixmill.services.inputs.loader import InputLoader

PHOTO = parse_source("photo.jpg")


class Origin:
    """Gives each picture when its gate is open; ``said`` is how fresh each is."""

    def __init__(self) -> None:
        self.fetched: list[str] = []
        self.revalidated: list[str] = []
        self.spools: dict[str, Spool] = {}
        self.freshness_lifetimes: dict[str, float | None] = {}
        self.versions: dict[str, str] = {}
        self.missing: set[str] = set()
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self, ref: SourceRef) -> Original:
        self.fetched.append(ref.text)
        if ref.text in self.missing:
            raise SourceNotFound(detail="in private")
        await self.gate.wait()
        spool = self.spools[ref.text] = Spool(10)
        return Original(spool, OriginalVersion(self.versions.get(ref.text, "v"), self._directives(ref)))

    async def revalidate(self, ref: SourceRef, validator: str) -> Original | CacheDirectives:
        if self.versions.get(ref.text, "v") != validator:
            return await self.fetch(ref)
        self.revalidated.append(ref.text)
        await self.gate.wait()
        return self._directives(ref)

    def _directives(self, ref: SourceRef) -> CacheDirectives:
        return CacheDirectives(self.freshness_lifetimes.get(ref.text))


def plan_with(*names: str) -> Plan:
    return Plan(overlays=(TextOverlay("x"), *(ImageOverlay(parse_source(name)) for name in names)))


def make_loader(origin: Origin) -> InputLoader:
    freshness = FreshnessPolicy(default_ttl_s=100)
    return InputLoader(origin, nullcontext, InputCaches(VersionCache(freshness)), freshness, NullObserver())


async def load(origin: Origin, *plans: Plan) -> Original:
    async with make_loader(origin).load(PHOTO, *plans) as original:
        return original


async def test_everything_is_fetched_at_once_and_given_back_together() -> None:
    origin = Origin()
    origin.gate.clear()
    loader = make_loader(origin)

    async def hold() -> list[Spool]:
        async with loader.load(PHOTO, plan_with("a.png", "b.png")) as original:
            assert all(spool.fd >= 0 for spool in origin.spools.values())
            return [original.spool, *original.extras]

    holding = asyncio.create_task(hold())
    await asyncio.sleep(0.01)
    assert sorted(origin.fetched) == ["a.png", "b.png", "photo.jpg"]
    origin.gate.set()
    assert await holding == [origin.spools[name] for name in ("photo.jpg", "a.png", "b.png")]
    assert all(spool.fd == -1 for spool in origin.spools.values())


async def test_extras_are_in_the_order_of_the_references_each_once() -> None:
    origin = Origin()
    masked = Plan(shape=Shape(mask=ImageMask(parse_source("m.png"))))
    original = await load(origin, plan_with("b.png", "a.png", "b.png"), masked)
    assert list(original.extras) == [origin.spools[name] for name in ("b.png", "a.png", "m.png")]


@pytest.mark.parametrize(
    ("photo", "overlay", "together"),
    [(60.0, 10.0, 10.0), (10.0, 60.0, 10.0), (None, 500.0, 100.0), (500.0, None, 100.0), (None, None, None)],
)
async def test_it_is_as_fresh_as_the_least_fresh(photo: float | None, overlay: float | None, together: float) -> None:
    origin = Origin()
    origin.freshness_lifetimes = {"photo.jpg": photo, "a.png": overlay}
    assert (await load(origin, plan_with("a.png"))).version.directives.freshness_lifetime_s == together


async def test_the_validator_changes_with_each_of_them_and_is_the_original_s_own_alone() -> None:
    origin, seen = Origin(), set()
    for versions in ({}, {"photo.jpg": "w"}, {"a.png": "w"}, {"b.png": "w"}):
        origin.versions = versions
        seen.add((await load(origin, plan_with("a.png", "b.png"))).version.validator)
    assert len(seen) == 4
    assert (await load(origin, plan_with())).version.validator == "v"


@pytest.mark.parametrize(("name", "message", "param"), [("b.png", "Overlay 3: ", "overlay"), ("photo.jpg", "", None)])
async def test_a_failure_says_which_and_keeps_its_code(name: str, message: str, param: str | None) -> None:
    origin = Origin()
    origin.missing.add(name)
    with pytest.raises(SourceNotFound) as caught:
        await load(origin, plan_with("a.png", "b.png"))
    assert caught.value.message == message + SourceNotFound.title
    assert (caught.value.param, caught.value.detail) == (param, "in private")
    assert all(spool.fd == -1 for spool in origin.spools.values())


async def test_when_one_fails_nobody_waits_for_the_others() -> None:
    origin = Origin()
    origin.gate.clear()
    origin.missing.add("b.png")
    with pytest.raises(SourceNotFound):
        await asyncio.wait_for(load(origin, plan_with("a.png", "b.png")), timeout=30)
    origin.gate.set()
    await asyncio.sleep(0)
    assert not origin.spools


async def test_a_failure_shared_by_two_is_named_for_each() -> None:
    origin = Origin()
    loader = make_loader(origin)
    started = asyncio.Event()

    async def fail(ref: SourceRef) -> Original:
        if ref == PHOTO:
            return Original(Spool(10), OriginalVersion("v"))
        await started.wait()
        raise SourceUnreachable

    origin.fetch = fail  # type: ignore[method-assign]  # an origin that is down

    async def described(plan: Plan) -> str:
        try:
            async with loader.load(PHOTO, plan):
                return ""
        except SourceUnreachable as error:
            return error.message

    asking = [asyncio.create_task(described(plan)) for plan in (plan_with("a.png"), plan_with("c.png", "a.png"))]
    await asyncio.sleep(0.01)
    started.set()
    messages = await asyncio.gather(*asking)
    assert messages[0].startswith("Overlay 2: ")
    assert messages[1].count("Overlay") == 1


async def test_whoever_leaves_takes_nothing_from_others() -> None:
    origin = Origin()
    origin.gate.clear()
    loader = make_loader(origin)

    async def hold(plan: Plan) -> int:
        async with loader.load(PHOTO, plan) as original:
            return len(original.extras)

    leaving, staying = (asyncio.create_task(hold(plan)) for plan in (plan_with("a.png"), plan_with("a.png", "b.png")))
    await asyncio.sleep(0.01)
    leaving.cancel()
    with suppress(asyncio.CancelledError):
        await leaving
    origin.gate.set()
    assert await staying == 2
    assert origin.fetched.count("a.png") == 1


async def test_a_fetch_that_this_server_has_no_slot_for_is_not_remembered_as_a_failure_of_the_source() -> None:
    class Busy(Origin):
        async def fetch(self, ref: SourceRef) -> Original:
            if not self.fetched:
                self.fetched.append(ref.text)
                raise SourceBusy
            return await super().fetch(ref)

    freshness, failures = FreshnessPolicy(default_ttl_s=100), FetchFailureCache(NegativeTtl(100, 100, 100))
    caches = InputCaches(VersionCache(freshness), fetch_failures=failures)
    loader = InputLoader(Busy(), nullcontext, caches, freshness, NullObserver())
    with pytest.raises(SourceBusy):
        async with loader.load(PHOTO):
            pass
    async with loader.load(PHOTO) as original:
        assert original.version.validator == "v"
