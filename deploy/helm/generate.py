"""Writes what ``settings`` may hold into the chart's schema of values, from the settings' own declarations.

Knows which settings a chart must not put into a ConfigMap. The rest of the schema is kept by hand.
"""  # noqa: INP001 - a script

import json
from pathlib import Path
from typing import Any

from pixmill.settings import Settings

SCHEMA = Path(__file__).parent / "pixmill" / "values.schema.json"

SECRET = {"keys", "stores", "redis_password", "admin_token"}
"""They have values of their own, which go into the Secret."""

NEEDED = ["host", "port", "drain_timeout_s", "drain_delay_s", "ready_timeout_s"]
"""Other parts of the chart follow from them."""

_KEPT = ("type", "enum", "minimum", "maximum", "exclusiveMinimum", "description")


def schema() -> str:
    """The whole schema of values, as text."""
    whole = json.loads(SCHEMA.read_text(encoding="utf-8"))
    whole["properties"]["settings"] = settings()
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def settings() -> dict[str, Any]:
    """What a value of ``settings`` may be."""
    fields = Settings.model_json_schema()["properties"]
    known = {name: _field(fields[name]) for name in Settings.model_fields if name not in SECRET}
    known["port"]["minimum"] = 1  # a free one would be found by nobody
    return {"type": "object", "additionalProperties": False, "required": NEEDED, "properties": known}


def _field(field: dict[str, Any]) -> dict[str, Any]:
    """Bounds and meaning; a number of bytes may be written as 64MiB too."""
    types = [option["type"] for option in field.get("anyOf", [])]
    return ({"type": sorted(types)} if types else {}) | {name: field[name] for name in _KEPT if name in field}


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
