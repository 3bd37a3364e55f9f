"""The lines of a diagnosis: for people, and as JSON.

Knows texts. What comes from an origin or a file is redacted, and control characters in it are escaped.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from pixmill.telemetry.redaction import printable, redact

MAX_TEXT_CHARACTERS = 500
"""Of one text: some quote what an origin sent."""


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    OPTIONAL = "optional"
    """Not there, and not needed by the rest."""
    WARNING = "warning"
    ERROR = "error"


SYMBOLS = {Outcome.OK: "✓", Outcome.OPTIONAL: "–", Outcome.WARNING: "!", Outcome.ERROR: "✗"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a request. ``advice`` says what to change, ``code`` is that of the error that clients get."""

    name: str
    text: str
    seconds: float | None = None
    outcome: Outcome = Outcome.OK
    advice: tuple[str, ...] = ()
    code: str = ""

    def lines(self) -> Iterator[str]:
        """Return the lines for people."""
        took = "" if self.seconds is None else f"  {self.seconds * 1000:.0f} ms"
        yield f"{SYMBOLS[self.outcome]} {self.name:<9} {clean(self.text)}{took}"
        for advice in self.advice:
            yield f"  {'':<9} → {clean(advice)}"

    def as_json(self) -> dict[str, object]:
        """Return the object for JSON; what is empty is left out."""
        fields: dict[str, object] = {"name": self.name, "outcome": self.outcome.value, "text": clean(self.text)}
        if self.seconds is not None:
            fields["seconds"] = round(self.seconds, 6)
        if self.advice:
            fields["advice"] = [clean(advice) for advice in self.advice]
        if self.code:
            fields["code"] = self.code
        return fields


def clean(text: str) -> str:
    """Return a text that a terminal can show, without secrets."""
    shown = printable(redact(text))
    return shown if len(shown) <= MAX_TEXT_CHARACTERS else f"{shown[:MAX_TEXT_CHARACTERS]}…"


def is_ok(outcomes: Iterable[Outcome]) -> bool:
    """Return whether no check failed."""
    return Outcome.ERROR not in outcomes
