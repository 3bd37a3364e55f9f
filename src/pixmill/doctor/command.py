"""The output of ``pixmill doctor``: lines as they come, or one JSON object at the end."""

import asyncio

import click
import msgspec

from pixmill.doctor.installation import diagnose
from pixmill.doctor.report import Step
from pixmill.doctor.request import diagnose_request
from pixmill.settings import Settings


def run(settings: Settings, source: str | None, *, as_json: bool) -> bool:
    """Check the installation, or try a request for ``source``; print the report; return whether all is well."""
    if source is None:
        return _check_installation(settings, as_json=as_json)

    def print_step(step: Step) -> None:
        for line in step.lines():
            click.echo(line)

    diagnosis = asyncio.run(diagnose_request(settings, source, _ignore if as_json else print_step))
    if as_json:
        _print_json(diagnosis.as_json())
    else:
        click.echo(f"\n{diagnosis.summary()}")
    return diagnosis.is_ok


def _check_installation(settings: Settings, *, as_json: bool) -> bool:
    results = diagnose(settings)
    is_ok = not any(result.is_error for result in results)
    if as_json:
        _print_json({"ok": is_ok, "checks": [{"outcome": each.outcome, "text": each.text} for each in results]})
    else:
        for result in results:
            click.echo(f"{result.symbol} {result.text}")
        errors = [result.text for result in results if result.is_error]
        if errors:  # once more at the end, which is what a log of a build shows
            click.echo(f"\nNot ready, {len(errors)} of {len(results)} checks failed:")
            click.echo("".join(f"✗ {text}\n" for text in errors), nl=False)
    return is_ok


def _ignore(_step: Step) -> None:
    """Print nothing before the end."""


def _print_json(value: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))
