"""Reads the text of a transformation: ``w-300,h-200:rt-90,l-text,i-Hi,l-end``. Knows its syntax, not what a name means.

Steps are separated by colons, parameters by commas; from ``l-`` to ``l-end`` they are those of a layer.
"""

from dataclasses import dataclass, field
from typing import Final

from pixmill.errors import InvalidParameter
from pixmill.plan.ops import MAX_OVERLAY_DEPTH
from pixmill.plan.overlays import MAX_OVERLAYS

MAX_PARAMS: Final = 512
PARAM: Final = "tr"


@dataclass(slots=True)
class Layer:
    """A layer: its kind, and its own steps; the first one also says what it shows, and where."""

    kind: str
    steps: "list[Step]"


@dataclass(slots=True)
class Step:
    """The parameters of a step in the order of the URL, and its layers."""

    params: list[tuple[str, str]] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)


def read_chain(text: str) -> list[Step]:
    """Read a chain. Raises InvalidParameter if it has too many parameters, or layers that do not end."""
    top: list[Step] = [Step()]
    open_steps = [top]
    pieces = text.replace(":", ",:,").split(",", 2 * MAX_PARAMS)
    if len(pieces) > MAX_PARAMS:
        raise InvalidParameter(f"{PARAM} may have at most {MAX_PARAMS} parameters", param=PARAM)
    for piece in pieces:
        steps = open_steps[-1]
        name, _, value = piece.strip().partition("-")
        if piece == ":":
            steps.append(Step())
        elif name == "l" and value == "end":
            if len(open_steps) == 1:
                raise InvalidParameter("l-end has no layer to end", param=PARAM)
            open_steps.pop()
        elif name == "l":
            layer = Layer(value, [Step()])
            if len(open_steps) > MAX_OVERLAY_DEPTH or len(steps[-1].layers) >= MAX_OVERLAYS:
                raise InvalidParameter(
                    f"A step may have {MAX_OVERLAYS} layers, nested {MAX_OVERLAY_DEPTH} deep", param=PARAM
                )
            steps[-1].layers.append(layer)
            open_steps.append(layer.steps)
        elif name:
            steps[-1].params.append((name, value))
    if len(open_steps) > 1:
        raise InvalidParameter("A layer must end with l-end", param=PARAM)
    return [step for step in top if step.params or step.layers] or [Step()]
