"""The parameter for surrogate keys, by which results can be purged."""

import re
from typing import Final

from pixmill.dialects.native.grammars.controls import TEXT
from pixmill.dialects.native.grammars.scalars import Schema, pattern_schema
from pixmill.dialects.native.param import Group, Param
from pixmill.plan.purge import MAX_REQUEST_TAGS, MAX_TAG_BYTES, TAG_PATTERN

_TAGS_PATTERN: Final = re.compile(f"{TAG_PATTERN}(?:,{TAG_PATTERN}){{0,{MAX_REQUEST_TAGS - 1}}}")


class TagsGrammar:
    """Tags separated by commas; repetitions are dropped."""

    expects = (
        f"1 to {MAX_REQUEST_TAGS} tags separated by commas, each of 1 to {MAX_TAG_BYTES} printable ASCII characters "
        "except space, comma and quotation mark"
    )

    control = TEXT

    @property
    def schema(self) -> Schema:
        return pattern_schema(_TAGS_PATTERN.pattern)

    def parse(self, text: str) -> tuple[str, ...]:
        if not _TAGS_PATTERN.fullmatch(text):
            raise ValueError
        return tuple(dict.fromkeys(text.split(",")))


PARAMS = (
    Param(
        "tags",
        Group.OUTPUT,
        TagsGrammar(),
        "Surrogate keys (cache tags) by which the operator can purge the result. They do not affect the image: "
        "requests that differ only in tags share a result.",
        ("product-7,summer",),
        is_advanced=True,
    ),
)
