"""Render workers that are killed in every phase of their lives."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from tests.e2e.scenes import metric, random_of, until
from tests.faults.conftest import PHOTOS
from tests.faults.traffic import Traffic, Wanted, sizes, while_going
from tests.servers.pixmill import Pixmill

KILLS = 12

FORMS = ("webp", "png", "jpeg", "avif")


def charts(widths: range) -> list[Wanted]:
    return [
        wanted
        for number in range(1, PHOTOS + 1)
        for wanted in sizes("charts", f"{number}.png", [number], widths, FORMS)
    ]


def test_workers_killed_while_idle_starting_decoding_and_encoding_cost_no_other_request(
    images: Path, survived: Callable[..., None]
) -> None:
    """A render is tried again once, so only one that dies twice may be refused, and that by its own code."""
    dice = random_of(7)
    with Pixmill(images=str(images), cache="") as server:
        with Traffic(server, charts(range(20, 90))) as traffic:
            for _ in range(KILLS):
                while_going(traffic, 5)
                threading.Event().wait(dice.uniform(0, 0.05))
                victims = server.workers()
                if victims:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(dice.choice(victims), signal.SIGKILL)
            while_going(traffic, 20)
        traffic.assert_only("charts", (422, "render_crashed"), (503, "queue_full"))
        refused = traffic.tally("charts").failed()
        assert sum(refused.values()) <= KILLS, f"more than were touched: {refused}"
        until(lambda: metric(server, "pixmill_workers") == 2, 60, "all workers are replaced")
        survived(traffic)


def test_all_workers_killed_at_once_again_and_again_come_back(images: Path, survived: Callable[..., None]) -> None:
    with Pixmill(images=str(images), cache="") as server:
        with Traffic(server, charts(range(20, 90))) as traffic:
            for _ in range(3):
                for victim in server.workers():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(victim, signal.SIGKILL)
                while_going(traffic, 10)
        traffic.assert_only("charts", (422, "render_crashed"), (503, "queue_full"))
        until(lambda: server.get("/health/ready").status == 200, 60, "ready again")
        survived(traffic)
