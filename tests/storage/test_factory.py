"""A URL opens the store it names, and no bucket that was not named."""

from pathlib import Path
from typing import Any

import pytest

from pixmill.errors import ObjectNotFound, StoreDenied, StoreError
from pixmill.storage.config import StorageConfig
from pixmill.storage.factory import locate, open_store
from pixmill.storage.files import FileStore
from pixmill.storage.memory import MemoryStore
from pixmill.storage.objects import ObjectStore

KEYS = {"access_key_id": "AK", "secret_access_key": "SK"}
NAMED = {
    "photos": {"url": "s3://photos", "endpoint": "http://127.0.0.1:9", **KEYS},
    "public": {"url": "s3://shared/public", **KEYS},
    "archive": {"url": "gs://archive", "anonymous": True},
    "blobs": {"url": "az://blobs/x", "account_name": "me", "account_key": "a2V5"},
}


def config(**settings: Any) -> StorageConfig:
    return StorageConfig.model_validate({"stores": NAMED} | settings)


async def test_memory_is_bounded_by_what_the_url_says() -> None:
    store = open_store("memory://?max_bytes=1MiB", config())
    assert isinstance(store, MemoryStore)
    with pytest.raises(StoreError):
        await store.put("it", bytes(2**20 + 1))


@pytest.mark.parametrize("spelling", ["{}", "file://{}", "file://localhost{}", "{}/"])
async def test_a_directory_is_opened_by_url_or_by_path(spelling: str, tmp_path: Path) -> None:
    (tmp_path / "it").write_bytes(b"it")
    store = open_store(spelling.format(tmp_path), config())
    assert isinstance(store, FileStore)
    assert await store.get("it", 10) == b"it"
    await store.close()


async def test_a_file_url_is_unescaped_and_a_path_is_not(tmp_path: Path) -> None:
    for name in ("a b", "a%20b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "it").write_text(name)
    for url, name in ((f"file://{tmp_path}/a%20b", "a b"), (f"{tmp_path}/a%20b", "a%20b")):
        store = open_store(url, config())
        assert await store.get("it", 10) == name.encode()
        await store.close()


async def test_a_relative_path_is_a_directory_even_if_a_name_is_near(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    directory, bucket = open_store("./photos", config()), open_store("photos", config())
    assert isinstance(directory, FileStore)
    assert isinstance(bucket, ObjectStore)
    await directory.close()
    await bucket.close()


async def test_a_missing_directory_is_made_only_when_asked(tmp_path: Path) -> None:
    missing = tmp_path / "not" / "there"
    with pytest.raises(StoreError, match=r"does not exist|is a file"):
        open_store(str(missing), config())
    await open_store(str(missing), config(), create=True).close()
    assert missing.is_dir()


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for create in (False, True):
        with pytest.raises(StoreError, match=r"does not exist|is a file"):
            open_store(f"file://{tmp_path}/file", config(), create=create)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a\0b",
        "ftp://host/x",
        "http://host/x",
        "file://relative/path",
        "file://",
        "file:///tmp?max_bytes=1GiB",
        "memory://?max_bytes=lots",
        "memory://?max_byte=1",
        "memory://name",
        "s3://",
        "s3:///key",
        "s3://bu cket",
        "s3://user@host",
        "s3://bucket/../other",
        "s3://bucket//double",
        "S3://photos",
    ],
)
def test_a_url_that_means_nothing_is_a_store_error(url: str) -> None:
    with pytest.raises(StoreError):
        open_store(url, config(stores_allow_unnamed=True))


@pytest.mark.parametrize(
    "url", ["s3://photos", "s3://photos/a/b/", "s3://shared/public/x", "gs://archive", "az://blobs/x"]
)
async def test_named_buckets_open_without_a_word_over_the_network(url: str) -> None:
    store = open_store(url, config())
    assert isinstance(store, ObjectStore)
    await store.close()


@pytest.mark.parametrize("url", ["s3://other", "gs://photos", "s3://shared", "s3://shared/publicity", "az://blobs"])
async def test_what_is_not_named_is_denied_unless_ambient_credentials_are_allowed(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "me")
    with pytest.raises(StoreDenied, match="not among the stores"):
        open_store(url, config())
    assert isinstance(open_store(url, config(stores_allow_unnamed=True)), ObjectStore)


@pytest.mark.parametrize(
    ("url", "store", "path"),
    [
        ("s3://photos/a/b.jpg", "s3://photos", "a/b.jpg"),
        ("s3://photos/a b%20ü#?.jpg", "s3://photos", "a b%20ü#?.jpg"),
        ("s3://shared/public/b.jpg", "s3://shared/public", "b.jpg"),
        ("az://blobs/x/y/z", "az://blobs/x", "y/z"),
        ("s3://photos//x", "s3://photos", "/x"),
        ("s3://photos/a//x", "s3://photos", "a//x"),
        ("s3://shared/public//x", "s3://shared/public", "/x"),
        ("s3://photos/a\\b", "s3://photos", "a\\b"),
    ],
)
def test_the_url_of_an_object_is_split_into_its_store_and_its_path(url: str, store: str, path: str) -> None:
    assert locate(url, config()) == (store, path)
    assert locate("s3://other/b.jpg", config(stores_allow_unnamed=True)) == ("s3://other", "b.jpg")


@pytest.mark.parametrize(
    "url",
    [
        *("s3://other/b.jpg", "s3://shared/private/b.jpg", "s3://shared/publicity/b.jpg"),
        *("s3://shared//public/b.jpg", "s3://shared/public\\b.jpg"),
    ],
)
def test_an_object_outside_of_every_named_store_is_denied(url: str) -> None:
    with pytest.raises(StoreDenied):
        locate(url, config())


@pytest.mark.parametrize(
    "url", ["s3://photos/../x", "s3://photos/a/", "s3://photos//", "s3://photos", "s3://", "s3://photos/a\0b", "x"]
)
def test_where_no_object_can_be_none_is_found(url: str) -> None:
    with pytest.raises(ObjectNotFound):
        locate(url, config())
