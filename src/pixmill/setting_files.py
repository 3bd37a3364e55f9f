"""Reads files with settings: a configuration file in TOML, and files with one secret each.

Knows their syntax and bounds, and no setting. Must never show what is in a file with a secret.
"""

import json
import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

MAX_FILE_BYTES: Final = 1024 * 1024
"""Of a file with settings: lists of stores and dialects are the largest, with some kilobytes."""


class ConfigFile(NamedTuple):
    """Values as texts, as they would be in the environment, by name, and a sentence for each problem."""

    values: Mapping[str, str]
    problems: tuple[str, ...] = ()


def read_config_file(path: str, prefix: str) -> ConfigFile:
    """Read a file of lines like ``cache_ttl_s = "12h"``; names are returned with ``prefix``, in upper case.

    Lists of texts are joined by commas; other lists and tables become JSON.
    """
    try:
        table = tomllib.loads(_read(path))
    except ValueError as error:
        return ConfigFile({}, (_config_problem(path, error),))
    values, problems = dict[str, str](), list[str]()
    for name, value in table.items():
        full_name = prefix + name.upper().removeprefix(prefix)
        text = _text(value)
        if full_name in values:
            problems.append(f"{full_name} ({path}) is given twice: leave one of them out")
        elif text is None:
            problems.append(f"{full_name} ({path}) must be a text, a number, true or false, a list, or a table")
        else:
            values[full_name] = text
    return ConfigFile(values, tuple(problems))


def _config_problem(path: str, error: ValueError) -> str:
    if isinstance(error, tomllib.TOMLDecodeError):
        where = str(error).rpartition("(")[2].rstrip(")").removeprefix("at ").split(", column")[0]
        return f"PIXMILL_CONFIG={path} is no TOML ({where}): write name = value, with texts in double quotes"
    return f"PIXMILL_CONFIG={path} {error}"


def _text(value: object) -> str | None:
    """Return a value as it would be in the environment; None for a date or a time."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ",".join(value)
    try:
        return json.dumps(value, ensure_ascii=False)
    except TypeError:
        return None


def read_secret_file(path: str) -> str:
    """Return the content without white space around it. Raises ValueError, whose text follows the path."""
    text = _read(path).strip()
    if not text:
        raise ValueError("is empty")
    return text


def _read(path: str) -> str:
    """Return the text of a regular file. Does not wait for a pipe, nor read more than the bound. Raises ValueError."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise ValueError("is no regular file")
            content = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise ValueError("does not exist") from error
    except OSError as error:
        what = "is a folder" if Path(path).is_dir() else "cannot be read: let the user of this process read it"
        raise ValueError(what) from error
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"has more than {MAX_FILE_BYTES:,} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8") from error
