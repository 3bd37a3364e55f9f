"""Builds stores, sources and engine alone: for the library and for commands, which need no server and no cache.

Must never import the API, a dialect, Granian or Prometheus.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from pixmill.engine.config import EngineConfig
from pixmill.engine.pool.pool import EnginePool
from pixmill.engine.sandbox.policy import SandboxMode, missing_layers
from pixmill.errors import StoreDenied, StoreError
from pixmill.image_config import ImageConfig
from pixmill.ports.observe import NullObserver, Observer
from pixmill.ports.pipeline import Engine, Source
from pixmill.ports.storage import Store
from pixmill.runtime.memory_budget import UNLIMITED_BUDGET, MemoryBudget
from pixmill.sources.router import Sources
from pixmill.sources.uploads import UploadSource
from pixmill.storage.registry import StoreRegistry
from pixmill.storage.rooted_fs import ServedFiles
from pixmill.telemetry.redaction import redact


class Openable(Protocol):
    """A part that is opened in the event loop in which it works."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...


Part = TypeVar("Part", bound=Openable)


async def open_part(part: Part, stack: AsyncExitStack) -> Part:
    """Open a part that is closed even if opening it fails halfway."""
    stack.push_async_callback(part.close)
    await part.open()
    return part


async def open_engine(
    config: EngineConfig, observer: Observer, stack: AsyncExitStack, *, is_shared: bool = True
) -> EnginePool:
    """Start the workers; ``is_shared`` as in ``EnginePool``. Raises NoWorker, ValueError that names the setting."""
    missing = missing_layers() if config.sandbox is SandboxMode.STRICT else []
    if missing:
        names = " and ".join(missing)
        raise ValueError(
            f"PIXMILL_SANDBOX=strict needs {names}, which this machine does not have; auto uses the others"
        )
    return await open_part(EnginePool(config, observer, is_shared=is_shared), stack)


def make_sources(
    config: ImageConfig,
    stores: StoreRegistry,
    observer: Observer,
    budget: MemoryBudget = UNLIMITED_BUDGET,
    *,
    uploads: UploadSource | None = None,
    hidden_folders: tuple[Path, ...] = (),
    is_listed: bool = False,
) -> Sources:
    """Return the sources; ``is_listed``: errors name files of the image root that are similar."""
    images = open_images(config, stores, hidden_folders) if config.images else None
    return Sources(
        config,
        observer,
        images=images,
        listed_images=images if is_listed else None,
        uploads=uploads,
        locate=stores.locate,
        budget=budget,
    )


def open_images(config: ImageConfig, stores: StoreRegistry, hidden_folders: tuple[Path, ...] = ()) -> Store:
    """Open the image root without ``hidden_folders``. Raises StoreError that names the setting."""
    try:
        return stores.open(config.images, served=ServedFiles(config.images_hidden, hidden_folders))
    except StoreError as error:
        text = redact(config.images)
        named = error.message if text in error.message else f"{text}: {error.message}"
        raise type(error)(f"{named}{_advice(error)}", param="PIXMILL_IMAGES", detail=error.detail) from error


def _advice(error: StoreError) -> str:
    if isinstance(error, StoreDenied):
        return (
            ": add it to PIXMILL_STORES, or use the credentials of the environment for all buckets; for example "
            "PIXMILL_STORES_ALLOW_UNNAMED=true"
        )
    return "; for example PIXMILL_IMAGES=/srv/images"


@asynccontextmanager
async def build_sources(config: ImageConfig) -> AsyncIterator[tuple[StoreRegistry, Source]]:
    """Yield stores and sources alone."""
    async with AsyncExitStack() as stack:
        stores = StoreRegistry(config)
        stack.push_async_callback(stores.close)
        yield stores, await open_part(make_sources(config, stores, NullObserver()), stack)


@asynccontextmanager
async def build_engine(config: EngineConfig, *, is_shared: bool = True) -> AsyncIterator[Engine]:
    """Yield the engine alone."""
    async with AsyncExitStack() as stack:
        yield await open_engine(config, NullObserver(), stack, is_shared=is_shared)
