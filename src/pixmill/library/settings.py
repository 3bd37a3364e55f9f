"""The settings of an engine in a program: its arguments, the environment, the defaults.

Knows the settings of sources, stores and engine. Must never read ``.env`` files: the folder is the program's.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pixmill.errors import InvalidParameter, UnknownParameter
from pixmill.image_config import ImageConfig
from pixmill.runtime.setting_types import Contradictions, setting_value
from pixmill.setting_errors import PREFIX, GivenValue, env_name, field_problems

MAX_WAIT_S: Final = 3_600.0
"""The default of ``queue_max_wait_s``: a program waits for its own images, where a service turns clients away."""


class EngineSettings(ImageConfig, BaseSettings):
    """The settings of an engine. The environment variable of field ``name`` is ``PIXMILL_NAME``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True, enable_decoding=False
    )


def load_settings(given: Mapping[str, object]) -> EngineSettings:
    """Validate the arguments of an engine. Raises UnknownParameter, InvalidParameter that names the setting."""
    for name in given:
        if name not in EngineSettings.model_fields:
            close = get_close_matches(name.removeprefix(PREFIX).lower(), EngineSettings.model_fields, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise UnknownParameter(f"{name} is no setting of an engine{hint}", param=name)
    given = {name: setting_value(value) for name, value in given.items() if value is not None}
    try:
        return EngineSettings(**given)  # type: ignore[arg-type] # pydantic validates
    except ValidationError as error:
        raise _invalid(error, given) from None


def with_max_wait(config: ImageConfig) -> ImageConfig:
    """Return the settings with ``MAX_WAIT_S``, unless they say how long a call may wait."""
    if "queue_max_wait_s" in config.model_fields_set:
        return config
    return config.model_copy(update={"queue_max_wait_s": MAX_WAIT_S})


def _invalid(error: ValidationError, given: Mapping[str, object]) -> InvalidParameter:
    """Name the settings that are invalid, each as the argument or the variable that it came from."""
    values = {
        name: GivenValue(os.environ[env_name(name)])
        for name in EngineSettings.model_fields
        if env_name(name) in os.environ
    } | {name: GivenValue(value, f"argument {name}") for name, value in given.items()}
    problems = list(field_problems(EngineSettings.model_fields, error.errors(), values))
    problems += [
        (one.fields[0], one.text)
        for each in error.errors()
        if isinstance(cause := each.get("ctx", {}).get("error"), Contradictions)
        for one in cause.found
    ]
    name = problems[0][0]
    return InvalidParameter("\n".join(text for _, text in problems), param=name if name in given else env_name(name))
