"""Reads the file ``.env``: variables, and what is wrong with its lines. Knows the file's syntax, and no setting."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from dotenv import dotenv_values
from dotenv.parser import parse_stream

ENV_FILE: Final = ".env"

logging.getLogger("dotenv").setLevel(logging.ERROR)  # it warns of lines that are not ours; those that are are errors


class EnvFile(NamedTuple):
    """The variables, None for a line without ``=``, and a sentence for each problem."""

    variables: Mapping[str, str | None]
    problems: tuple[str, ...] = ()


def read_env_file(prefix: str) -> EnvFile:
    """Read the file of the working directory, which need not exist.

    A line that cannot be read is a problem if ``prefix`` is in it: it would silently leave a default in force.
    """
    path = Path(ENV_FILE)
    if not path.is_file():
        return EnvFile({})
    try:
        variables = dotenv_values(ENV_FILE)
        with path.open(encoding="utf-8") as stream:
            damaged = [one.original for one in parse_stream(stream) if one.error and prefix in one.original.string]
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return EnvFile({}, (f"{ENV_FILE} is not UTF-8 (line {line}): save it as UTF-8, or leave that line out",))
    except OSError:
        return EnvFile({}, (f"{ENV_FILE} cannot be read: let the user of this process read it, or remove it",))
    return EnvFile(
        variables,
        tuple(
            f"{ENV_FILE} has a line that is no name=value (line {one.line}); for example {prefix}PORT=8080"
            for one in damaged
        ),
    )
