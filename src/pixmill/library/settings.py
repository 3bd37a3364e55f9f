"""The settings of an engine in a program: its arguments, the environment, the defaults.

Knows the settings of sources, stores and engine. Must never read ``.env`` files: the folder is the program's.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from pixmill.errors import InvalidParameter, UnknownParameter
from pixmill.image_config import ImageConfig

PREFIX: Final = "PIXMILL_"
MAX_WAIT_S: Final = 3_600.0
"""The default of ``queue_max_wait_s``: a program waits for its own images, where a service turns clients away."""


class EngineSettings(ImageConfig, BaseSettings):
    """The settings of an engine. The environment variable of field ``name`` is ``PIXMILL_NAME``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True)


def load_settings(given: Mapping[str, object]) -> EngineSettings:
    """Validate the arguments of an engine. Raises UnknownParameter, InvalidParameter that names the setting."""
    for name in given:
        if name not in EngineSettings.model_fields:
            close = get_close_matches(name, EngineSettings.model_fields, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise UnknownParameter(f"{name} is no setting of an engine{hint}", param=name)
    try:
        return EngineSettings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type] # pydantic validates
    except ValidationError as error:
        raise _invalid(error, given) from None
    except UnreadableSetting as error:
        raise InvalidParameter(f"{error}: {error.__cause__}") from error


def with_max_wait(config: ImageConfig) -> ImageConfig:
    """Return the settings with ``MAX_WAIT_S``, unless they say how long a call may wait."""
    if "queue_max_wait_s" in config.model_fields_set:
        return config
    return config.model_copy(update={"queue_max_wait_s": MAX_WAIT_S})


def _invalid(error: ValidationError, given: Mapping[str, object]) -> InvalidParameter:
    """Name the settings that are invalid, each as the argument or the variable that it came from."""
    problems: list[str] = []
    params: list[str] = []
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        name, *path = map(str, problem["loc"] or ("",))
        message = problem["msg"].removeprefix("Value error, ")
        param = name if name in given or not name else PREFIX + name.upper()
        params.append(param)
        problems.append(f"{'.'.join([param, *path])}: {message}" if param else message)
    return InvalidParameter("; ".join(problems), param=params[0] or None)
