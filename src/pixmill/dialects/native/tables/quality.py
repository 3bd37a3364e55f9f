"""How good and how large the result may be: by a number, by what the picture needs, by bytes."""

import re
from dataclasses import dataclass
from typing import Any, Final

from pixmill.dialects.native.grammars.scalars import Integer, Schema
from pixmill.dialects.native.param import Group, Param, ParamValues
from pixmill.media import DESCRIPTION_FORMATS, Format
from pixmill.plan.ops import Output
from pixmill.plan.output import MAX_TARGET_QUALITY, MIN_TARGET_QUALITY

_AUTO: Final = re.compile(r"auto(?::([1-9][0-9]))?")
_NUMBER: Final = Integer(1, 100)
_MIN_BYTES: Final = 100
_MAX_BYTES: Final = 64 * 2**20
_UNLIMITED_FORMATS: Final = frozenset(DESCRIPTION_FORMATS)
_SEARCHABLE_FORMATS: Final = frozenset((Format.JPEG, Format.WEBP, Format.AVIF))


@dataclass(frozen=True, slots=True)
class QualityTarget:
    """The looks to reach, by the quality at which photographs have them."""

    quality: int = Output().quality


class QualityGrammar:
    """A quality, or ``auto`` with or without the looks that it aims at."""

    expects = f"{_NUMBER.expects}, auto, or auto:N with N from {MIN_TARGET_QUALITY} to {MAX_TARGET_QUALITY}"

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


PARAMS = (
    Param(
        "quality",
        Group.OUTPUT,
        QualityGrammar(),
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
        Integer(_MIN_BYTES, _MAX_BYTES),
        "The most bytes that the result may have. Quality falls below what is asked for as far as needed, by at most seven encodings; of PNG, GIF and ICO "
        "the number of colours. What cannot be made so small, also an animation, a lossless picture, a TIFF or a BMP as they are, is an error that "
        "tells the least that was reached.",
        ("30000",),
    ),
)


def quality_fields(values: ParamValues, explicit_format: Format | None, *, lossy: bool) -> dict[str, Any]:
    """The fields of an Output that these parameters make; ``lossy``: quality says something."""
    max_bytes = 0 if explicit_format in _UNLIMITED_FORMATS else values.get("max_bytes", 0)
    quality = values.get("quality", Output().quality) if lossy else Output().quality
    if not isinstance(quality, QualityTarget):
        return {"quality": quality, "max_bytes": max_bytes}
    if explicit_format is not None and explicit_format not in _SEARCHABLE_FORMATS:
        return {"quality": quality.quality, "max_bytes": max_bytes}
    return {"quality": Output().quality, "target_quality": quality.quality, "max_bytes": max_bytes}
