"""Several observers as one; a bad one harms neither the request nor the others."""

import structlog

from pixmill.ports import Event, Stage
from pixmill.telemetry.fanout import Fanout


class Notes:
    def __init__(self) -> None:
        self.seen: list[object] = []

    def timed(self, stage: Stage, seconds: float) -> None:
        self.seen.append((stage, seconds))

    def counted(self, event: Event, amount: float = 1, **labels: str) -> None:
        self.seen.append((event, amount, labels))


class Clumsy(Notes):
    """Raises after it has taken note."""

    def timed(self, stage: Stage, seconds: float) -> None:
        super().timed(stage, seconds)
        raise ValueError

    def counted(self, event: Event, amount: float = 1, **labels: str) -> None:
        super().counted(event, amount, **labels)
        raise ValueError


def test_everybody_hears_everything() -> None:
    one, two = Notes(), Notes()
    fanout = Fanout([one, two])
    fanout.timed(Stage.FETCH, 0.5)
    fanout.counted(Event.CACHE_LOOKUP, 2, tier="memory", outcome="hit")
    assert (
        one.seen
        == two.seen
        == [
            (Stage.FETCH, 0.5),
            (Event.CACHE_LOOKUP, 2, {"tier": "memory", "outcome": "hit"}),
        ]
    )


def test_one_that_raises_is_logged_once_and_disturbs_nobody() -> None:
    notes, clumsy = Notes(), Clumsy()
    with structlog.testing.capture_logs() as lines:
        fanout = Fanout([clumsy, notes])
        fanout.timed(Stage.FETCH, 0.5)
        fanout.counted(Event.RENDER, outcome="ok")
        fanout.timed(Stage.FETCH, 0.5)
    assert len(notes.seen) == len(clumsy.seen) == 3
    assert [(line["event"], line["observer"]) for line in lines] == [("observer_failed", "Clumsy")]
