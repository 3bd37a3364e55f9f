"""The examples of the page run, and give what it says."""

import re
from pathlib import Path
from typing import Final

import pytest

from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.signing import Keyring
from pixmill.url import Client, UnknownParameter

PAGE: Final = (Path(__file__).parents[2] / "docs" / "python-client.md").read_text("utf-8")
BLOCKS: Final = [
    block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "images" in block and "app." not in block
]
BASE: Final = "https://images.example.com"


def test_expressions_of_the_page_are_urls_that_the_server_accepts() -> None:
    names: dict[str, object] = {"Client": Client}
    exec(compile(BLOCKS[0].partition("images.url")[0], "page", "exec"), names)  # noqa: S102 - our own page
    lines = "\n".join(BLOCKS).splitlines()
    calls = [line.partition("  #")[0] for line in lines if line.startswith("images.url(") and "widht" not in line]
    urls = [str(eval(call, names)) for call in calls]  # noqa: S307 - our own page
    assert len(urls) >= 6
    for url in urls:
        path, _, query = url.removeprefix(BASE).partition("?")
        assert Keyring.from_text("a-secret-of-16-chars-or-more").verify(path.encode(), query.encode(), 0) is None
        if "preset=" not in query:  # the server's own
            NativeDialect().parse(path.encode(), query.encode())
    assert urls[0].startswith(PAGE.partition("# https")[2].partition("…")[0].join(["https", ""]))


def test_the_error_of_the_page_is_the_one_that_is_raised() -> None:
    with pytest.raises(UnknownParameter) as refused:
        Client(BASE).url("photo.jpg", widht=400)  # type: ignore[call-arg]
    assert f"# UnknownParameter: {refused.value.message}" in PAGE
