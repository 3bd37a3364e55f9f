"""Cache keys and entity tags of results: all spellings of the same image have the same key.

Knows plans; must never know the rest of a request, so that requests for the same image share their key.
"""

from functools import cache, lru_cache
from hashlib import sha256
from typing import Final, NewType

import msgspec

from pixmill.plan.facts import FactSelection
from pixmill.plan.ops import PLAN_VERSION, Plan

Key = NewType("Key", str)
"""64 hexadecimal digits, of which the first 16 are those of the source: all results of a source lie together."""

SOURCE_DIGITS: Final = 16

_ENCODER = msgspec.json.Encoder(order="deterministic")


@lru_cache(maxsize=256)
def canonical_json(plan: Plan) -> bytes:
    """Encode a plan as JSON without defaults, keys in order: equal plans give equal bytes.

    Most requests share a few plans, hence the cache.
    """
    return _ENCODER.encode(_non_default_fields(plan))


def _non_default_fields(value: msgspec.Struct) -> dict[str, object]:
    """Return the fields that differ from the defaults, by value; ``omit_defaults`` compares identity."""
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
    """Normalise equal values: 1.0 to 1, -0.0 to 0."""
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
    """Return the key of the result of ``plan`` for the source with this canonical identity."""
    return _key(source, b"%d\n%s\n%s" % (PLAN_VERSION, source.encode(), canonical_json(plan)))


def facts_key(source: str, selection: FactSelection) -> Key:
    """Return the key of facts about the source with this canonical identity; no result has it."""
    return _key(source, b"facts\n%s\n%s" % (source.encode(), _ENCODER.encode(selection)))


def source_digits(source: str) -> str:
    """Return the digits with which the keys of all results of a source begin; of every version of it, too."""
    return sha256(source.partition("\n")[0].encode(errors="surrogatepass")).hexdigest()[:SOURCE_DIGITS]


def _key(source: str, text: bytes) -> Key:
    return Key(source_digits(source) + sha256(text).hexdigest()[SOURCE_DIGITS:])


def entity_tag(key: Key, validator: str) -> str:
    """Return the strong ETag of a result, with quotes; it changes with the plan, the plan version or the original."""
    digest = sha256(b"%s\n%s" % (key.encode(), validator.encode(errors="surrogatepass"))).hexdigest()
    return f'"{digest[:32]}"'
