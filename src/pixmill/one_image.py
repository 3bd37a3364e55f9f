"""Renders and inspects one image without a server, for ``pixmill resize`` and ``pixmill info``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Final
from urllib.parse import urlencode

import click
import msgspec

from pixmill.dialects.native.dialect import NativeDialect
from pixmill.media import MODERN_FORMATS
from pixmill.plan.facts import Facts
from pixmill.plan.freshness import FreshnessPolicy
from pixmill.plan.negotiation import ordered_plans
from pixmill.plan.ops import Plan
from pixmill.ports.observe import NullObserver
from pixmill.ports.pipeline import Engine
from pixmill.ports.values import Rendered
from pixmill.runtime.spool import Spool
from pixmill.services.inputs.caches import InputCaches, VersionCache
from pixmill.services.inputs.loader import InputLoader
from pixmill.settings import load
from pixmill.wiring import build_sources_and_engine

CHUNK_BYTES: Final = 2**20


async def render_one(source: str, params: dict[str, str]) -> Rendered:
    """Render ``source``, a file, a URL or ``-``, by parameters of ``/resize``. Raises PixmillError, OSError."""
    async with _open_render_context(source, params) as (engine, spool, plan, referenced):
        return await engine.render(spool, plan, referenced)


async def inspect_one(source: str, params: dict[str, str]) -> Facts:
    """Return facts about ``source`` by parameters of ``/info``. Raises as ``render_one``."""
    async with _open_render_context(source, params, b"/info") as (engine, spool, plan, _):
        return await engine.inspect(spool, plan.fact_selection)


@asynccontextmanager
async def _open_render_context(
    source: str, params: dict[str, str], path: bytes = b"/resize"
) -> AsyncIterator[tuple[Engine, Spool, Plan, list[Spool]]]:
    """Yield an engine of one worker, the original, the plan, and the images that the plan refers to."""
    is_local = "://" not in source
    query = urlencode(params if is_local else params | {"url": source})
    settings = load({"workers": 1})
    request = NativeDialect(default_mode=settings.render_mode).parse(path, query.encode(), upload=is_local)
    if request.plan.output.ordered:
        request = msgspec.structs.replace(request, plan=ordered_plans(request.plan, frozenset(MODERN_FORMATS))[0])
    async with build_sources_and_engine(settings) as (sources, engine):
        freshness = FreshnessPolicy()
        inputs = InputLoader(sources, engine.announce, InputCaches(VersionCache(freshness)), freshness, NullObserver())
        original = (
            _read_file(source, settings.max_source_bytes) if is_local else (await sources.fetch(request.source)).spool
        )
        with closing(original):
            async with inputs.load_references(request.plan) as referenced:
                yield engine, original, request.plan, [image.spool for image in referenced]


def _read_file(path: str, max_bytes: int) -> Spool:
    spool = Spool(max_bytes)
    with click.open_file(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            spool.write(chunk)
    return spool
