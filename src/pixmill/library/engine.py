"""The engine of a program: ``resize``, ``info`` and others, for threads and for event loops.

Knows sources, targets and the work at hand; ``core.py`` does it. Workers start with the first call.
"""

import asyncio
import os
import threading
import weakref
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, Self, TypeVar, cast, overload

import msgspec

from pixmill.errors import InvalidParameter, PixmillError
from pixmill.image_config import ImageConfig
from pixmill.library import sources, targets
from pixmill.library.core import Core, Original, closed_error
from pixmill.library.limiter import InFlightLimiter
from pixmill.library.mapping import OnError, amap_in_order, map_in_order, result_or_error
from pixmill.library.params import Compiler, selection_of_texts, texts_of
from pixmill.library.result import Result
from pixmill.library.settings import load_settings, with_max_wait
from pixmill.library.sources import AsyncSource, Source
from pixmill.library.targets import Target
from pixmill.library.waiting import await_call, wait, wait_for_slot
from pixmill.plan.facts import Facts, FactSelection
from pixmill.plan.ops import Plan
from pixmill.ports.pipeline import MAX_PLANS
from pixmill.ports.values import Rendered
from pixmill.runtime.spool import Spool

if TYPE_CHECKING:
    from typing import Unpack

    from pixmill.library.param_types import Info, InfoParams, ResizeParams, SrcsetParams
    from pixmill.library.srcset import Srcset

T = TypeVar("T")

PlaceholderKind = Literal["thumbhash", "blurhash", "lqip", "color"]

_FACT_OF_PLACEHOLDER: Final = {"thumbhash": "thumbhash", "blurhash": "blurhash", "lqip": "lqip", "color": "average"}
_IN_FLIGHT_PER_WORKER: Final = 4
_ENGINES: "weakref.WeakSet[Engine]" = weakref.WeakSet()
"""All engines: a fork concerns each."""


class _Running:
    """Holds the core of an engine that has started; an engine that is garbage, or the end of the process, closes it."""

    core: Core | None = None

    def close(self) -> None:
        core, self.core = self.core, None
        if core:
            core.close()


class Engine:
    """Renders images in confined worker processes.

    Workers start with the first call, or with the ``with`` block, and end with the block, with ``close``, or with the
    process. Threads and event loops may share an engine. A forked process, and one that gets it pickled, starts its own
    workers.

    ``workers`` is the number of processes; by default one per core. ``settings`` are those of docs/settings.md that
    concern sources, stores and rendering, by their names in lower case without ``PIXMILL_``; environment variables
    are their defaults. Raises UnknownParameter, InvalidParameter.

    >>> import pixmill
    >>> with pixmill.Engine(workers=1) as engine:
    ...     [result.width for result in engine.map(["photo.jpg", "logo.svg"], width=200)]
    [200, 200]
    """

    def __init__(self, workers: int | None = None, **settings: object) -> None:
        self._set_up(load_settings({"workers": workers, **settings}))

    @classmethod
    def of(cls, config: ImageConfig) -> Self:
        """Return an engine with settings that have been loaded, such as those of the command line."""
        engine = cls.__new__(cls)
        cls._set_up(engine, config)
        return engine

    def _set_up(self, config: ImageConfig) -> None:
        self._settings = with_max_wait(config)
        self._compiler = Compiler(self._settings.render_mode)
        self._lock = threading.Lock()
        self._running = _Running()
        self._is_closed = False
        self._finalizer = weakref.finalize(self, self._running.close)
        _ENGINES.add(self)

    def __reduce__(self) -> "tuple[Callable[[ImageConfig], Engine], tuple[ImageConfig]]":
        return Engine.of, (self._settings,)

    # ------------------------------------------------------------ life

    def open(self) -> Self:
        """Start the workers now and not with the first call. Raises NoWorker, Draining if it was closed."""
        self._core()
        return self

    def close(self) -> None:
        """End the workers at once. Calls in progress, and later ones, raise Draining."""
        with self._lock:
            self._is_closed = True
        self._running.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.open)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    # ------------------------------------------------------------ one image

    def resize(self, source: Source, target: Target | None = None, **params: "Unpack[ResizeParams]") -> Result:
        """Render an image; write it to ``target`` if there is one.

        ``source`` is bytes, a path, a URL, or an open file. The format is that of the ending of ``target``, or that of
        ``format``, or fits the image. Raises PixmillError; OSError of the target.

        >>> import pixmill
        >>> with pixmill.Engine(workers=1) as engine:
        ...     engine.resize("photo.jpg", width=300, height=300, fit="cover", format="jpeg")
        <Result jpeg, 300 × 300, 14.1 kB>
        """
        return self.render_texts(source, texts_of(params), target)

    async def aresize(
        self, source: AsyncSource, target: Target | None = None, **params: "Unpack[ResizeParams]"
    ) -> Result:
        """Render an image without blocking the event loop, otherwise as ``resize``.

        ``source`` may also be a file whose ``read`` is a coroutine.
        """
        plan = self._plan(texts_of(params), target)
        rendered = await self._acall(source, lambda core, original: core.render(original, plan))
        if target is None:
            return Result.of(rendered)
        return Result.of(rendered, await asyncio.to_thread(targets.write, target, rendered.body))

    def render_texts(self, source: Source, params: Mapping[str, str], target: Target | None = None) -> Result:
        """Render an image by parameters as URLs have them, decoded: ``{"width": "400", "crop": "10,20,300,200"}``."""
        plan = self._plan(params, target)
        rendered = self._call(source, lambda core, original: core.render(original, plan))
        return Result.of(rendered, None if target is None else targets.write(target, rendered.body))

    @overload
    def resize_many(
        self, source: Source, variants: Iterable["ResizeParams"], *, on_error: Literal["raise"] = "raise"
    ) -> list[Result]: ...

    @overload
    def resize_many(
        self, source: Source, variants: Iterable["ResizeParams"], *, on_error: Literal["return"]
    ) -> list[Result | PixmillError]: ...

    def resize_many(
        self, source: Source, variants: Iterable["ResizeParams"], *, on_error: OnError = "raise"
    ) -> Sequence[Result | PixmillError]:
        """Render several results from one decode, in order; ``variants`` are the parameters of each."""
        _check_on_error(on_error)
        plans = [self._plan(texts_of(variant), None) for variant in variants]
        if len(plans) <= MAX_PLANS:
            outcomes = self._call_many(source, plans)
        else:  # a file object can be read once
            with closing(self._load(source)) as original:
                outcomes = self._call_many(original, plans)
        return [result_or_error(outcome, on_error) for outcome in outcomes]

    def info(self, source: Source, **params: "Unpack[InfoParams]") -> "Info":
        """Return facts about an image: format, width, height and others, as ``/info`` does.

        >>> import pixmill
        >>> with pixmill.Engine(workers=1) as engine:
        ...     facts = engine.info("photo.jpg", include=["palette"])
        >>> facts["width"], facts["height"], facts["format"]
        (4272, 2848, 'jpeg')
        """
        return self.info_texts(source, texts_of(params))

    async def ainfo(self, source: AsyncSource, **params: "Unpack[InfoParams]") -> "Info":
        """Return facts about an image without blocking the event loop."""
        selection = selection_of_texts(texts_of(params))
        return _info(await self._acall(source, lambda core, original: core.inspect(original, selection)))

    def info_texts(self, source: Source, params: Mapping[str, str]) -> "Info":
        """Return facts about an image by parameters as URLs have them, decoded."""
        selection = selection_of_texts(params)
        return _info(self._inspect(source, selection))

    def placeholder(self, source: Source, kind: PlaceholderKind = "thumbhash") -> str:
        """Return what a page shows until it has the image: a hash, a tiny image as a ``data:`` URL, or a colour."""
        return _placeholder(self._inspect(source, _placeholder_selection(kind)), kind)

    async def aplaceholder(self, source: AsyncSource, kind: PlaceholderKind = "thumbhash") -> str:
        """Return a placeholder without blocking the event loop."""
        selection = _placeholder_selection(kind)
        return _placeholder(await self._acall(source, lambda core, original: core.inspect(original, selection)), kind)

    def srcset(
        self, source: Source, target: str | os.PathLike[str], *, url: str = "", **params: "Unpack[SrcsetParams]"
    ) -> "Srcset":
        """Write the files of a responsive image, and return the HTML that shows them.

        ``target`` is a path with ``{width}`` and ``{ext}``; ``url`` is the beginning of the URLs, before the names of
        the files. The other parameters are those of ``/srcset``; ``class`` is written ``class_``.
        """
        from pixmill.library.srcset import Operations, build_srcset  # noqa: PLC0415 - few need it

        texts = {name.rstrip("_"): text for name, text in texts_of(params).items()}
        with closing(self._load(source)) as original:
            operations = Operations(
                self._settings.limits(),
                self._compiler.plan_of_query,
                lambda selection: self._inspect(original, selection),
                lambda plans: self._call_many(original, plans),
            )
            return build_srcset(operations, target, url, texts)

    # ------------------------------------------------------------ many images

    @overload
    def map(
        self,
        sources: Iterable[Source],
        *,
        on_error: Literal["raise"] = "raise",
        in_flight: int | None = None,
        **params: "Unpack[ResizeParams]",
    ) -> Iterator[Result]: ...

    @overload
    def map(
        self,
        sources: Iterable[Source],
        *,
        on_error: Literal["return"],
        in_flight: int | None = None,
        **params: "Unpack[ResizeParams]",
    ) -> Iterator[Result | PixmillError]: ...

    def map(
        self,
        sources: Iterable[Source],
        *,
        on_error: OnError = "raise",
        in_flight: int | None = None,
        **params: "Unpack[ResizeParams]",
    ) -> Iterator[Result | PixmillError]:
        """Render many images with the same parameters, and yield the results in the order of ``sources``.

        ``sources`` is consumed as results are: at most ``in_flight`` images, by default four per worker, are read,
        rendered or waiting to be taken. An image that fails raises its error, which ends the iteration; with
        ``on_error="return"`` the error is yielded in its place.
        """
        limit = self._in_flight(in_flight, on_error, sources)
        plan = self._plan(texts_of(params), None)
        return map_in_order(
            lambda source: self._start(source, lambda core, original: core.render(original, plan)),
            sources,
            on_error,
            limit,
        )

    @overload
    def amap(
        self,
        sources: Iterable[AsyncSource] | AsyncIterable[AsyncSource],
        *,
        on_error: Literal["raise"] = "raise",
        in_flight: int | None = None,
        **params: "Unpack[ResizeParams]",
    ) -> AsyncIterator[Result]: ...

    @overload
    def amap(
        self,
        sources: Iterable[AsyncSource] | AsyncIterable[AsyncSource],
        *,
        on_error: Literal["return"],
        in_flight: int | None = None,
        **params: "Unpack[ResizeParams]",
    ) -> AsyncIterator[Result | PixmillError]: ...

    def amap(
        self,
        sources: Iterable[AsyncSource] | AsyncIterable[AsyncSource],
        *,
        on_error: OnError = "raise",
        in_flight: int | None = None,
        **params: "Unpack[ResizeParams]",
    ) -> AsyncIterator[Result | PixmillError]:
        """Render many images without blocking the event loop, otherwise as ``map``."""
        limit = self._in_flight(in_flight, on_error, sources)
        plan = self._plan(texts_of(params), None)
        return amap_in_order(
            lambda source: self._acall(source, lambda core, original: core.render(original, plan)),
            sources,
            on_error,
            limit,
        )

    def _in_flight(self, in_flight: int | None, on_error: str, all_sources: object) -> int:
        """Return how many calls may have begun; checks the other arguments of ``map``. Raises InvalidParameter."""
        _check_on_error(on_error)
        if isinstance(all_sources, str | bytes | os.PathLike):
            raise InvalidParameter("sources must be several sources, such as a list of paths", param="sources")
        if in_flight is None:
            return _IN_FLIGHT_PER_WORKER * self._settings.worker_count()
        if in_flight < 1:
            raise InvalidParameter("in_flight must be at least 1", param="in_flight")
        return in_flight

    # ------------------------------------------------------------ calls

    def _plan(self, texts: Mapping[str, str], target: Target | None) -> Plan:
        """Compile parameters, with the format of the target. Raises BadRequest."""
        if isinstance(target, str | os.PathLike):
            names = ("format", "f", "fm")
            given = next((texts[name] for name in names if name in texts), "")
            form = targets.format_for(target, given)
            if sum(name in texts for name in names) <= 1:  # the compiler refuses several
                texts = {name: text for name, text in texts.items() if name not in names} | {"format": form}
        elif target is not None and not callable(getattr(target, "write", None)):
            raise InvalidParameter(
                f"The target must be a path or a file object, not a {type(target).__name__}", param="target"
            )
        return self._compiler.plan_of_texts(texts)

    def _inspect(self, source: Source | Spool, selection: FactSelection) -> Facts:
        return self._call(source, lambda core, original: core.inspect(original, selection))

    def _load(self, source: Source) -> Spool:
        """Return the bytes of a source, in a spool that the caller closes."""
        sources.check(source)
        ref = sources.url_of(source)
        return sources.read(source, self._settings.max_source_bytes) if ref is None else wait(self._core().fetch(ref))

    def _call(self, source: "Source | Spool", begin: "Callable[[Core, Original], Future[T]]") -> T:
        return wait(self._start(source, begin))

    def _call_many(self, source: Source | Spool, plans: Sequence[Plan]) -> list[Rendered | PixmillError]:
        chunks = [plans[at : at + MAX_PLANS] for at in range(0, len(plans), MAX_PLANS)]
        return [
            outcome
            for chunk in chunks
            for outcome in self._call(source, lambda core, original, chunk=chunk: core.render_all(original, chunk))  # type: ignore[misc] # a default binds it
        ]

    def _start(self, source: Source | Spool, begin: "Callable[[Core, Original], Future[T]]") -> "Future[T]":
        """Read the source in this thread, and begin a call. Raises PixmillError."""
        if not isinstance(source, Spool):
            sources.check(source)
        core = self._core()
        slot = wait_for_slot(core.limiter.acquire())
        try:
            if isinstance(source, Spool):
                original: Original = source.share()
            else:
                original = sources.url_of(source) or sources.read(source, core.max_bytes)
            future = begin(core, original)
        except BaseException:
            slot.release()
            raise
        future.add_done_callback(slot.release)
        return future

    async def _acall(self, source: AsyncSource, begin: "Callable[[Core, Original], Future[T]]") -> T:
        """Read the source without blocking the event loop, and await a call. Raises PixmillError."""
        sources.check(source)
        core = self._running.core
        if core is None:
            core = await asyncio.to_thread(self._core)
        waiting = core.limiter.acquire()
        try:
            slot = await await_call(core, waiting)
        except BaseException:
            if not waiting.cancelled():
                InFlightLimiter.abandon(waiting)
            raise
        try:
            original = sources.url_of(source) or await sources.aread(source, core.max_bytes)
            return await await_call(core, begin(core, original))
        finally:
            slot.release()

    def _core(self) -> Core:
        """Return the core of this process, started if it is not. Raises Draining if the engine is closed."""
        core = self._running.core
        if core is not None:
            return core
        with self._lock:
            if self._is_closed:
                raise closed_error()
            if self._running.core is None:
                self._running.core = Core(self._settings)
            return self._running.core

    @classmethod
    def _after_fork(cls) -> None:
        """Leave the workers of all engines to the process that was forked: this one has none of its threads."""
        for engine in list(_ENGINES):
            cls._leave_workers(engine)

    def _leave_workers(self) -> None:
        self._lock = threading.Lock()
        self._compiler = Compiler(self._settings.render_mode)
        self._running.core = None


os.register_at_fork(after_in_child=Engine._after_fork)  # noqa: SLF001 - of this module


def _check_on_error(on_error: str) -> None:
    if on_error not in ("raise", "return"):
        raise InvalidParameter("on_error must be raise or return", param="on_error")


def _info(facts: Facts) -> "Info":
    return cast("Info", msgspec.to_builtins(facts))


def _placeholder_selection(kind: str) -> FactSelection:
    if kind not in _FACT_OF_PLACEHOLDER:
        raise InvalidParameter(f"kind must be one of {', '.join(_FACT_OF_PLACEHOLDER)}", param="kind")
    return selection_of_texts({"include": _FACT_OF_PLACEHOLDER[kind]})


def _placeholder(facts: Facts, kind: str) -> str:
    return str(getattr(facts, _FACT_OF_PLACEHOLDER[kind]))
