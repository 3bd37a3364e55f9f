"""A batch in a terminal or a log: progress, summary, signals and exit code.

Knows texts and signals. Must never know stores or images. rich is loaded when there is a terminal to draw on.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import Final, Protocol, TextIO

import uvloop

from pixmill.batch.job import Failure, Job
from pixmill.batch.locations import Item
from pixmill.batch.planning import Plan
from pixmill.batch.report import Report
from pixmill.batch.run import Observers, Options, plan_batch, run_batch
from pixmill.batch.runner import Outcome, Totals
from pixmill.settings import Settings

SUCCESS: Final = 0
FAILED: Final = 1
SIGNALLED: Final = 128
"""Added to the number of the signal, as shells do."""

LINE_INTERVAL_S: Final = 10.0
"""Between lines of progress where there is no terminal."""

RESUME: Final = "Run the same command again to go on where it stopped."


class Progress(Protocol):
    """Shows how far a batch is."""

    def listed(self, count: int) -> None: ...

    def begin(self, total: int, done_before: int) -> None: ...

    def advance(self, totals: Totals) -> None: ...

    def end(self) -> None: ...


@dataclass(frozen=True, slots=True)
class View:
    """What is shown and written: ``report`` is a file or ``-``; with ``report_all`` it has successes too."""

    report: str = ""
    report_all: bool = False
    progress: bool = True
    out: TextIO = sys.stderr


def run(job: Job, settings: Settings, options: Options, view: View) -> int:
    """Run a batch and return the exit code: 0, 1 if anything failed, 130 after Ctrl-C. Raises PixmillError."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(job, settings, options, view))


def dry_run(job: Job, settings: Settings, options: Options, view: View) -> int:
    """Print what would be made, a line a result, and return the exit code. Raises PixmillError."""
    failures: list[Failure] = []

    def on_item(item: Item, paths: list[str]) -> None:
        for path in paths:
            sys.stdout.write(f"{shown(item.url)} -> {shown(path)}\n")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        plan = runner.run(plan_batch(job, settings, options, Observers(on_failure=failures.append), on_item))
    say(
        view.out,
        f"{counted(plan.total, 'original')} would become {counted(plan.outputs, 'result')}. Nothing was written.",
    )
    _say_left_out(view.out, plan)
    for failure in failures:
        say(view.out, _failure_line(failure))
    return FAILED if failures else SUCCESS


async def _run(job: Job, settings: Settings, options: Options, view: View) -> int:
    options = replace(options, stop=asyncio.Event())
    started, state = time.monotonic(), _State(view)
    signals = _Signals(options.stop, state)
    with closing(Report(view.report, everything=view.report_all)) as report, signals:
        state.report = report
        observers = Observers(state.on_listed, state.on_planned, state.on_outcome, report.add_failure)
        try:
            totals = await run_batch(job, settings, options, observers)
        except asyncio.CancelledError:
            if not signals.number:
                raise
            say(view.out, "Interrupted while listing: nothing was written.")
            return SIGNALLED + signals.number
        finally:
            state.progress.end()
    _summarise(view, state, totals, report, time.monotonic() - started)
    if signals.number and totals.originals < state.remaining:
        say(view.out, f"Interrupted, with {state.remaining - totals.originals:,} originals left. {RESUME}")
        return SIGNALLED + signals.number
    return FAILED if report.codes or totals.stopped_by else SUCCESS


class _State:
    """What has been seen of a run, for the progress."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.progress = _open_progress(view)
        self.totals = Totals()
        self.remaining = 0
        self.is_planned = False
        self.report = Report()

    def on_listed(self, count: int) -> None:
        self.progress.listed(count)

    def on_planned(self, plan: Plan, is_resumed: bool) -> None:
        self.remaining, self.is_planned = plan.remaining, True
        _say_left_out(self._view.out, plan)
        if is_resumed and plan.done_before:
            say(self._view.out, f"Going on: {plan.done_before:,} of {plan.total:,} originals were done before.")
        self.progress.begin(plan.total, plan.done_before)

    def on_outcome(self, outcome: Outcome) -> None:
        self.totals.add(outcome)
        self.report.add(outcome)
        self.progress.advance(self.totals)


class _Signals:
    """The first SIGINT or SIGTERM stops the listing, or after what has begun; the second at once."""

    def __init__(self, stop: asyncio.Event, state: _State) -> None:
        self._stop = stop
        self._state = state
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        self.number = 0

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._on_signal, number)

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(ValueError):
                self._loop.remove_signal_handler(number)

    def _on_signal(self, number: int) -> None:
        if self.number:
            os._exit(SIGNALLED + number)  # the workers end with this process
        self.number = number
        self._stop.set()
        if self._task is not None and not self._state.is_planned:
            self._task.cancel()


class LineProgress:
    """Prints a line every ten seconds."""

    def __init__(self, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._next = clock() + LINE_INTERVAL_S
        self._started = clock()
        self._total = self._before = 0

    def listed(self, count: int) -> None:
        if self._is_due():
            say(self._out, f"{count:,} originals listed")

    def begin(self, total: int, done_before: int) -> None:
        self._total, self._before, self._started = total, done_before, self._clock()

    def advance(self, totals: Totals) -> None:
        if not self._is_due():
            return
        rate = totals.originals / max(1e-3, self._clock() - self._started)
        left_s = (self._total - self._before - totals.originals) / rate if rate else 0
        say(
            self._out,
            f"{self._before + totals.originals:,} of {self._total:,} originals, {rate:.1f} a second, "
            f"{duration(left_s)} left, {totals.failed:,} failed",
        )

    def end(self) -> None:
        """Lines need no end."""

    def _is_due(self) -> bool:
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + LINE_INTERVAL_S
        return True


class BarProgress:
    """Draws a bar with count, rate, remaining time and failures."""

    def __init__(self, out: TextIO) -> None:
        from rich.console import Console  # noqa: PLC0415 - see the header
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[failed]}"),
            console=Console(file=out),
            transient=True,
        )
        self._task = self._bar.add_task("Listing", total=None, rate="", failed="")
        self._before = 0
        self._started = time.monotonic()
        self._bar.start()

    def listed(self, count: int) -> None:
        self._bar.update(self._task, completed=count)

    def begin(self, total: int, done_before: int) -> None:
        self._before, self._started = done_before, time.monotonic()
        self._bar.update(self._task, description="Rendering", total=total, completed=done_before)

    def advance(self, totals: Totals) -> None:
        rate = totals.originals / max(1e-3, time.monotonic() - self._started)
        failed = f"{totals.failed:,} failed" if totals.failed else ""
        self._bar.update(self._task, completed=self._before + totals.originals, rate=f"{rate:.1f}/s", failed=failed)

    def end(self) -> None:
        self._bar.stop()


class NoProgress:
    """Shows nothing."""

    def listed(self, count: int) -> None: ...

    def begin(self, total: int, done_before: int) -> None: ...

    def advance(self, totals: Totals) -> None: ...

    def end(self) -> None: ...


def _open_progress(view: View) -> Progress:
    if not view.progress:
        return NoProgress()
    return BarProgress(view.out) if view.out.isatty() else LineProgress(view.out)


def _summarise(view: View, state: _State, totals: Totals, report: Report, seconds: float) -> None:
    made = totals.originals - totals.failed - totals.skipped
    parts = [f"{counted(made, 'original')} became {counted(totals.outputs, 'result')} ({size(totals.output_bytes)})"]
    parts += [f"{totals.skipped:,} skipped"] if totals.skipped else []
    parts += [f"{totals.failed:,} failed"] if totals.failed else []
    say(view.out, f"{', '.join(parts)}, in {duration(seconds)}.")
    if not state.remaining:
        say(view.out, "All of it was done before: there was nothing left to do. --restart does it again.")
    for failure in report.first:
        say(view.out, _failure_line(failure))
    count = report.codes.total()
    if count > len(report.first):
        codes = ", ".join(f"{number:,} {code}" for code, number in report.codes.most_common())
        where = f"; all are in {view.report}" if view.report else "; --report FILE names all of them"
        say(view.out, f"… {count:,} failures in all: {codes}{where}")
    if totals.stopped_by and totals.originals < state.remaining:
        left = state.remaining - totals.originals
        say(view.out, f"Stopped by {totals.stopped_by.code}, with {left:,} originals left. {RESUME}")


def _say_left_out(out: TextIO, plan: Plan) -> None:
    if plan.below_target:
        say(out, f"{plan.below_target:,} files below the target are results, and were left out.")


def _failure_line(failure: Failure) -> str:
    subject = f"{failure.input} -> {failure.output}" if failure.output else failure.input
    detail = f": {failure.detail}" if failure.detail else ""
    return f"failed: {shown(subject)}: {failure.message}{shown(detail)} ({failure.code})"


def say(out: TextIO, text: str) -> None:
    out.write(f"{text}\n")
    out.flush()


def shown(text: str) -> str:
    """Return a text without what would move a cursor or end a line."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(count: int) -> str:
    """Return bytes as people read them."""
    number = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:  # noqa: PLR2004 - the step of the units
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def duration(seconds: float) -> str:
    """Return hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
