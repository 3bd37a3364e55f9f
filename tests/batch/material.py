"""Small originals, and the run of a batch in this process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from PIL import Image

from pixmill.batch.job import Failure, Job
from pixmill.batch.planning import Plan as BatchPlan
from pixmill.batch.run import Observers, Options, run_batch
from pixmill.batch.runner import Outcome, Totals
from pixmill.batch.shards import batch_settings
from pixmill.engine.pixels.batch import render_all
from pixmill.errors import PixmillError
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.ports.values import Rendered
from pixmill.runtime.spool import Spool
from pixmill.settings import Settings


@cache
def image(number: int, side: int = 64, form: str = "PNG") -> bytes:
    """Return an image that differs from those of other numbers."""
    gradient = Image.linear_gradient("L").resize((side, side // 2))
    colours = [
        gradient.point([min(255, (value * (k + 1) + number * 37) % 256) for value in range(256)]) for k in range(3)
    ]
    out = BytesIO()
    Image.merge("RGB", colours).save(out, form)
    return out.getvalue()


def fill(folder: Path, names: Sequence[str], *, side: int = 64) -> None:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image(number, side))


def results(folder: Path) -> dict[str, bytes]:
    """Return all files but the journal, by their paths."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".pixmill-batch" not in path.parts
    }


class Seen:
    """What a run told."""

    def __init__(self) -> None:
        self.totals = Totals()
        self.outcomes: list[Outcome] = []
        self.failures: list[Failure] = []
        self.plans: list[tuple[int, int, bool]] = []

    def observers(self, on_outcome: Callable[[Outcome], None] = lambda _outcome: None) -> Observers:
        def both(outcome: Outcome) -> None:
            self.outcomes.append(outcome)
            self.failures += outcome.failures
            on_outcome(outcome)

        def on_planned(plan: BatchPlan, is_resumed: bool) -> None:
            self.plans.append((plan.total, plan.remaining, is_resumed))

        return Observers(on_planned=on_planned, on_outcome=both, on_failure=self.failures.append)


def job(inputs: str | Sequence[str], to: str, params: Mapping[str, str] | None = None, **more: Any) -> Job:
    texts = {"width": "32", "format": "png", **(params or {})}
    names = (inputs,) if isinstance(inputs, str) else tuple(inputs)
    return Job(target=to, inputs=names, params={name: (text,) for name, text in texts.items()}, **more)


class InProcessEngine:
    """The engine's own functions without workers, which take half a second to start."""

    async def render_all(
        self, original: Spool, plans: Sequence[Plan], extras: Sequence[Spool] = ()
    ) -> list[Rendered | PixmillError]:
        assert not extras
        results = dict(render_all(memoryview(original.read()), plans, Limits()))
        await asyncio.sleep(0)
        return [results[number] for number in range(len(plans))]

    @contextmanager
    def announce(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _open_in_process(_settings: Settings) -> AsyncIterator[InProcessEngine]:
    yield InProcessEngine()


def run(
    one: Job,
    options: Options | None = None,
    on_outcome: Callable[[Outcome], None] = lambda _outcome: None,
    *,
    has_workers: bool = False,
) -> Seen:
    """Run a batch in an event loop of its own; with ``has_workers`` in real ones."""
    seen = Seen()
    work = run_batch(one, batch_settings(), options or Options(workers=1), seen.observers(on_outcome))
    with nullcontext() if has_workers else patch("pixmill.batch.run.build_engine", _open_in_process):
        seen.totals = asyncio.run(work)
    return seen
