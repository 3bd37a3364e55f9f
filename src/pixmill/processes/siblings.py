"""What server processes tell each other, so that each speaks for all: metrics, health, purges, progress of warming.

Knows the parts of this process and the channel. A process that does not answer delays an answer by seconds at most.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import msgspec
from prometheus_client.exposition import choose_encoder

from pixmill.cache.purge.service import PurgeService
from pixmill.cache.purge_log import Confirmation
from pixmill.plan.purge_rule import PurgeRule
from pixmill.processes.channel import Channel
from pixmill.processes.metrics_archive import METRICS
from pixmill.services.health import TIMEOUT_CODE, ComponentHealth, HealthService
from pixmill.services.warm.queue import WarmProgress, WarmQueue
from pixmill.telemetry.aggregate import MergedMetrics, take_snapshot
from pixmill.telemetry.prometheus import Metrics

ANSWER_TIMEOUT_S: Final = 5.0

REPORT_INTERVAL_S: Final = 5.0
"""Between reports of metrics without a scrape. What a process counts in between is lost if it is killed."""

COMPONENT: Final = "processes"
"""The name of the other processes in ``/health``."""

_HEALTH: Final = "health"
_PURGE: Final = "purge"
_WARM: Final = "warm"
_OK: Final = b"ok"

_SNAPSHOTS: Final = msgspec.msgpack.Decoder(list[bytes])
_PURGES: Final = msgspec.msgpack.Decoder(list[PurgeRule])
_PROGRESS: Final = msgspec.msgpack.Decoder(WarmProgress)
_CODE: Final = msgspec.msgpack.Decoder(str)


class Siblings:
    """The other server processes of this machine, and what this one answers them: ``api.context.OtherProcesses``."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._metrics: Metrics | None = None
        self._flush: Callable[[], None] = lambda: None
        self._reporting: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Answer the others from now on, also questions that were asked before."""
        await self._channel.open()
        if self._metrics:
            self._reporting = asyncio.create_task(self._report(), name="processes-report")

    async def close(self) -> None:
        """Report for the last time, and answer no more."""
        if self._reporting:
            self._reporting.cancel()
            with suppress(asyncio.CancelledError):
                await self._reporting
            self._channel.note(METRICS, self._snapshot())
        await self._channel.close()

    # ---------------------------------------------------------------- metrics

    def share_metrics(self, metrics: Metrics, flush: Callable[[], None]) -> None:
        """Let others read the metrics; ``flush`` counts what is not counted yet."""
        self._metrics, self._flush = metrics, flush

        async def answer(_body: bytes) -> bytes:
            return self._snapshot()

        self._channel.handle(METRICS, answer)

    async def render_metrics(self, accept: str) -> tuple[str, bytes]:
        """Return content type and page of the metrics of all processes, also of those that have ended."""
        own = self._snapshot()
        answers = await self._channel.ask(METRICS, own, timeout_s=ANSWER_TIMEOUT_S)
        others = _SNAPSHOTS.decode(answers.supplement) if answers.supplement else []
        encode, content_type = choose_encoder(accept)
        return content_type, encode(MergedMetrics([own, *answers.bodies, *others]))

    async def _report(self) -> None:
        while True:
            self._channel.note(METRICS, self._snapshot())
            await asyncio.sleep(REPORT_INTERVAL_S)

    def _snapshot(self) -> bytes:
        if self._metrics is None:
            raise RuntimeError("the metrics of this process are not shared")
        self._flush()
        return take_snapshot(self._metrics.registry)

    # ---------------------------------------------------------------- health

    def share_health(self, health: HealthService) -> None:
        """Let others know whether this process is ready."""

        async def answer(_body: bytes) -> bytes:
            report = await health.ready()
            codes = (part.code or COMPONENT for part in report.components.values() if part.required and not part.ok)
            code = "" if report.ok else "draining" if report.draining else next(codes, COMPONENT)
            return msgspec.msgpack.encode(code)

        self._channel.handle(_HEALTH, answer)

    async def health(self, timeout_s: float) -> ComponentHealth:
        """Return whether the other processes are ready: failing if one that runs is not, optional if one is missing."""
        started = asyncio.get_running_loop().time()
        answers = await self._channel.ask(_HEALTH, timeout_s=timeout_s)
        seconds = asyncio.get_running_loop().time() - started
        code = next(filter(None, map(_CODE.decode, answers.bodies)), TIMEOUT_CODE if answers.missing else "")
        running = 1 + len(answers.bodies) + answers.missing
        return ComponentHealth(
            ok=not code and running == self._channel.count,
            seconds=seconds,
            code=code or ("" if running == self._channel.count else "process_missing"),
            required=bool(code),
            state=f"{running} of {self._channel.count}",
        )

    # ---------------------------------------------------------------- purges

    def share_purges(self, purges: PurgeService) -> None:
        """Apply each other's purges before they are confirmed; the first process sweeps folders for all."""

        async def answer(body: bytes) -> bytes:
            await purges.receive(_PURGES.decode(body), shares_logs=True)
            return _OK

        self._channel.handle(_PURGE, answer)
        purges.add_announcer(self._announce_purges)
        if self._channel.slot:
            purges.leave_folders()

    async def _announce_purges(self, rules: Sequence[PurgeRule]) -> Confirmation:
        """Return whether all confirm. One that starts is asked too: it may have read the purge log already."""
        body = msgspec.msgpack.encode(rules)
        answers = await self._channel.ask(_PURGE, body, timeout_s=ANSWER_TIMEOUT_S, to_starting=True)
        return Confirmation(unconfirmed=(COMPONENT,) * bool(answers.missing))

    # ---------------------------------------------------------------- warming

    def share_warming(self, queue: WarmQueue) -> None:
        """Let others know how far the queue of this process is."""

        async def answer(_body: bytes) -> bytes:
            return msgspec.msgpack.encode(queue.progress())

        self._channel.handle(_WARM, answer)

    async def warm_progress(self, own: WarmProgress) -> WarmProgress:
        """Return the progress of all queues together."""
        answers = await self._channel.ask(_WARM, timeout_s=ANSWER_TIMEOUT_S)
        all_of_them = [own, *map(_PROGRESS.decode, answers.bodies)]
        return WarmProgress(
            sum(each.queued for each in all_of_them),
            sum(each.in_progress for each in all_of_them),
            dict(sum((Counter(each.done) for each in all_of_them), Counter())),
        )
