"""Quality as text: a number, or a target for the perceptual quality. Knows numbers only."""

import re
from dataclasses import dataclass, replace
from typing import Final

from pixmill.dialects.native.grammars.scalars import Integer, Schema
from pixmill.plan.ops import Output
from pixmill.plan.output import MAX_TARGET_QUALITY, MIN_TARGET_QUALITY

_AUTO: Final = re.compile(r"auto(?::([1-9][0-9]))?")
_NUMBER: Final = Integer(1, 100)


@dataclass(frozen=True, slots=True)
class QualityTarget:
    """A perceptual quality to reach, as the quality at which photographs have it."""

    quality: int = Output().quality


class QualityGrammar:
    """A quality, or ``auto`` with or without a target."""

    expects = f"{_NUMBER.expects}, auto, or auto:N with N from {MIN_TARGET_QUALITY} to {MAX_TARGET_QUALITY}"

    control = replace(_NUMBER.control, choices=("auto",))

    @property
    def schema(self) -> Schema:
        return {"anyOf": [_NUMBER.schema, {"type": "string", "pattern": "^auto(:(2[5-9]|[3-8][0-9]|90))?$"}]}

    def parse(self, text: str) -> int | QualityTarget:
        match = _AUTO.fullmatch(text)
        if match is None:
            return _NUMBER.parse(text)
        target = QualityTarget(int(match[1])) if match[1] else QualityTarget()
        if not MIN_TARGET_QUALITY <= target.quality <= MAX_TARGET_QUALITY:
            raise ValueError
        return target
