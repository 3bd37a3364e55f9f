"""Names for results: the same picture has the same key however it was asked for.

Knows plans. Must never know what else a request says: two requests for one picture share their key.
"""

from functools import cache, lru_cache
from hashlib import sha256
from typing import NewType

import msgspec

from pixmill.plan.ops import PLAN_VERSION, Plan

Key = NewType("Key", str)
"""64 hexadecimal digits."""

_ENCODER = msgspec.json.Encoder(order="deterministic")


@lru_cache(maxsize=256)
def canonical_json(plan: Plan) -> bytes:
    """The plan as JSON with defaults left out and keys in order: equal plans give equal bytes. Most requests share a few plans."""
    return _ENCODER.encode(_non_default_fields(plan))


def _non_default_fields(value: msgspec.Struct) -> dict[str, object]:
    """What differs from the defaults. By value: ``omit_defaults`` asks whether it is the very same object."""
    struct_type = type(value)
    fields: dict[str, object] = {}
    for name, default in _field_defaults(struct_type):
        field = getattr(value, name)
        if field != default:
            fields[name] = _normalized(field)
    if struct_type.__struct_config__.tag is not None:
        fields[str(struct_type.__struct_config__.tag_field)] = struct_type.__struct_config__.tag
    return fields


def _normalized(field: object) -> object:
    """Equal values in one spelling: 1.0 as 1, -0.0 as 0."""
    if isinstance(field, msgspec.Struct):
        return _non_default_fields(field)
    if isinstance(field, tuple):
        return [_normalized(item) for item in field]
    if isinstance(field, float) and field.is_integer():
        return int(field)
    return field


@cache
def _field_defaults(struct_type: type[msgspec.Struct]) -> tuple[tuple[str, object], ...]:
    return tuple((field.name, field.default) for field in msgspec.structs.fields(struct_type))


def result_key(source: str, plan: Plan) -> Key:
    """The key of what ``plan`` makes of the source with this canonical identity."""
    text = b"%d\n%s\n%s" % (PLAN_VERSION, source.encode(), canonical_json(plan))
    return Key(sha256(text).hexdigest())


def entity_tag(key: Key, validator: str) -> str:
    """The strong ETag, quotes included, of a result: it changes with the plan, our version or the original."""
    digest = sha256(b"%s\n%s" % (key.encode(), validator.encode(errors="surrogatepass"))).hexdigest()
    return f'"{digest[:32]}"'
