"""Sizes and durations as people write them: ``64MiB``, ``1.5GB``, ``250ms``, ``12h``, ``1h30m``.

One syntax for settings, flags, options of tier URLs and parameters of URLs. A plain number is bytes or seconds. Case
does not count, one space may stand in front of a unit. Pure; a text is read once, and is short.
"""

import re
from fractions import Fraction
from typing import Final

MAX_BYTES: Final = 2**63 - 1
MAX_SECONDS: Final = 36_500 * 86_400

SIZE_UNITS: Final[dict[str, int]] = {
    "": 1,
    "b": 1,
    **{f"{prefix}b": 1_000**power for power, prefix in enumerate("kmgtp", 1)},
    **{f"{prefix}ib": 1_024**power for power, prefix in enumerate("kmgtp", 1)},
    **{f"{prefix}i": 1_024**power for power, prefix in enumerate("kmgtp", 1)},  # as in Kubernetes
}
"""Bytes of a unit, in lower case."""

DURATION_UNITS: Final[dict[str, Fraction]] = {
    "d": Fraction(86_400),
    "h": Fraction(3_600),
    "m": Fraction(60),
    "s": Fraction(1),
    "ms": Fraction(1, 1_000),
}
"""Seconds of a unit, the longest first, which is their order in a text."""

SIZE_EXAMPLES: Final = "256MiB, 10GiB or 500MB"
DURATION_EXAMPLES: Final = "250ms, 2s, 10m, 12h, 7d or 1h30m"

_MAX_CHARACTERS: Final = 48
_NUMBER = r"([0-9]{1,48})(?:\.([0-9]{1,9}))?"
_SIZE = re.compile(rf"{_NUMBER} ?([a-z]*)", re.IGNORECASE | re.ASCII)
_DURATION_PART = re.compile(rf" ?{_NUMBER} ?([a-z]*)", re.IGNORECASE | re.ASCII)
_MULTIPLES: Final = frozenset("kmgtp")
_DURATION_WORDS: Final = {
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("msec", "millisecond", "milliseconds"), "ms"),
}


class InvalidQuantity(ValueError):
    """A text that is no size or no duration; ``problem`` says what is wrong with it, without repeating it."""

    def __init__(self, text: str, problem: str) -> None:
        self.problem = problem
        super().__init__(f"{text[:_MAX_CHARACTERS]!r} {problem}")


def parse_size(text: str) -> int:
    """Return the bytes of a number with a unit; without a unit they are bytes. Raises InvalidQuantity."""
    stripped = text.strip()
    match = _SIZE.fullmatch(stripped) if len(stripped) <= _MAX_CHARACTERS else None
    if match is None:
        raise InvalidQuantity(text, _misread(stripped, "size", SIZE_EXAMPLES))
    unit = match[3].lower()
    if unit in _MULTIPLES:
        number = stripped[: match.start(3)].strip()
        prefix = "k" if unit == "k" else unit.upper()
        raise InvalidQuantity(
            text, f"is ambiguous: write {number}{prefix}B (multiples of 1000) or {number}{prefix.upper()}iB (of 1024)"
        )
    if unit not in SIZE_UNITS:
        raise InvalidQuantity(text, f"is no size: {match[3]} is no unit; write {SIZE_EXAMPLES}")
    size = _exact(match) * SIZE_UNITS[unit]
    if size.denominator > 1 and SIZE_UNITS[unit] == 1:
        raise InvalidQuantity(text, f"is no size: bytes are a whole number; write {SIZE_EXAMPLES}")
    if size > MAX_BYTES:
        raise InvalidQuantity(text, "is too large: a size is less than 8192PiB")
    return int(size)


def parse_duration(text: str) -> float:
    """Return the seconds of numbers with units, the longest first, or of a plain number. Raises InvalidQuantity."""
    stripped = text.strip()
    parts = _duration_parts(stripped) if len(stripped) <= _MAX_CHARACTERS else []
    if not parts:
        raise InvalidQuantity(text, _misread(stripped, "duration", DURATION_EXAMPLES))
    units = [match[3].lower() for match in parts]
    order = list(DURATION_UNITS)
    for unit in units:
        if unit not in DURATION_UNITS and (unit or len(units) > 1):
            raise InvalidQuantity(text, _no_duration_unit(unit))
    positions = [order.index(unit or "s") for unit in units]
    if positions != sorted(set(positions)):
        raise InvalidQuantity(text, "is no duration: each unit stands once, the longest first, such as 1h30m")
    seconds = sum(
        (_exact(match) * DURATION_UNITS[unit or "s"] for match, unit in zip(parts, units, strict=True)),
        start=Fraction(0),
    )
    if seconds > MAX_SECONDS:
        raise InvalidQuantity(text, "is too long: a duration is at most 36500d")
    return float(seconds)


def format_size(size: int) -> str:
    """Return the shortest exact text of a size, in binary units before decimal ones: ``64MiB``, ``500kB``, ``100``."""
    for step, units in ((1_024, ("PiB", "TiB", "GiB", "MiB", "KiB")), (1_000, ("PB", "TB", "GB", "MB", "kB"))):
        for power, unit in zip(range(len(units), 0, -1), units, strict=True):
            if size >= step**power and size % step**power == 0:
                return f"{size // step**power}{unit}"
    return str(size)


def format_duration(seconds: float) -> str:
    """Return a text of a duration that is exact to the millisecond: ``12h``, ``1h30m``, ``250ms``, ``0s``."""
    if seconds < 1:
        return f"{seconds * 1_000:.15g}ms" if seconds else "0s"
    milliseconds, parts = round(seconds * 1_000), ""
    for unit, unit_ms in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000)):
        count, milliseconds = divmod(milliseconds, unit_ms)
        parts += f"{count}{unit}" if count else ""
    return parts + (f"{milliseconds / 1_000:g}s" if milliseconds else "")


def _duration_parts(text: str) -> list[re.Match[str]]:
    """Return the numbers with their units; none if anything else is in the text."""
    parts, position = [], 0
    while position < len(text):
        match = _DURATION_PART.match(text, position)
        if match is None:
            return []
        parts.append(match)
        position = match.end()
    return parts


def _exact(match: re.Match[str]) -> Fraction:
    decimals = match[2] or ""
    return Fraction(int(match[1] + decimals), 10 ** len(decimals))


def _no_duration_unit(unit: str) -> str:
    if not unit:
        return "is no duration: a number has no unit; write each with its unit, such as 1h30m"
    replacement = _DURATION_WORDS.get(unit)
    return f"is no duration: {unit} is no unit; " + (
        f"write {replacement} instead" if replacement else f"write {DURATION_EXAMPLES}"
    )


def _misread(text: str, kind: str, examples: str) -> str:
    if re.match(r"-\s*[0-9.]", text):
        return f"is no {kind}: it is negative; write {examples}"
    return f"is no {kind}: write a number and a unit, such as {examples}"
