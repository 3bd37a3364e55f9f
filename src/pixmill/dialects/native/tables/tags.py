"""By what names a result can be purged."""

import re
from typing import Final

from pixmill.dialects.native.grammars.scalars import Schema, pattern_schema
from pixmill.dialects.native.param import Group, Param
from pixmill.plan.purge import MAX_REQUEST_TAGS, MAX_TAG_BYTES, TAG_PATTERN

_TAGS_PATTERN: Final = re.compile(f"{TAG_PATTERN}(?:,{TAG_PATTERN}){{0,{MAX_REQUEST_TAGS - 1}}}")


class TagsGrammar:
    """Names with commas between; one said twice counts once."""

    expects = f"1 to {MAX_REQUEST_TAGS} tags with commas between, each of 1 to {MAX_TAG_BYTES} printable ASCII characters but space, comma and quotation mark"

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
        "Names by which the operator can purge the result later. They change nothing of the picture: requests that differ in them alone share it.",
        ("product-7,summer",),
    ),
)
