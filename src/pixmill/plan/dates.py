"""Dates as HTTP writes them: IMF-fixdate, the one form that may be sent (RFC 9110 §5.6.7). Reads what strangers send, in linear time."""

import re
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Final

_DATE = re.compile(r"[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def seconds_of(date: str | None) -> float | None:
    """Since the epoch; None for what is no date."""
    found = _DATE.fullmatch((date or "").strip())
    if not found or found[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(found[group]) for group in (1, 3, 4, 5, 6))
    try:
        return datetime(year, _MONTHS.index(found[2]) + 1, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def date_of(seconds: float) -> str:
    """The date of so many seconds since the epoch."""
    return formatdate(int(seconds), usegmt=True)
