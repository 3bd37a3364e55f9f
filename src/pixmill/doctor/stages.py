"""Times the steps of a diagnosis and reports each as it ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from pixmill.doctor.advice import advice_for
from pixmill.doctor.report import Outcome, Step
from pixmill.errors import PixmillError
from pixmill.settings import Settings


class Failed(Exception):
    """A step failed, and was reported: those after it cannot be tried."""


class _StepFailed(Exception):
    def __init__(self, text: str, code: str, advice: tuple[str, ...]) -> None:
        super().__init__(text)
        self.text, self.code, self.advice = text, code, advice


@dataclass(slots=True)
class Stage:
    """A step that is under way; ``text`` is what is reported if it succeeds."""

    text: str = ""
    outcome: Outcome = Outcome.OK
    advice: tuple[str, ...] = ()

    def failed(self, text: str, code: str, *advice: str) -> Exception:
        """Return the exception to raise when the step has failed."""
        return _StepFailed(text, code, advice)


@dataclass(slots=True)
class Stages:
    """Passes every step to ``on_step`` when it has ended, and keeps it."""

    settings: Settings
    on_step: Callable[[Step], None]
    steps: list[Step] = field(default_factory=list)

    def report(self, step: Step) -> None:
        """Report a step that took no time."""
        self.steps.append(step)
        self.on_step(step)

    def fail(self, name: str, text: str, code: str, *advice: str) -> Failed:
        """Report a step that failed; return the exception to raise."""
        self.report(Step(name, text, None, Outcome.ERROR, advice or advice_for(code, self.settings), code))
        return Failed()

    @contextmanager
    def timed(self, name: str) -> Iterator[Stage]:
        """Time a step and report it. Raises Failed in place of an error of Pixmill, and of one from ``failed``."""
        stage, started = Stage(), perf_counter()
        try:
            yield stage
        except (PixmillError, _StepFailed) as error:
            if isinstance(error, _StepFailed):
                text, code, advice = error.text, error.code, error.advice
            else:
                text, code, advice = describe_error(error), error.code, ()
            advice = advice or advice_for(code, self.settings)
            self.report(Step(name, text, perf_counter() - started, Outcome.ERROR, advice, code))
            raise Failed from error
        self.report(Step(name, stage.text, perf_counter() - started, stage.outcome, stage.advice))


def describe_error(error: PixmillError) -> str:
    """Return message and detail of an error."""
    return f"{error.message}: {error.detail}" if error.detail and error.detail not in error.message else error.message
