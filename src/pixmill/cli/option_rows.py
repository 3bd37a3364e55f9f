"""Options of the settings and of the parameters, as plain rows: read from a file, so that help imports no model.

``options.json`` is written by ``make docs`` from the settings and the parameter table (``option_source.py``).
"""

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

PATH: Final = Path(__file__).with_name("options.json")


class OptionRow(NamedTuple):
    """An option: ``name`` of the value, ``flags`` of which the first is advertised, and what ``--help`` says of it.

    ``type`` is the metavar. ``words`` are values that are completed. ``is_flag``: ``--x``, ``--no-x`` and ``--x WORD``.
    ``default`` and ``env`` may be empty. ``examples`` are values.
    """

    name: str
    flags: tuple[str, ...]
    group: str
    type: str
    help: str
    default: str = ""
    env: str = ""
    words: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    is_flag: bool = False


def read(table: str) -> list[OptionRow]:
    """Return the rows of ``settings``, ``resize`` or ``info``."""
    rows: list[dict[str, Any]] = json.loads(PATH.read_text(encoding="utf-8"))[table]
    return [_row(**row) for row in rows]


def _row(**values: Any) -> OptionRow:
    frozen: dict[str, Any] = {name: tuple(it) if isinstance(it, list) else it for name, it in values.items()}
    return OptionRow(**frozen)


def write(tables: dict[str, list[OptionRow]]) -> str:
    """Return the text of the file: one row a line; what has its default is left out."""
    defaults = OptionRow._field_defaults
    lines = []
    for table, rows in tables.items():
        texts = (
            json.dumps({k: v for k, v in row._asdict().items() if v != defaults.get(k)}, ensure_ascii=False)
            for row in rows
        )
        lines.append(f'"{table}": [\n' + ",\n".join(texts) + "\n]")
    return "{\n" + ",\n".join(lines) + "\n}\n"
