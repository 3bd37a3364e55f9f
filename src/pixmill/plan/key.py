"""Names for results: the same picture has the same key however it was asked for."""

from hashlib import sha256
from typing import NewType

import msgspec

from pixmill.plan.ops import PLAN_VERSION, Plan

Key = NewType("Key", str)
"""64 hexadecimal digits."""

_ENCODER = msgspec.json.Encoder(order="deterministic")


def canonical(plan: Plan) -> bytes:
    """The plan as JSON with defaults left out and keys in order: equal plans give equal bytes."""
    return _ENCODER.encode(plan)


def result_key(source: str, plan: Plan) -> Key:
    """The key of what ``plan`` makes of the source with this canonical identity."""
    text = b"%d\n%s\n%s" % (PLAN_VERSION, source.encode(), canonical(plan))
    return Key(sha256(text).hexdigest())


def entity_tag(key: Key, validator: str) -> str:
    """The strong ETag, quotes included, of a result: it changes with the plan, our version or the original."""
    digest = sha256(b"%s\n%s" % (key.encode(), validator.encode())).hexdigest()
    return f'"{digest[:32]}"'
