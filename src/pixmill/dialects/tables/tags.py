"""By what names a result can be purged."""

import re
from typing import Final

from pixmill.dialects.param import Group, Param
from pixmill.dialects.scalars import Schema, shaped
from pixmill.plan.purge import MAX_TAG, MAX_TAGS, TAG

_TAGS: Final = re.compile(f"{TAG}(?:,{TAG}){{0,{MAX_TAGS - 1}}}")


class Tags:
    """Names with commas between; one said twice counts once."""

    expects = f"1 to {MAX_TAGS} tags with commas between, each of 1 to {MAX_TAG} printable ASCII characters but space, comma and quotation mark"

    @property
    def schema(self) -> Schema:
        return shaped(_TAGS.pattern)

    def parse(self, text: str) -> tuple[str, ...]:
        if not _TAGS.fullmatch(text):
            raise ValueError
        return tuple(dict.fromkeys(text.split(",")))


PARAMS = (
    Param(
        "tags",
        Group.OUTPUT,
        Tags(),
        "Names by which the operator can purge the result later. They change nothing of the picture: requests that differ in them alone share it.",
        ("product-7,summer",),
    ),
)
