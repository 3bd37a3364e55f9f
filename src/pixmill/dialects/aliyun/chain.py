"""The grammar of processing chains: ``image/resize,m_fill,w_300,h_200/format,webp``.

Knows texts only; must never know what an action does.
"""

from dataclasses import dataclass
from typing import Final

from pixmill.errors import InvalidParameter

IMAGE: Final = "image/"
SNAPSHOT: Final = "video/snapshot,"
STYLE: Final = "style/"

MAX_ACTIONS: Final = 32
"""Of one chain: more than the stages of a plan hold."""
_MAX_VALUES: Final = 24
_MAX_SHOWN: Final = 64


@dataclass(frozen=True, slots=True)
class Action:
    """An action: its name, and its values by name; ``plain`` is one that has no name, as in ``format,webp``."""

    name: str
    values: dict[str, str]
    plain: str = ""


def parse_actions(chain: str, param: str) -> list[Action]:
    """Return the actions of what follows ``image/``. Raises InvalidParameter, whose parameter is ``param``."""
    pieces = chain.strip("/").split("/", MAX_ACTIONS)
    if len(pieces) > MAX_ACTIONS:
        raise InvalidParameter(f"{param} may have at most {MAX_ACTIONS} actions", param=param)
    return [_action(piece, param) for piece in pieces if piece]


def _action(text: str, param: str) -> Action:
    name, *pieces = text.split(",", _MAX_VALUES + 1)
    if len(pieces) > _MAX_VALUES:
        raise InvalidParameter(f"{param}: {name[:_MAX_SHOWN]} has too many values", param=param)
    values: dict[str, str] = {}
    plain = ""
    for piece in pieces:
        key, separator, value = piece.partition("_")
        if separator:
            values[key] = value
        else:
            plain = piece
    return Action(name, values, plain)
