"""The listing of an image root: its order, its pages, its bounds, and what it leaves out."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pixmill.errors import StoreError, StoreUnavailable
from pixmill.plan.source import parse_source
from pixmill.ports.values import Stat
from pixmill.sources import listing
from pixmill.sources.config import SourcesConfig
from pixmill.sources.listing import RootListing
from pixmill.storage.files import FileStore
from pixmill.storage.rooted_fs import ServedFiles


class Clock:
    """Stands still."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Objects:
    """A store with objects of these names that counts how often it is listed."""

    def __init__(self, *names: str, failure: StoreError | None = None) -> None:
        self.names = names
        self.failure = failure
        self.listed = 0

    async def list(self, prefix: str = "") -> AsyncIterator[Stat]:
        self.listed += 1
        for name in self.names:
            yield Stat(prefix + name, len(name), 0.0, name)
        if self.failure:
            raise self.failure


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "root", 30.0, create=True, served=ServedFiles(hidden=False))


def made(root: Path, *names: str) -> None:
    for name in names:
        path = root / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * len(name))


async def paths_of(root_listing: RootListing, limit: int = 1_000) -> list[str]:
    """Follow all pages."""
    paths: list[str] = []
    after = ""
    while True:
        page = await root_listing.page(after, limit)
        paths += [image.path for image in page.images]
        if not page.next_after:
            return paths
        assert page.next_after == paths[-1]
        after = page.next_after


async def test_images_of_all_folders_are_listed_in_order(tmp_path: Path, store: FileStore) -> None:
    made(tmp_path, "b.jpg", "a/z.png", "a/é.webp", "A.JPG", "a b.avif", "notes.txt", "jpg", "c.jpg.bak", "d.heic")
    listed = await paths_of(RootListing(store, SourcesConfig()))
    assert listed == ["A.JPG", "a b.avif", "a/z.png", "a/é.webp", "b.jpg", "d.heic"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_join_to_the_whole(tmp_path: Path, store: FileStore, limit: int) -> None:
    made(tmp_path, *(f"{index:02}.jpg" for index in range(13)))
    assert await paths_of(RootListing(store, SourcesConfig()), limit) == [f"{index:02}.jpg" for index in range(13)]


async def test_what_cannot_be_requested_is_left_out(tmp_path: Path, store: FileStore) -> None:
    made(tmp_path, "ok.jpg", ".hidden.jpg", ".folder/a.jpg", "back\\slash.jpg", "line\nbreak.jpg", "tab\t.jpg")
    made(tmp_path, "\u0085.jpg", "c:d.jpg")
    made(tmp_path, os.fsdecode(b"not-\xff-utf8/a.jpg"), os.fsdecode(b"\xfe.jpg"))
    listed = await paths_of(RootListing(store, SourcesConfig()))
    assert listed == ["c:d.jpg", "ok.jpg"]
    assert [parse_source(f"/{path}").text for path in listed] == listed


async def test_links_do_not_lead_out_of_the_root(tmp_path: Path, store: FileStore) -> None:
    made(tmp_path, "in.jpg", "folder/in.jpg")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.jpg").write_bytes(b"x")
    (tmp_path / "root" / "link.jpg").symlink_to(outside / "secret.jpg")
    (tmp_path / "root" / "inner.jpg").symlink_to("in.jpg")
    (tmp_path / "root" / "linked").symlink_to(outside)
    (tmp_path / "root" / "loop").symlink_to(tmp_path / "root")
    (tmp_path / "root" / "broken.jpg").symlink_to("nothing.jpg")
    os.mkfifo(tmp_path / "root" / "pipe.jpg")
    assert await paths_of(RootListing(store, SourcesConfig())) == ["folder/in.jpg", "in.jpg", "inner.jpg"]


async def test_only_allowed_paths_are_listed() -> None:
    config = SourcesConfig(allowed_sources="https://example.com/, path:public/")
    objects = Objects("public/a.jpg", "private/b.jpg", "publicity/c.jpg")
    assert await paths_of(RootListing(objects, config)) == ["public/a.jpg"]


@pytest.mark.parametrize(("hidden", "expected"), [(False, ["a.jpg"]), (True, [".b/c.jpg", "a.jpg"])])
async def test_hidden_objects_of_a_bucket_are_listed_if_they_are_served(hidden: bool, expected: list[str]) -> None:
    objects = Objects("a.jpg", ".b/c.jpg")
    assert await paths_of(RootListing(objects, SourcesConfig(images_hidden=hidden))) == expected


async def test_a_hundred_thousand_files_are_listed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part has the first names of what is left, whatever order the store has them in."""
    monkeypatch.setattr(listing, "MAX_IMAGES", 3_000)
    names = [f"{index:06}.jpg" for index in range(100_000)]
    objects = Objects(*names[50_000:], *reversed(names[:50_000]))
    root_listing = RootListing(objects, SourcesConfig(), Clock())
    assert (await root_listing.page("", 1_000)).images[-1].path == "000999.jpg"
    assert (await root_listing.page("002998.jpg", 5)).next_after == "002999.jpg"
    assert objects.listed == 1
    page = await root_listing.page("002999.jpg", 2)
    assert [image.path for image in page.images] == ["003000.jpg", "003001.jpg"]
    assert page.is_complete
    assert objects.listed == 2
    last = await root_listing.page("099998.jpg", 10)
    assert ([image.path for image in last.images], last.next_after) == (["099999.jpg"], "")


async def test_a_listing_is_kept_for_a_moment() -> None:
    objects, clock = Objects("a.jpg"), Clock()
    root_listing = RootListing(objects, SourcesConfig(), clock)
    for _ in range(5):
        await root_listing.page("", 10)
        await root_listing.page("a.jpg", 10)
    assert objects.listed == 1
    objects.names = ("a.jpg", "b.jpg")
    clock.now += 3.0
    assert [image.path for image in (await root_listing.page("", 10)).images] == ["a.jpg", "b.jpg"]


async def test_too_many_files_end_the_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_FILES", 100)
    page = await RootListing(Objects(*(f"{index:03}.jpg" for index in range(200))), SourcesConfig()).page("", 1_000)
    assert len(page.images) == 100
    assert not page.is_complete


async def test_a_store_that_fails_halfway_gives_what_it_has_given() -> None:
    objects = Objects("b.jpg", "a.jpg", failure=StoreUnavailable())
    page = await RootListing(objects, SourcesConfig()).page("", 10)
    assert ([image.path for image in page.images], page.is_complete) == (["a.jpg", "b.jpg"], False)
    with pytest.raises(StoreUnavailable):
        await RootListing(Objects(failure=StoreUnavailable()), SourcesConfig()).page("", 10)


async def test_a_folder_that_cannot_be_read_hides_no_other(tmp_path: Path, store: FileStore) -> None:
    made(tmp_path, "a/1.jpg", "b/2.jpg", "c/3.jpg")
    real, denied = os.open, str(tmp_path / "root" / "b")

    def deny(path: str | Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if str(path) == denied:
            raise PermissionError(13, "denied", path)
        return real(path, flags, mode, dir_fd=dir_fd)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", deny)
        assert await paths_of(RootListing(store, SourcesConfig())) == ["a/1.jpg", "c/3.jpg"]
