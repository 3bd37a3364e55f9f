"""HTTP dates: IMF-fixdate, the one form that may be sent (RFC 9110 §5.6.7). Parses untrusted input in linear time.

``email.utils.formatdate(seconds, usegmt=True)`` writes the same form.
"""

import re
from datetime import UTC, datetime
from typing import Final

_DATE = re.compile(r"[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def seconds_of(date: str | None) -> float | None:
    """Parse a date as seconds since the epoch; None if it is invalid."""
    match = _DATE.fullmatch((date or "").strip())
    if not match or match[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(match[group]) for group in (1, 3, 4, 5, 6))
    try:
        return datetime(year, _MONTHS.index(match[2]) + 1, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
