"""The values that a native URL leaves to its client: ``width=auto`` and ``dpr=auto``.

Knows values of parameters. Must never know a header.
"""

from fractions import Fraction
from math import ceil
from typing import Final

from pixmill.dialects.native.grammars.scalars import AUTO_DECIMAL, AUTO_INTEGER
from pixmill.dialects.native.param import MAX_SIDE
from pixmill.dialects.native.param_values import ParamValues, select
from pixmill.plan.hints import Hints, HintValues

_ONE: Final = Fraction(1)
_UNKNOWN: Final = HintValues()


def hints_of(values: ParamValues) -> Hints | None:
    """Return what the client decides, None for nothing."""
    width, dpr = values.get("width") == AUTO_INTEGER, values.get("dpr") == AUTO_DECIMAL
    return Hints(width, dpr, save_data=True) if width or dpr else None


def with_hints(values: ParamValues, hinted: HintValues = _UNKNOWN) -> ParamValues:
    """Replace ``auto`` by what the client says; without that it is as if the parameter was not given.

    The width is in device pixels: multiplied by ``dpr``, wherever that comes from, it is at least as large.
    """
    is_auto = {name for name, auto in (("width", AUTO_INTEGER), ("dpr", AUTO_DECIMAL)) if values.get(name) == auto}
    resolved = select(values, values.keys() - is_auto)
    if "dpr" in is_auto and hinted.dpr is not None:
        resolved["dpr"] = hinted.dpr
    if "width" in is_auto and hinted.width is not None:
        resolved["width"] = max(1, min(MAX_SIDE, ceil(hinted.width / resolved.get("dpr", _ONE))))
    return resolved
