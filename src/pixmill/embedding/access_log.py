"""The access log of an application in another program: the logger ``pixmill.access`` of the standard library.

The program says whether, where and how it is written; by default, loggers write warnings only.
"""

import json
import logging
from collections.abc import Iterable
from typing import Final, NamedTuple

from pixmill.telemetry.logs import sanitize_fields

LOGGER: Final = logging.getLogger("pixmill.access")


class _Template(NamedTuple):
    level: int
    fields: dict[str, object]


class HostAccessLog:
    """Writes a record per response, whose ``pixmill`` attribute has the fields of the message."""

    def format(self, level: str, event: str, fields: dict[str, object]) -> _Template | None:
        """Return what ``write`` takes; None if the program does not want lines of this level."""
        number = logging.getLevelNamesMapping()[level.upper()]
        if not LOGGER.isEnabledFor(number):
            return None
        return _Template(number, dict(sanitize_fields(None, level, {"event": event, **fields})))

    def write(self, records: Iterable[tuple[_Template, str, bytes, float, float, bytes]]) -> None:
        """Write lines of template, client address, request id, end and duration in seconds, and ids of a trace."""
        for template, remote, id_, _, seconds, _ in records:
            fields = template.fields | {"remote": remote, "request_id": id_.decode(), "seconds": round(seconds, 6)}
            LOGGER.log(template.level, "%s", json.dumps(fields, default=repr), extra={"pixmill": fields})
