"""Runs ``pixmill batch`` with the options that were given: wrong ones exit with 2."""

import os
from typing import Any, Final

from pixmill.batch.console import View, dry_run, run
from pixmill.batch.job import MAX_SHARD_SIZE, Job
from pixmill.batch.planning import parse_part
from pixmill.batch.run import Options
from pixmill.batch.shards import batch_settings
from pixmill.cli.batch_options import ROWS
from pixmill.cli.error_messages import option_sentence
from pixmill.cli.usage import WrongUsage
from pixmill.errors import BadRequest

_STDERR: Final = 2

_OWN: Final = frozenset(row.name for row in ROWS) - {"preset"}


def run_command(inputs: tuple[str, ...], options: dict[str, Any]) -> int:
    """Return the exit code. Raises WrongUsage, PixmillError, SettingsError, OSError."""
    _open_standard_streams()
    own = {name: options[name] for name in _OWN}
    params = {name: values for name, values in options.items() if name not in _OWN and values}
    if not inputs and not own["files_from"]:
        raise WrongUsage("nothing names originals: give a PATTERN, or --files-from")
    if not own["to"]:
        raise WrongUsage("--to is missing: where results go, such as --to 'thumbs/{stem}-{width}.{ext}'")
    if own["on_error"] not in {None, "continue", "stop"}:
        raise WrongUsage(f"--on-error is continue or stop, not {own['on_error']}")
    try:
        job = _job(inputs, own, params)
        settings = batch_settings({"workers": own["workers"]} if own["workers"] is not None else {})
        run_options = Options(
            workers=settings.worker_count(),
            stop_on_error=own["on_error"] == "stop",
            restart=own["restart"],
            part=parse_part(own["shard"] or ""),
        )
        view = View(own["report"] or "", report_all=own["report_all"], progress=not own["quiet"])
        return (dry_run if own["dry_run"] else run)(job, settings, run_options, view)
    except BadRequest as error:
        raise WrongUsage(_sentence(error)) from error


def _open_standard_streams() -> None:
    """Open what the caller has closed: another file would get its number, with which event loops abort."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(fd)


def _job(inputs: tuple[str, ...], own: dict[str, Any], params: dict[str, tuple[str, ...]]) -> Job:
    return Job(
        target=own["to"],
        inputs=inputs,
        params=params,
        exclude=own["exclude"],
        files_from=own["files_from"] or "",
        null_separated=own["null"],
        skip_existing=own["skip_existing"],
        journal=own["journal"] or "",
        **({"shard_size": _shard_size(own["shard_size"])} if own["shard_size"] is not None else {}),
    )


def _shard_size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_SHARD_SIZE):
        raise WrongUsage(f"--shard-size is a whole number from 1 to {MAX_SHARD_SIZE:,}, not {text}")
    return int(text)


def _sentence(error: BadRequest) -> str:
    own = next((row.flags[0] for row in ROWS if row.name == error.param), "")
    if error.param == "inputs":
        return f"PATTERN: {error.message}"
    return f"{own}: {error.message}" if own else option_sentence(error, "resize")
