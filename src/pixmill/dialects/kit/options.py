"""The options of a dialect as one table: names, meanings and native equivalents, for its parser and its page.

Knows words only. A dialect's parser looks its options up in rows that hold an ``Option``, so that the page lists
exactly what the parser knows.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from pixmill.dialects.port import QueryParam

T_co = TypeVar("T_co", covariant=True)


class Status(StrEnum):
    """How far an option is supported."""

    SUPPORTED = "works"
    DIFFERS = "differs"
    IGNORED = "ignored"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Option:
    """An option: ``names`` (the first one, then its aliases), what it means, and its native equivalent.

    ``native`` is Markdown, empty if there is none; ``note`` says what differs, or why it is ignored or refused.
    """

    names: tuple[str, ...]
    meaning: str
    native: str = ""
    note: str = ""
    status: Status = Status.SUPPORTED


class HasOption(Protocol):
    """A row of a parser's table."""

    @property
    def option(self) -> Option:
        """What the page says of it."""


R = TypeVar("R", bound=HasOption)


@dataclass(frozen=True, slots=True)
class OptionRow(Generic[T_co]):
    """An option and what the parser does with it: a reader, an operation, or whatever the dialect needs."""

    option: Option
    read: T_co


def options_of(rows: Iterable[HasOption]) -> tuple[Option, ...]:
    """Return the options of a parser's table, each once, in the order of the table."""
    return tuple(dict.fromkeys(row.option for row in rows))


def query_params(
    options: Iterable[Option], required: Container[str] = (), *, aliases: bool = False
) -> tuple[QueryParam, ...]:
    """Return the parameters of a route for OpenAPI, each a text: options by their first name, or all names."""
    return tuple(
        QueryParam(name, option.meaning.replace("`", ""), {"type": "string"}, required=name in required)
        for option in options
        for name in (option.names if aliases else option.names[:1])
    )


def by_name(rows: Iterable[R]) -> Mapping[str, R]:
    """Return the rows by each of their names. Raises ValueError if two have the same name."""
    table: dict[str, R] = {}
    for name, row in _named(rows):
        if name in table:
            raise ValueError(f"two options are named {name}")
        table[name] = row
    return table


def _named(rows: Iterable[R]) -> Iterator[tuple[str, R]]:
    for row in rows:
        for name in row.option.names:
            yield name, row
