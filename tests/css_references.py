"""What a style sheet loads, by the tokens of tinycss2: a judge that Pixmill's own tokenizer has no part in."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import tinycss2  # type: ignore[import-untyped]

_LOADING = ("src", "image", "image-set", "-webkit-image-set")
_BLOCKS = ("() block", "[] block", "{} block")


def loads(css: str) -> Iterator[str]:
    """Yield each URL, the names of other functions that load, and ``@import`` where a string follows."""
    open_lists: list[list[Any]] = [tinycss2.parse_component_value_list(css, skip_comments=True)]
    while open_lists:
        nodes = open_lists.pop()
        for node in nodes:
            if node.type == "url":
                yield node.value
            elif node.type == "function":
                if node.lower_name == "url":
                    yield next((one.value for one in node.arguments if one.type == "string"), "#")
                elif node.lower_name in _LOADING:
                    yield node.name
                open_lists.append(node.arguments)
            elif node.type in _BLOCKS:
                open_lists.append(node.content)
        for node, following in pairwise([one for one in nodes if one.type != "whitespace"]):
            if node.type == "at-keyword" and node.lower_value == "import" and following.type == "string":
                yield f"@import {following.value}"
