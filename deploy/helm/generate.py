"""Generates the schema of ``settings`` in the chart's values schema from the settings' declarations.

Knows which settings must not go into a ConfigMap. The rest of the schema is maintained by hand.
"""  # noqa: INP001 - a script

import json
from pathlib import Path
from typing import Any

from pixmill.settings import Settings

SCHEMA = Path(__file__).parent / "pixmill" / "values.schema.json"

SECRET = {"keys", "stores", "redis_password", "admin_token"}
"""Settings with chart values of their own, which go into the Secret."""

NEEDED = ["host", "port", "drain_timeout_s", "drain_delay_s", "ready_timeout_s"]
"""Settings that other parts of the chart are derived from."""

_KEPT = ("type", "enum", "minimum", "maximum", "exclusiveMinimum", "description")


def schema() -> str:
    """Return the complete values schema as text."""
    whole = json.loads(SCHEMA.read_text(encoding="utf-8"))
    whole["properties"]["settings"] = settings()
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def settings() -> dict[str, Any]:
    """Return the schema of ``settings``."""
    fields = Settings.model_json_schema()["properties"]
    known = {name: _field(fields[name]) for name in Settings.model_fields if name not in SECRET}
    known["port"]["minimum"] = 1  # a free port could not be found by the Service
    return {"type": "object", "additionalProperties": False, "required": NEEDED, "properties": known}


def _field(field: dict[str, Any]) -> dict[str, Any]:
    """Keep bounds and description; sizes may also be text such as 64MiB."""
    types = [option["type"] for option in field.get("anyOf", [])]
    return ({"type": sorted(types)} if types else {}) | {name: field[name] for name in _KEPT if name in field}


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
