"""Measures how long each dialect takes to parse a typical URL, and compares it with the bar.

    python -m benchmarks.dialect_parsing [NAME …]

The URL is the example of the catalogue; the least time of many rounds counts, over all dialects in turn, so that other
work of the machine falls on all of them. Dialects keep what options mean: the first number is that of options that were
seen before, as most are; the second one is that of new ones, each of another width.
"""

import sys
import time
from statistics import median
from typing import Final

from pixmill.dialects.catalogue import services_of
from pixmill.dialects.factory import DIALECTS, NATIVE, ad_hoc_registry
from pixmill.errors import BadRequest, Forbidden

BAR_US: Final = 60.0
_UUID: Final = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
ROUNDS: Final = 60
TIMES: Final = 50


def parse_us(name: str, path: bytes, query: bytes, rounds: int = ROUNDS) -> float:
    """Return the least time of a parse, in microseconds."""
    parse = ad_hoc_registry(name).mounted[0].dialect.parse
    parse(path, query)
    least = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(TIMES):
            parse(path, query)
        least = min(least, (time.perf_counter() - started) / TIMES)
    return least * 1e6


def first_us(name: str, path: bytes, query: bytes) -> float:
    """Return the median time of the first parse of options, in microseconds."""
    times = []
    parse = ad_hoc_registry(name).mounted[0].dialect.parse
    for width in range(301, 301 + TIMES):
        targets = [text.replace(b"300", b"%d" % width) for text in (path, query)]
        started = time.perf_counter()
        parse(*targets)
        times.append(time.perf_counter() - started)
    return median(times) * 1e6


def main(names: list[str]) -> int:
    """Print the time of each dialect; return 1 if one is above the bar."""
    targets = {NATIVE: "/resize?url=https://example.com/a.jpg&width=300&height=200&fit=cover&format=webp"}
    targets |= {service.name: service.example.replace("UUID", _UUID) for service in services_of(DIALECTS)}
    is_slow = False
    for name, target in targets.items():
        if names and name not in names:
            continue
        path, _, query = target.encode().partition(b"?")
        try:
            taken, first = parse_us(name, path, query), first_us(name, path, query)
        except (BadRequest, Forbidden) as error:
            print(f"{name:12} {target}: {error.message}")
            continue
        is_slow |= taken > BAR_US
        print(f"{name:12} {taken:6.1f} us {first:7.1f} us{'  above the bar' if taken > BAR_US else ''}  {target}")
    return int(is_slow)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
