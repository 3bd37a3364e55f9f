"""Times as people write them: ``250ms``, ``2s``, ``10m``, ``12h``, ``7d``. Pure; knows nothing of what takes so long."""

import re
from typing import Final

UNITS_S: Final[dict[str, float]] = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([a-z]{0,2})", re.IGNORECASE)


def parse_duration(text: str) -> float:
    """Seconds meant by a number and a unit; without a unit they are seconds. Raises ValueError."""
    match = _DURATION.fullmatch(text.strip())
    unit_s = UNITS_S.get(match[2].lower()) if match else None
    if match is None or unit_s is None:
        raise ValueError(f"{text!r} is no time: write a number and a unit, such as 250ms, 2s, 10m, 12h or 7d")
    return float(match[1]) * unit_s
