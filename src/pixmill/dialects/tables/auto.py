"""How good and how large the result may be: by a number, by what the picture needs, by bytes."""

import re
from dataclasses import dataclass
from typing import Any, Final

from pixmill.dialects.param import Asked, Group, Param
from pixmill.dialects.scalars import Schema, Whole
from pixmill.media import DESCRIPTIONS, Format
from pixmill.plan.ops import Output
from pixmill.plan.output import MAX_TARGET, MIN_TARGET

_AUTO: Final = re.compile(r"auto(?::([1-9][0-9]))?")
_NUMBER: Final = Whole(1, 100)
_LEAST_BYTES: Final = 100
_MOST_BYTES: Final = 64 * 2**20
_UNBOUNDED: Final = frozenset(DESCRIPTIONS)
_SEARCHED: Final = frozenset((Format.JPEG, Format.WEBP, Format.AVIF))


@dataclass(frozen=True, slots=True)
class Target:
    """The looks to reach, by the quality at which photographs have them."""

    quality: int = Output().quality


class Quality:
    """A quality, or ``auto`` with or without the looks that it aims at."""

    expects = f"{_NUMBER.expects}, auto, or auto:N with N from {MIN_TARGET} to {MAX_TARGET}"

    @property
    def schema(self) -> Schema:
        return {"anyOf": [_NUMBER.schema, {"type": "string", "pattern": "^auto(:(2[5-9]|[3-8][0-9]|90))?$"}]}

    def parse(self, text: str) -> int | Target:
        match = _AUTO.fullmatch(text)
        if match is None:
            return _NUMBER.parse(text)
        target = Target(int(match[1])) if match[1] else Target()
        if not MIN_TARGET <= target.quality <= MAX_TARGET:
            raise ValueError
        return target


PARAMS = (
    Param(
        "quality",
        Group.OUTPUT,
        Quality(),
        "How much of the looks is kept, on one scale for all lossy formats. auto looks at the result, and takes the lowest quality (in steps of 5, by "
        "at most four encodings) with which this picture loses no more than photographs do at 80, or at N for auto:N, in JPEG, WebP and "
        "AVIF; elsewhere, and for animations, it is that number.",
        ("75", "auto", "auto:60"),
        default=str(Output().quality),
        aliases=("q",),
    ),
    Param(
        "max_bytes",
        Group.OUTPUT,
        Whole(_LEAST_BYTES, _MOST_BYTES),
        "The most bytes that the result may have. Quality falls below what is asked for as far as needed, by at most seven encodings; of PNG, GIF and ICO "
        "the number of colours. What cannot be made so small, also an animation, a lossless picture, a TIFF or a BMP as they are, is an error that "
        "tells the least that was reached.",
        ("30000",),
    ),
)


def fields(asked: Asked, named: Format | None, *, lossy: bool) -> dict[str, Any]:
    """The fields of an Output that these parameters make; ``lossy``: quality says something."""
    bound = 0 if named in _UNBOUNDED else asked.get("max_bytes", 0)
    quality = asked.get("quality", Output().quality) if lossy else Output().quality
    if not isinstance(quality, Target):
        return {"quality": quality, "max_bytes": bound}
    if named is not None and named not in _SEARCHED:
        return {"quality": quality.quality, "max_bytes": bound}
    return {"quality": Output().quality, "target": quality.quality, "max_bytes": bound}
