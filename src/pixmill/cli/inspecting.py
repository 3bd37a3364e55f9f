"""Inspects the inputs of a command with all workers, and prints what is known of them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import click
import msgspec

from pixmill.cli.error_messages import option_sentence, print_failure
from pixmill.cli.files import open_source
from pixmill.cli.output import file_size, print_json
from pixmill.cli.usage import WrongUsage
from pixmill.errors import BadRequest
from pixmill.library.engine import Engine
from pixmill.library.params import selection_of_texts
from pixmill.settings import load
from pixmill.telemetry.redaction import printable

Facts = Mapping[str, object]

_MAX_THREADS = 32


def print_facts(sources: Sequence[str], params: Mapping[str, str], *, as_json: bool) -> bool:
    """Print facts of each input, in order; return whether all could be read. Raises WrongUsage."""
    try:
        selection_of_texts(params)
    except BadRequest as error:
        raise WrongUsage(option_sentence(error, "info", params)) from error
    settings = load()
    workers = min(settings.worker_count(), len(sources))
    are_fine = True
    width = max(len(printable(source)) for source in sources)
    with Engine.of(settings.model_copy(update={"workers": workers})) as engine:
        for source, outcome in _outcomes(engine, sources, params):
            if isinstance(outcome, Exception):
                are_fine = False
                print_failure(source, outcome)
            elif as_json:
                _print_as_json(source, outcome, is_single=len(sources) == 1)
            elif len(sources) == 1:
                _print_whole(outcome)
            else:
                click.echo(f"{printable(source):<{width}}  {_summary(outcome)}")
    return are_fine


def _outcomes(
    engine: Engine, sources: Sequence[str], params: Mapping[str, str]
) -> Iterator[tuple[str, Facts | Exception]]:
    def inspect(source: str) -> Facts | Exception:
        try:
            with open_source(source) as original:
                return cast("Facts", engine.info_texts(original, params))
        except Exception as error:  # noqa: BLE001 - printed in its turn
            return error

    with ThreadPoolExecutor(min(len(sources), _MAX_THREADS)) as pool:
        yield from zip(sources, pool.map(inspect, sources), strict=True)


def _print_as_json(source: str, facts: Facts, *, is_single: bool) -> None:
    if is_single:
        print_json(facts)
    else:
        name = os.fsencode(source).decode(errors="backslashreplace")  # of a file, whose bytes need not be UTF-8
        click.echo(msgspec.json.encode({"source": name, **facts}))


def _summary(facts: Facts) -> str:
    size = f"{facts['width']} x {facts['height']}"
    return f"{facts['format']:<5}  {size:>13}  {file_size(cast('int', facts['bytes'])):>10}"


def _print_whole(facts: Facts) -> None:
    """Print one fact a line; what is nested is indented."""
    rows = list(_rows(facts, ""))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {printable(value)}")  # metadata of an image may contain anything


def _rows(facts: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from _rows(value, f"{prefix}{name}.")
        elif name == "bytes" and isinstance(value, int):
            yield f"{prefix}{name}", f"{value} ({file_size(value)})"
        elif isinstance(value, bool):
            yield f"{prefix}{name}", "yes" if value else "no"
        elif value is not None:
            yield f"{prefix}{name}", ", ".join(map(_text, value)) if isinstance(value, list) else _text(value)


def _text(value: object) -> str:
    return value or "-" if isinstance(value, str) else msgspec.json.encode(value).decode()
