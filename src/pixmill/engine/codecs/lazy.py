"""Parts of codecs whose libraries are optional or heavy: imported when they are first called, not when a worker starts."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

_PACKAGE = __name__.rpartition(".")[0]


def lazy_function(module: str, name: str) -> Callable[..., Any]:
    """What is called so in that module beside this one."""

    def call(*arguments: Any) -> Any:
        return getattr(import_module(f"{_PACKAGE}.{module}"), name)(*arguments)

    return call
