"""Durations and sizes in the options of an entry: texts such as ``12h`` become the numbers that the services have."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from pixmill.dialects.builders.entry import MountEntry
from pixmill.runtime.quantities import InvalidQuantity, parse_duration, parse_size

_QUANTITIES: Final[Mapping[str, Callable[[str], float]]] = {
    **dict.fromkeys(
        ("maxage", "httpmaxage", "ttl", "httpcachettl", "minimumcachettl", "minumumcachettl"), parse_duration
    ),
    "maximumdiskcachesize": parse_size,
}
"""The options of all services that are durations or sizes, in lower case without underscores. None is a text."""


def with_plain_numbers(entry: MountEntry) -> MountEntry:
    """Return the entry with numbers in its options. Raises ValueError that names the option, MsgspecError."""
    options = msgspec.json.decode(entry.options)
    if not isinstance(options, dict):
        return entry
    plain = _plain(options)
    if plain == options:
        return entry
    return msgspec.structs.replace(entry, options=msgspec.Raw(msgspec.json.encode(plain)))


def _plain(options: dict[str, object]) -> dict[str, object]:
    return {name: _plain_value(name, value) for name, value in options.items()}


def _plain_value(name: str, value: object) -> object:
    if isinstance(value, dict):
        return _plain(value)
    parse = _QUANTITIES.get(name.replace("_", "").lower())
    if parse is None or not isinstance(value, str):
        return value
    try:
        number = parse(value)
    except InvalidQuantity as error:
        raise ValueError(f"options.{name}={value[:64]} {error.problem}") from None
    return int(number) if number == int(number) else number
