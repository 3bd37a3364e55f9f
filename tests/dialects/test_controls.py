"""The controls of parameters: what a form offers is what the grammars accept."""

import pytest

from pixmill.dialects.native.grammars.controls import Control, ControlKind
from pixmill.dialects.native.param import Param
from pixmill.dialects.native.params import PARAMS
from pixmill.errors import InvalidParameter

CONTROLS = [pytest.param(param, param.grammar.control, id=param.name) for param in PARAMS]


def text(number: float) -> str:
    return f"{number:.10f}".rstrip("0").rstrip(".")


def accepts(param: Param, value: str) -> bool:
    try:
        param.parse(value)
    except InvalidParameter:
        return False
    return True


@pytest.mark.parametrize(("param", "control"), CONTROLS)
def test_choices_are_values(param: Param, control: Control) -> None:
    assert [word for word in control.choices if not accepts(param, word)] == []


@pytest.mark.parametrize(("param", "control"), CONTROLS)
def test_bounds_are_the_outermost_values(param: Param, control: Control) -> None:
    if control.kind not in (ControlKind.INTEGER, ControlKind.NUMBER) or control.low is None or control.high is None:
        return
    assert control.step is not None
    assert accepts(param, text(control.low))
    assert accepts(param, text(control.high))
    assert not accepts(param, text(control.high + control.step))
    assert not accepts(param, text(control.low - control.step))


@pytest.mark.parametrize(("param", "control"), CONTROLS)
def test_a_slider_stops_at_values(param: Param, control: Control) -> None:
    if control.kind not in (ControlKind.INTEGER, ControlKind.NUMBER) or control.low is None or control.high is None:
        return
    assert control.step is not None
    stops = [control.low + index * control.step for index in (1, 2, 3, 7, 19)]
    assert [stop for stop in stops if stop <= control.high and not accepts(param, text(stop))] == []


@pytest.mark.parametrize(("param", "control"), CONTROLS)
def test_a_list_of_numbers_has_bounds_of_its_own(param: Param, control: Control) -> None:
    if not control.items or any(item.low is None for item in control.items):
        return
    lows = ",".join(text(item.low or 0) for item in control.items)
    highs = ",".join(text(item.high or 0) for item in control.items)
    assert accepts(param, lows)
    assert accepts(param, highs)
    assert accepts(param, ",".join(highs.split(",")[: control.required]))


@pytest.mark.parametrize(("param", "control"), CONTROLS)
def test_a_switch_is_true_or_false(param: Param, control: Control) -> None:
    if control.kind is ControlKind.BOOLEAN:
        assert accepts(param, "true")
        assert accepts(param, "false")
        assert param.default in ("true", "false")


def test_every_kind_is_used() -> None:
    used = {param.grammar.control.kind for param in PARAMS}
    assert used == set(ControlKind)


@pytest.mark.parametrize(
    ("low", "high", "step"), [(0, 100, 1), (-100, 100, 1), (0.1, 10, 0.01), (0, 250, 1), (-5, 5, 0.1), (0, 1, 0.01)]
)
def test_a_slider_has_at_least_a_hundred_steps(low: float, high: float, step: float) -> None:
    assert Control(ControlKind.NUMBER, low, high).step == step
