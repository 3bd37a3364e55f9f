"""Many images in order: begins calls ahead of the caller, a bounded number of them, and hands out their results.

Knows how to begin a call; must never know what it does.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from typing import Literal

from pixmill.errors import Draining, PixmillError
from pixmill.library import sources
from pixmill.library.result import Result
from pixmill.library.sources import AsyncSource, Source
from pixmill.library.waiting import wait
from pixmill.ports.values import Rendered

OnError = Literal["raise", "return"]


def map_in_order(
    begin: "Callable[[Source], Future[Rendered]]", all_sources: Iterable[Source], on_error: OnError, limit: int
) -> Iterator[Result | PixmillError]:
    """Yield the results of the sources; at most ``limit`` calls have begun and are not yet taken."""
    pending: deque[tuple[Source, Future[Rendered]]] = deque()
    try:
        for source in all_sources:
            if len(pending) >= limit:
                yield _outcome(*pending.popleft(), on_error)
            pending.append((source, _begun(begin, source)))
        while pending:
            yield _outcome(*pending.popleft(), on_error)
    finally:
        for _, future in pending:
            future.cancel()


async def amap_in_order(
    call: Callable[[AsyncSource], Coroutine[object, None, Rendered]],
    all_sources: Iterable[AsyncSource] | AsyncIterable[AsyncSource],
    on_error: OnError,
    limit: int,
) -> AsyncIterator[Result | PixmillError]:
    """Yield the results of the sources, as ``map_in_order``, without blocking the event loop."""
    pending: deque[tuple[AsyncSource, asyncio.Task[Rendered]]] = deque()
    try:
        async for source in _as_async(all_sources):
            if len(pending) >= limit:
                yield await _aoutcome(*pending.popleft(), on_error)
            pending.append((source, asyncio.create_task(call(source))))
        while pending:
            yield await _aoutcome(*pending.popleft(), on_error)
    finally:
        for _, task in pending:
            task.cancel()
        await asyncio.gather(*(task for _, task in pending), return_exceptions=True)


def _begun(begin: "Callable[[Source], Future[Rendered]]", source: Source) -> "Future[Rendered]":
    """Begin a call; its errors are in the future."""
    try:
        return begin(source)
    except PixmillError as error:
        failed: Future[Rendered] = Future()
        failed.set_exception(error)
        return failed


async def _as_async(
    all_sources: Iterable[AsyncSource] | AsyncIterable[AsyncSource],
) -> AsyncIterator[AsyncSource]:
    if isinstance(all_sources, AsyncIterable):
        async for source in all_sources:
            yield source
    else:
        for source in all_sources:
            yield source


def _outcome(source: Source, future: "Future[Rendered]", on_error: OnError) -> Result | PixmillError:
    try:
        return Result.of(wait(future))
    except PixmillError as error:
        return _handled(source, error, on_error)


async def _aoutcome(source: AsyncSource, task: "asyncio.Task[Rendered]", on_error: OnError) -> Result | PixmillError:
    try:
        return Result.of(await task)
    except PixmillError as error:
        return _handled(source, error, on_error)


def _handled(source: AsyncSource, error: PixmillError, on_error: OnError) -> PixmillError:
    """Return an error with the name of its image, or raise it; that of a closed engine is raised always."""
    error.add_note(f"source: {sources.describe(source)}")
    if on_error == "raise" or isinstance(error, Draining):
        raise error
    return error


def result_or_error(outcome: Rendered | PixmillError, on_error: OnError) -> Result | PixmillError:
    """Return what ``on_error`` says for one of several results of an original."""
    if not isinstance(outcome, PixmillError):
        return Result.of(outcome)
    if on_error == "raise":
        raise outcome
    return outcome
