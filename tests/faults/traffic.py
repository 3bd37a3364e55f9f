"""Clients that ask for pictures without a pause while something is broken, and look at every answer.

A picture says by its colours which it is, so that a wrong one is seen: ``chart(number)`` has a colour of its own in
each half. What is asked for belongs to a ``scope``, such as one source: a fault touches some scopes, and all others
must not notice.
"""

import io
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from PIL import Image

from tests.e2e.scenes import random_of
from tests.servers.pixmill import Pixmill, Reply

SIDE = 96
SILENCE_S = 45
"""A machine with much else to do takes long for an answer, but not for each of all clients as long as this."""

_STEPS = (32, 96, 160, 224)
TOLERANCE = 14
"""Codes that a lossy format may be off in the middle of a half."""


def colours(number: int) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Left and right; unlike those of any other number below 4,096."""
    digits = [(number // 4**place) % 4 for place in range(6)]
    left, right = digits[:3], digits[3:]
    return (
        (_STEPS[left[0]], _STEPS[left[1]], _STEPS[left[2]]),
        (_STEPS[right[0]], _STEPS[right[1]], _STEPS[right[2]]),
    )


def chart(number: int, side: int = SIDE) -> bytes:
    """A PNG that says its number."""
    left, right = colours(number)
    image = Image.new("RGB", (side, side), left)
    image.paste(right, (side // 2, 0, side, side))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def shows(body: bytes, number: int, width: int) -> bool:
    """Whether this is the chart of this number at this width."""
    with Image.open(io.BytesIO(body)) as image:
        if image.size != (width, width):
            return False
        picture = image.convert("RGB")
    seen = (picture.getpixel((width // 4, width // 2)), picture.getpixel((width * 3 // 4, width // 2)))
    return all(
        isinstance(found, tuple) and all(abs(a - b) <= TOLERANCE for a, b in zip(found, wanted, strict=True))
        for found, wanted in zip(seen, colours(number), strict=True)
    )


@dataclass(frozen=True)
class Wanted:
    """One picture to ask for, and the numbers that its chart may have: one, or several where the original changes
    meanwhile."""

    scope: str
    url: str
    width: int
    form: str
    numbers: tuple[int, ...]

    @property
    def query(self) -> dict[str, Any]:
        return {"url": self.url, "width": self.width, "format": self.form}


@dataclass
class Tally:
    """What came of the requests of a scope: how often each status and code."""

    outcomes: Counter[tuple[int, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def asked(self) -> int:
        return sum(self.outcomes.values())

    def failed(self) -> dict[tuple[int, str], int]:
        return {outcome: count for outcome, count in self.outcomes.items() if outcome[0] != 200}


class Traffic:
    """``with Traffic(server, wanted) as traffic: break_something()``; afterwards ``traffic.tally("http")``."""

    def __init__(self, server: Pixmill, wanted: Sequence[Wanted], clients: int = 4, *, lives: bool = True) -> None:
        """``lives``: whether the server is there all the time; where it is killed, requests may end without an
        answer."""
        self._servers = [(server, lives)]
        self._wanted = wanted
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._tallies: dict[str, Tally] = {each.scope: Tally() for each in wanted}
        self._broken: list[str] = []
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(clients)]

    def also(self, server: Pixmill, *, lives: bool = True) -> Self:
        """Ask this server too."""
        self._servers.append((server, lives))
        return self

    def tally(self, scope: str) -> Tally:
        return self._tallies[scope]

    @property
    def asked(self) -> int:
        return sum(tally.asked for tally in self._tallies.values())

    def assert_only(self, scope: str, *allowed: tuple[int, str]) -> None:
        """Every answer of the scope was the right picture or one of these statuses and codes."""
        tally = self._tallies[scope]
        others = {outcome: count for outcome, count in tally.failed().items() if outcome not in allowed}
        assert not others, f"{scope}: {others} of {tally.asked}"
        assert tally.asked, f"nothing was asked of {scope}"

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(60)
        if error is None:
            assert not self._broken, self._broken[:5]
            for scope, tally in self._tallies.items():
                assert not tally.wrong, f"{scope}: a wrong picture: {tally.wrong[:3]}"

    def _ask(self, number: int) -> None:
        dice = random_of(number)
        while not self._stopped.is_set():
            wanted, (server, lives) = dice.choice(self._wanted), dice.choice(self._servers)
            try:
                reply = server.get("/resize", **wanted.query)
            except (OSError, ValueError) as error:  # no answer, or half of one
                if lives:
                    self._broken.append(f"{wanted.query}: {error!r}")
                self._stopped.wait(0.05)
                continue
            self._note(wanted, reply)

    def _note(self, wanted: Wanted, reply: Reply) -> None:
        code = "" if reply.status == 200 else str(reply.json()["code"])
        wrong = ""
        if reply.status == 200 and not any(shows(reply.body, number, wanted.width) for number in wanted.numbers):
            wrong = f"{wanted} {dict(reply.headers)}"
        with self._lock:
            tally = self._tallies[wanted.scope]
            tally.outcomes[reply.status, code] += 1
            if wrong:
                tally.wrong.append(wrong)


def sizes(scope: str, url: str, numbers: Sequence[int], widths: Sequence[int], forms: Sequence[str]) -> list[Wanted]:
    """One original at many sizes."""
    return [Wanted(scope, url, width, form, tuple(numbers)) for width in widths for form in forms]


def while_going(traffic: Traffic, more: int, work: Callable[[], object] = lambda: None) -> None:
    """Do this, then wait until so many more answers have come, however slowly; where none comes for ``SILENCE_S``
    something hangs."""
    work()
    goal, ticks = traffic.asked + more, threading.Event()
    seen, since = traffic.asked, time.monotonic()
    while traffic.asked < goal:
        ticks.wait(0.05)
        if traffic.asked > seen:
            seen, since = traffic.asked, time.monotonic()
        assert time.monotonic() - since < SILENCE_S, (
            f"nothing for {SILENCE_S} s, and {goal - seen} of {more} answers missing"
        )
