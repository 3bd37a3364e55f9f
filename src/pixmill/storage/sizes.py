"""Parses sizes such as ``256MiB``, ``10GiB`` or ``500MB``."""

import re
from typing import Final

UNITS: Final[dict[str, int]] = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}

_SIZE = re.compile(r"([0-9]{1,18}) ?([a-z]{0,3})", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Parse a whole number with a unit; bytes without one. Raises ValueError."""
    match = _SIZE.fullmatch(text.strip())
    unit = UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise ValueError(f"{text!r} is no size: write a whole number and a unit, such as 256MiB, 10GiB or 500MB")
    return int(match[1]) * unit
