"""Gathers the values of settings that are not defaults: options, environment, ``.env``, configuration and secret files.

Knows the order of precedence and the names. Must never know what a setting means.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from pydantic.fields import FieldInfo

from pixmill.env_file import ENV_FILE, read_env_file
from pixmill.setting_errors import PREFIX, GivenValue, env_name, is_secret
from pixmill.setting_files import read_config_file, read_secret_file

CONFIG_OPTION: Final = "config"
CONFIG_VARIABLE: Final = PREFIX + "CONFIG"
_FILE_SUFFIX: Final = "_FILE"


class SettingSources(NamedTuple):
    """Values by field, the names of all variables, those of ``.env`` without a value, and what is wrong with files."""

    given: dict[str, GivenValue]
    names: tuple[str, ...]
    without_value: tuple[str, ...]
    problems: tuple[str, ...]


def read_sources(fields: Mapping[str, FieldInfo], flags: Mapping[str, object]) -> SettingSources:
    """Read all sources, of which each overrides those before it: configuration file, ``.env``, environment, options.

    ``flags`` may name the configuration file, else the variable ``PIXMILL_CONFIG`` does.
    """
    path = str(flags.get(CONFIG_OPTION) or os.environ.get(CONFIG_VARIABLE) or "")
    config_values, config_problems = read_config_file(path, PREFIX) if path else ({}, ())
    env_file, env_problems = read_env_file(PREFIX)
    variables = {name: GivenValue(value, path) for name, value in config_values.items()}
    variables |= {name.upper(): GivenValue(value, ENV_FILE) for name, value in env_file.items() if value is not None}
    variables |= {name.upper(): GivenValue(value) for name, value in os.environ.items()}
    options = {
        env_name(name): GivenValue(value, f"--{name.replace('_', '-')}")
        for name, value in flags.items()
        if name != CONFIG_OPTION
    }
    secrets, secret_problems = _read_secrets(fields, variables | options)
    values = variables | secrets | options
    others = {CONFIG_VARIABLE, *secret_file_variables(fields)}
    return SettingSources(
        {name: values[env_name(name)] for name in fields if env_name(name) in values},
        tuple(name for name in (*config_values, *os.environ, *env_file) if name.upper() not in others),
        tuple(name for name, value in env_file.items() if value is None),
        (*config_problems, *env_problems, *secret_problems),
    )


def secret_file_variables(fields: Mapping[str, FieldInfo]) -> dict[str, str]:
    """Return the fields that may be in a file, by the variable with its path: ``PIXMILL_KEYS_FILE``."""
    return {env_name(name) + _FILE_SUFFIX: name for name, field in fields.items() if is_secret(name, field)}


def _read_secrets(
    fields: Mapping[str, FieldInfo], given: Mapping[str, GivenValue]
) -> tuple[dict[str, GivenValue], list[str]]:
    secrets, problems = dict[str, GivenValue](), list[str]()
    for variable, name in secret_file_variables(fields).items():
        if variable not in given:
            continue
        path = str(given[variable].value)
        if env_name(name) in given:
            problems.append(f"{variable} and {env_name(name)} are both given: leave one of them out")
            continue
        try:
            secrets[env_name(name)] = GivenValue(read_secret_file(path), variable)
        except ValueError as error:
            problems.append(f"{variable}={path}: {error}; for example {variable}=/run/secrets/{name}")
    return secrets, problems


def source_names(given: Mapping[str, GivenValue]) -> Iterator[tuple[str, str]]:
    """Yield each field that is given with its source: ``flag``, ``environment``, ``.env``, or a file."""
    for name, value in given.items():
        yield name, "flag" if value.origin.startswith("--") else value.origin
