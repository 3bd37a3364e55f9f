"""Parameters as a query: names, order and values as the server's own URLs have them."""

from __future__ import annotations

from .errors import InvalidParameter, RepeatedParameter, UnknownParameter
from .parameters import ALIASES, RULES, STAGE_PARAMS
from .quoting import quote
from .rules import Stages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ORDER = {name: place for place, name in enumerate(RULES)}
_MAX_SHOWN = 80


def plain_names(params: Mapping[str, object]) -> dict[str, object]:
    """Return parameters by their full names: ``w`` is ``width``, ``trim-color`` and ``trim_colour`` are ``trim_color``.

    Raises RepeatedParameter.
    """
    found: dict[str, object] = {}
    for given, value in params.items():
        name = given if given in RULES else _full_name(given)
        if name in found:
            raise RepeatedParameter(f"{name} is given more than once", name)
        found[name] = value
    return found


def texts_of(params: Mapping[str, object], accepted: frozenset[str]) -> dict[str, str]:
    """Return the texts of values that are not None, in order. Raises UrlError."""
    texts: dict[str, str] = {}
    for name, value in plain_names(params).items():
        if value is not None:
            _check_name(name, accepted)
            texts[name] = param_text(name, value)
    return dict(sorted(texts.items(), key=lambda item: _ORDER[item[0]]))


def without_defaults(texts: dict[str, str]) -> dict[str, str]:
    """Leave out what means the same as nothing; beside ``preset``, whose values they replace, defaults count."""
    if "preset" in texts:
        return texts
    return {name: text for name, text in texts.items() if not text or text != RULES[name].default}


def param_text(name: str, value: object) -> str:
    """Return the text of one value. Raises InvalidParameter."""
    rule = RULES[name]
    try:
        if isinstance(rule, Stages) and not isinstance(value, str):
            value = _stages_text(value)
        return rule.text_of(value)
    except InvalidParameter as error:
        if error.param == "url" != name:
            raise InvalidParameter(f"{name}: {error.message}", name) from None
        raise
    except ValueError as error:
        if hasattr(error, "code"):
            raise
        shown = repr(value)
        shown = shown if len(shown) <= _MAX_SHOWN else f"{shown[:_MAX_SHOWN]}…"
        raise InvalidParameter(f"{name} must be {rule.expects}, not {shown}", name) from None


def query(texts: Mapping[str, str]) -> str:
    return "&".join([f"{name}={quote(text)}" for name, text in texts.items()])


def _stages_text(value: object) -> str:
    """Return the text of one stage or several: ``width=200&rotate=-8|crop=pct:10,10,80,80``."""
    stages = value if isinstance(value, (list, tuple)) else [value]
    if not stages:
        raise ValueError
    return "|".join([_stage_text(stage) for stage in stages])


def _stage_text(stage: object) -> str:
    try:
        params = dict(stage)  # type: ignore[call-overload]
    except TypeError:
        raise ValueError from None
    if not params:
        raise ValueError
    return query(texts_of(params, STAGE_PARAMS))


def _full_name(given: str) -> str:
    name = given.rstrip("_").replace("-", "_")
    return ALIASES.get(name, name)


def _check_name(given: str, accepted: Iterable[str]) -> None:
    """Raise UnknownParameter, with the name that was meant, unless the parameter is accepted."""
    if given in accepted:
        return
    from difflib import get_close_matches  # noqa: PLC0415 - for messages only

    near = get_close_matches(given[:32], sorted(accepted), 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    if given in RULES:
        hint = "; it has no meaning here"
    raise UnknownParameter(f"There is no parameter {given[:_MAX_SHOWN]!r}{hint}", given)
