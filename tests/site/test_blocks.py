"""The code blocks of the pages work as they stand there, with a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.seaweedfs import SeaweedFS
from tests.site.blocks import PHOTOS, ROOT, RUN, Block, Reader, blocks, pages

PAGES = {path.relative_to(ROOT).as_posix(): blocks(path.read_text(encoding="utf-8")) for path in pages()}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with SeaweedFS() as server:
        for bucket in ("photos", "results"):
            server.make_bucket(bucket)
        server.put("photos", "sunset.jpg", (PHOTOS / "sunset.jpg").read_bytes())
        yield server.endpoint


@pytest.mark.parametrize("name", [name for name, them in PAGES.items() if any(block.language in RUN for block in them)])
def test_every_block_of_a_page_works(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    endpoint = request.getfixturevalue("s3") if any(block.mark == "needs" for block in PAGES[name]) else ""
    with Reader(tmp_path, endpoint) as reader:
        for block in PAGES[name]:
            if block.language in RUN and block.mark != "not run":
                reader.run(block)


def test_a_block_that_is_not_run_says_why() -> None:
    skipped = [block for them in PAGES.values() for block in them if block.mark == "not run"]
    assert skipped
    assert all(len(block.reason) > 8 for block in skipped)


def test_most_blocks_are_run() -> None:
    them = [block for page in PAGES.values() for block in page if block.language in RUN]
    assert sum(block.mark != "not run" for block in them) > 0.8 * len(them) > 20


def test_a_block_that_fails_fails_its_test(tmp_path: Path) -> None:
    with Reader(tmp_path) as reader:
        for code, mark in (("false\n", ""), ("true\n", "fails"), ("curl http://127.0.0.1:8080/resize?width=0\n", "")):
            with pytest.raises(AssertionError):
                reader.run(Block("sh", code, mark))
        with pytest.raises(AssertionError):
            reader.run(Block("python", "raise SystemExit(1)", ""))
