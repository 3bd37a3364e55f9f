"""Where events are logged: structlog, if the process has set it up, else the standard library's logging.

``pixmill serve`` sets up structlog. A program that has Pixmill in it decides by itself: unconfigured, structlog would
print to its standard output.
"""

import logging
from collections.abc import Callable, Mapping
from typing import ClassVar

import structlog


class EventLog:
    """Logs events with fields, under a name: ``pixmill.NAME`` in the standard library's logging."""

    __slots__ = ("_events", "_logger")

    reporters: ClassVar[list[Callable[[str, Mapping[str, object]], None]]] = []
    """Called with each error that is logged with its exception, while that is being handled. They must not raise."""

    def __init__(self, name: str) -> None:
        self._events = structlog.get_logger(name)
        self._logger = logging.getLogger(f"pixmill.{name}")

    def info(self, event: str, **fields: object) -> None:
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        self._log(logging.WARNING, event, fields)

    def exception(self, event: str, **fields: object) -> None:
        """Log an error with the traceback of the exception that is being handled."""
        self._log(logging.ERROR, event, fields, exc_info=True)
        for report in self.reporters:
            report(event, fields)

    def _log(self, level: int, event: str, fields: dict[str, object], *, exc_info: bool = False) -> None:
        if structlog.is_configured():
            self._events.log(level, event, **fields, **({"exc_info": True} if exc_info else {}))
        elif self._logger.isEnabledFor(level):
            text = " ".join((event, *(f"{name}={value!r}" for name, value in fields.items())))
            self._logger.log(level, "%s", text, exc_info=exc_info, extra={"pixmill": fields}, stacklevel=3)
