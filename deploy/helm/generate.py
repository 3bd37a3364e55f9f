"""Generates the schema of ``settings`` in the chart's values schema from the settings' declarations.

Knows which settings must not go into a ConfigMap. The rest of the schema is maintained by hand.
"""  # noqa: INP001 - a script

import json
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from pixmill.runtime.setting_types import Quantity, quantity_of
from pixmill.settings import Settings

SCHEMA = Path(__file__).parent / "pixmill" / "values.schema.json"

SECRET = {"keys", "stores", "redis_password", "admin_token"}
"""Settings with chart values of their own, which go into the Secret."""

NEEDED = ["host", "port", "drain_timeout_s", "drain_delay_s", "ready_timeout_s"]
"""Settings that other parts of the chart are derived from."""

_NUMBER = r"[0-9]+(\.[0-9]+)?"
_PATTERNS = {
    Quantity.SIZE: rf"^ *{_NUMBER} ?([kKmMgGtTpP]([iI]?[bB]|[iI])|[bB])? *$",
    Quantity.DURATION: rf"^ *({_NUMBER}|{_NUMBER} ?([dDhHsS]|[mM][sS]?)( ?{_NUMBER} ?([hHsS]|[mM][sS]?))*) *$",
}
"""Of texts: what is wrong with a unit is found before the rollout, what is out of bounds by the server."""

_KEPT = ("type", "enum", "minimum", "maximum", "exclusiveMinimum", "description")


def schema() -> str:
    """Return the complete values schema as text."""
    whole = json.loads(SCHEMA.read_text(encoding="utf-8"))
    whole["properties"]["settings"] = settings()
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def settings() -> dict[str, Any]:
    """Return the schema of ``settings``."""
    fields = Settings.model_json_schema()["properties"]
    known = {name: _field(fields[name], field) for name, field in Settings.model_fields.items() if name not in SECRET}
    known["port"]["minimum"] = 1  # a free port could not be found by the Service
    return {"type": "object", "additionalProperties": False, "required": NEEDED, "properties": known}


def _field(schema: dict[str, Any], field: FieldInfo) -> dict[str, Any]:
    """Keep bounds and description; sizes and durations may also be texts such as 64MiB and 12h."""
    kept = {name: schema[name] for name in _KEPT if name in schema}
    quantity = quantity_of(field)
    return kept if quantity is None else kept | {"type": [kept["type"], "string"], "pattern": _PATTERNS[quantity]}


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
