"""Variants of a batch: every combination of the values that its parameters are given.

Knows the parameter table. A value that is valid as a whole is one value, even with commas (``gravity=ne:10,20``); any
other is a list of them (``width=320,640``).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Final
from urllib.parse import urlencode

from msgspec import Struct

from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.native.presets import NO_PRESETS, Presets
from pixmill.dialects.native.tables.srcset import PRESET
from pixmill.errors import InvalidParameter, PixmillError
from pixmill.media import MEDIA, MODERN_FORMATS, OUTPUT_FORMATS, Format
from pixmill.plan.negotiation import ordered_plans
from pixmill.plan.ops import Plan
from pixmill.plan.output import RenderMode

MAX_VARIANTS: Final = 256
"""Of one original."""

_SERVER_GROUPS: Final = {Group.SOURCE, Group.RESPONSE, Group.ACCESS}
BATCH_PARAMS: Final = {
    param.name: param
    for param in (*PARAMS, PRESET)
    if param.group not in _SERVER_GROUPS and param.name not in {"filename", "tags"}
}
"""The parameters that make sense without a server."""

ENDINGS: Final = {
    **{MEDIA[form].extension: form for form in OUTPUT_FORMATS},
    "jpeg": Format.JPEG,
    "tif": Format.TIFF,
    "heif": Format.HEIC,
    "json": Format.JSON,
}
"""Formats by the endings of names."""


class Variant(Struct, frozen=True):
    """One result of every original: its parameters, as texts of URLs, and their plan.

    ``format`` is None if it depends on the image (``auto``, ``original``).
    """

    params: dict[str, str]
    plan: Plan
    format: Format | None

    @property
    def extension(self) -> str:
        """The ending of names of this format; empty if it depends on the image."""
        return MEDIA[self.format].extension if self.format else ""


def compile_variants(
    values: Mapping[str, Sequence[str]],
    default_mode: RenderMode = RenderMode.BALANCED,
    presets: Presets = NO_PRESETS,
) -> tuple[Variant, ...]:
    """Return the variants of these parameters by name, each with one value or more. Raises BadRequest."""
    dialect = NativeDialect(presets, default_mode)
    lists = {name: split_values(param, values[name]) for name, param in BATCH_PARAMS.items() if name in values}
    count = 1
    for texts in lists.values():
        count *= len(texts)
    if count > MAX_VARIANTS:
        raise InvalidParameter(f"{count} results of each original are more than {MAX_VARIANTS}", param="params")
    return tuple(_compile(dialect, dict(zip(lists, texts, strict=True))) for texts in product(*lists.values()))


def split_values(param: Param, texts: Sequence[str]) -> tuple[str, ...]:
    """Return all values of a parameter, each once, in order. Raises InvalidParameter."""
    return tuple(dict.fromkeys(value for text in texts for value in _split(param, text)))


def _split(param: Param, text: str) -> Iterator[str]:
    try:
        param.parse(text)
    except PixmillError:
        parts = text.split(",")
        if len(parts) == 1:
            raise
        for part in parts:
            param.parse(part.strip())
            yield part.strip()
    else:
        yield text


def _compile(dialect: NativeDialect, params: dict[str, str]) -> Variant:
    plan = dialect.parse(b"/resize", urlencode(params).encode(), upload=True).plan
    if plan.output.ordered:
        plan = ordered_plans(plan, frozenset(MODERN_FORMATS))[0]
    output = plan.output
    is_fixed = len(output.formats) == 1 and not (output.negotiated or output.source_format or output.passthrough)
    return Variant(params, plan, output.formats[0] if is_fixed else None)
