"""One observer made of several. Knows only the port; must never let an observer disturb a request."""

from collections.abc import Sequence

import structlog

from pixmill.ports import Event, Observer, Stage


class Fanout:
    """Passes everything to each of the observers. One that raises is blamed in the log once."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)
        self._blamed: set[int] = set()
        self._log = structlog.get_logger("telemetry")

    def timed(self, stage: Stage, seconds: float) -> None:
        for observer in self._observers:
            try:
                observer.timed(stage, seconds)
            except Exception:  # noqa: BLE001 - whatever an observer does wrong, the request goes on
                self._blame(observer)

    def counted(self, event: Event, amount: float = 1, **labels: str) -> None:
        for observer in self._observers:
            try:
                observer.counted(event, amount, **labels)
            except Exception:  # noqa: BLE001 - whatever an observer does wrong, the request goes on
                self._blame(observer)

    def _blame(self, observer: Observer) -> None:
        if id(observer) not in self._blamed:
            self._blamed.add(id(observer))
            self._log.exception("observer_failed", observer=type(observer).__name__)
