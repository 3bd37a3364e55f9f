"""Operations in the order of a URL, put into as few stages as their order allows.

A stage has an order of its own. An operation goes into the current stage if that works on it after all that is in it
already, else into a new one. Knows plans; must never know a grammar.
"""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from msgspec import Struct, structs

from pixmill.errors import InvalidParameter
from pixmill.plan.effects import Adjust, ColourAdjustment, Effects, ToneAdjustment
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import MAX_STAGES, BlurSpace, Input, Output, Overlay, Plan, Stage

Field = tuple[str, ...]
"""A field of a stage: its name, below those of the structures that hold it."""

_NESTED: Final[dict[str, type[Struct]]] = {
    "adjust": Adjust,
    "tone": ToneAdjustment,
    "colour": ColourAdjustment,
    "effects": Effects,
}
_UNORDERED: Final = frozenset({"background", "blur_space"})
_INPUT: Final = Input()
_OUTPUT: Final = Output()
_OVERLAYS: Final[Field] = ("overlays",)


def _fields(struct: type[Struct], above: Field = ()) -> Iterator[Field]:
    """Yield the fields of a stage in their order of work, which is that of the declarations."""
    for name in struct.__struct_fields__:
        if name in _NESTED:
            yield from _fields(_NESTED[name], (*above, name))
        elif name not in _UNORDERED:
            yield (*above, name)


_ORDER: Final = {field: number for number, field in enumerate(_fields(Stage))}
_ORDER["canvas",] = _ORDER["extend",]  # both are padded at once


AnyStruct = TypeVar("AnyStruct", bound=Struct)


def _replace(struct: AnyStruct, field: Field, value: object) -> AnyStruct:
    name, *below = field
    new_value = _replace(getattr(struct, name), tuple(below), value) if below else value
    return structs.replace(struct, **{name: new_value})


def plan_of_stages(
    stages: Sequence[Stage],
    source: Input = _INPUT,
    output: Output = _OUTPUT,
    *,
    what: str = "The operations",
    param: str = "",
) -> Plan:
    """Return the normal form of the plan of these stages, one or more.

    Raises InvalidParameter, with ``what`` as its subject, if there are too many of them.
    """
    if len(stages) > MAX_STAGES + 1:
        raise InvalidParameter(f"{what} need more than {MAX_STAGES} further stages", param=param or None)
    first, *others = stages
    operations = {name: getattr(first, name) for name in Stage.__struct_fields__}
    return normal_form(Plan(**operations, stages=tuple(others), input=source, output=output))


class StageSequence:
    """The stages of one image."""

    def __init__(self, param: str) -> None:
        """``param`` is named if there are too many of them."""
        self._param = param
        self._stages = [Stage()]
        self._last = -1

    @property
    def is_first(self) -> bool:
        """Whether nothing needs a second stage yet."""
        return len(self._stages) == 1

    @property
    def current(self) -> Stage:
        return self._stages[-1]

    def takes(self, field: Field) -> bool:
        """Return whether the current stage can still do this."""
        return _ORDER[field] > self._last

    def begin(self) -> None:
        """Begin a new stage. Raises InvalidParameter."""
        if len(self._stages) > MAX_STAGES:
            raise InvalidParameter(f"{self._param} need more than {MAX_STAGES} further stages", param=self._param)
        self._stages.append(Stage())
        self._last = -1

    def put(self, field: Field, value: object) -> None:
        """Add an operation. Raises InvalidParameter."""
        if not self.takes(field):
            self.begin()
        self.change(field, value)
        self._last = _ORDER[field]

    def change(self, field: Field, value: object) -> None:
        """Change the current stage, as if this had been so from the beginning."""
        self._stages[-1] = _replace(self._stages[-1], field, value)

    def put_together(self, field: Field, value: object) -> None:
        """Add an operation to that which was added last, if both are done at once."""
        if _ORDER[field] == self._last:
            self.change(field, value)
        else:
            self.put(field, value)

    def blur(self, sigma: float) -> None:
        """Blur sRGB values, as the programs do."""
        self.put(("blur",), sigma)
        self.change(("blur_space",), BlurSpace.SRGB)

    def add_overlay(self, overlay: Overlay) -> None:
        """Draw an overlay over what there is."""
        if self._last == _ORDER[_OVERLAYS]:
            self.change(_OVERLAYS, (*self.current.overlays, overlay))
        else:
            self.put(_OVERLAYS, (overlay,))

    @property
    def stages(self) -> tuple[Stage, ...]:
        return tuple(self._stages)

    def plan(self) -> Plan:
        """Return the plan of these stages, without input and output."""
        first, *others = self._stages
        return Plan(**structs.asdict(first), stages=tuple(others))
