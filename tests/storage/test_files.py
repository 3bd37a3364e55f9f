"""Files on disk: nothing leads out of the root, nothing is ever half there."""

import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from pixmill.errors import ObjectNotFound, StoreDenied, StoreError, StoreFull, StoreUnavailable
from pixmill.storage.files import FileStore
from pixmill.storage.rooted_fs import STAGING, ServedFiles
from tests.timers import finished_within, until


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "root-next-door"
    folder.mkdir()
    (folder / "secret").write_bytes(b"secret")
    return folder


@pytest.fixture
async def store(root: Path) -> AsyncIterator[FileStore]:
    opened = FileStore(root, 60.0)
    yield opened
    await opened.close()


async def listed(store: FileStore, prefix: str = "") -> list[str]:
    return sorted([facts.path async for facts in store.list(prefix)])


async def refused(store: FileStore, path: str) -> None:
    for ask in (store.get(path, 100), store.stat(path), store.stream(path)):
        with pytest.raises(ObjectNotFound):
            await ask


@pytest.mark.parametrize("name", ["a b%20ü#.jpg", "x#1", "%2e%2e", "e\u0301.png", "é.png", "~", "*?.png", "日本/😀"])
async def test_a_file_is_found_by_its_real_name_whoever_wrote_it(store: FileStore, root: Path, name: str) -> None:
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_bytes(b"theirs")
    assert await store.get(name, 10) == b"theirs"
    assert await listed(store) == [name]
    await store.put(name, b"ours")
    assert (root / name).read_bytes() == b"ours"


async def test_a_link_that_leads_out_is_not_found(store: FileStore, root: Path, outside: Path) -> None:
    (root / "absolute").symlink_to(outside / "secret")
    (root / "relative").symlink_to("../root-next-door/secret")
    (root / "twice").symlink_to("absolute")
    (root / "folder").symlink_to(outside)
    (root / "up").symlink_to("..")
    for path in ("absolute", "relative", "twice", "folder/secret", "up/root-next-door/secret"):
        await refused(store, path)
    assert await listed(store) == []
    assert await listed(store, "folder") == []


async def test_a_link_that_stays_inside_is_followed(store: FileStore, root: Path) -> None:
    (root / "deep").mkdir()
    (root / "deep" / "it").write_bytes(b"it")
    (root / "link").symlink_to("deep/it")
    (root / "folder").symlink_to(root / "deep")
    (root / "round").symlink_to("../root/deep/it")
    for path in ("link", "folder/it", "round"):
        assert await store.get(path, 10) == b"it"
    assert await listed(store) == ["deep/it", "link", "round"]


async def test_nothing_is_written_or_deleted_through_a_link_that_leads_out(
    store: FileStore, root: Path, outside: Path
) -> None:
    (root / "folder").symlink_to(outside)
    for act in (store.put("folder/new", b""), store.put("folder/a/b", b""), store.delete("folder/secret")):
        with pytest.raises(StoreDenied):
            await act
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]
    assert list((root / STAGING).iterdir()) == []


async def test_writing_to_a_link_replaces_the_link_and_not_what_it_points_to(
    store: FileStore, root: Path, outside: Path
) -> None:
    (root / "link").symlink_to(outside / "secret")
    await store.put("link", b"ours")
    assert await store.get("link", 10) == b"ours"
    assert (outside / "secret").read_bytes() == b"secret"


async def test_a_link_swapped_in_at_any_moment_never_shows_what_is_outside(
    store: FileStore, root: Path, outside: Path
) -> None:
    (root / "real").mkdir()
    (root / "real" / "secret").write_bytes(b"inside")
    (root / "folder").symlink_to("real")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for target in (outside, Path("real")):
                (root / "new").symlink_to(target)
                (root / "new").rename(root / "folder")

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen: dict[bytes, int] = {}
    give_up = time.monotonic() + 60
    try:
        while sum(seen.values()) < 2000 or (len(seen) < 2 and time.monotonic() < give_up):
            try:
                data = await store.get("folder/secret", 10)
            except ObjectNotFound:
                data = b""
            seen[data] = seen.get(data, 0) + 1
    finally:
        stop.set()
        swapper.join()
    assert set(seen) <= {b"inside", b""}
    assert len(seen) == 2, seen


async def test_a_root_that_is_itself_a_link_is_fine(root: Path, tmp_path: Path) -> None:
    (root / "it").write_bytes(b"it")
    (tmp_path / "alias").symlink_to(root)
    store = FileStore(tmp_path / "alias", 5.0)
    assert await store.get("it", 10) == b"it"
    assert await listed(store) == ["it"]
    await store.close()


async def test_what_is_no_file_is_not_found_and_makes_nobody_wait(store: FileStore, root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "folder").mkdir()
    (root / "loop").symlink_to("loop")
    (root / "dangling").symlink_to("nowhere")
    (root / "null").symlink_to("/dev/null")

    async def use_all() -> None:
        for path in ("pipe", "folder", "loop", "dangling", "null", "x" * 300):
            await refused(store, path)
        assert await listed(store) == []

    await finished_within(use_all(), 30)


async def test_names_that_no_path_can_have_do_not_spoil_a_listing(store: FileStore, root: Path) -> None:
    for name in (b"good", b"\xff\xfe", b"tab\there", b"back\\slash", b"del\x7f"):
        Path(os.fsdecode(bytes(root) + b"/" + name)).touch()
    assert await listed(store) == ["good"]


async def test_a_folder_cannot_be_put_or_deleted_as_an_object(store: FileStore) -> None:
    await store.put("a/b", b"it")
    for act in (store.put("a", b""), store.put("a/b/c", b""), store.put("x" * 300, b"")):
        with pytest.raises(StoreDenied):
            await act
    await store.delete("a")
    assert await listed(store) == ["a/b"]


async def test_the_folder_of_unfinished_files_holds_no_objects(store: FileStore, root: Path) -> None:
    await store.put("it", b"it")
    (root / STAGING / "part").write_bytes(b"part")
    await refused(store, f"{STAGING}/part")
    for act in (store.put(f"{STAGING}/x", b""), store.delete(f"{STAGING}/part"), store.put(STAGING, b"")):
        with pytest.raises(StoreDenied):
            await act
    assert await listed(store) == ["it"]


async def test_no_link_leads_to_unfinished_files(store: FileStore, root: Path) -> None:
    await store.put("it", b"it")
    (root / STAGING / "part").write_bytes(b"part")
    (root / "link").symlink_to(f"{STAGING}/part")
    (root / "folder").symlink_to(STAGING)
    (root / "round").symlink_to(f"../root/{STAGING}/part")
    (root / "process").symlink_to(f"/proc/self/cwd/{os.path.relpath(root)}/{STAGING}/part")
    for path in ("link", "folder/part", "round", "process"):
        await refused(store, path)
    assert await listed(store) == ["it"]


@pytest.fixture
async def image_root(root: Path) -> AsyncIterator[FileStore]:
    """Shows no hidden files, and not the folder of the cache."""
    opened = FileStore(root, 5.0, served=ServedFiles(hidden=False, excluded=(root / "cache", root.parent)))
    yield opened
    await opened.close()


async def test_hidden_files_and_excluded_folders_are_not_there_by_whatever_way(
    image_root: FileStore, root: Path
) -> None:
    for name in (".env", ".git/config", "deep/.thumbnails/it", "cache/entry", "shown.d/it"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"it")
    links = {"file": ".env", "folder": ".git", "chain": "file", "round": "../root/.env", "entry": "cache/entry"}
    links |= {"thumbs": "deep/.thumbnails", "kept": "cache", "own": "shown.d/it", ".own": "shown.d/it"}
    for name, target in links.items():
        (root / name).symlink_to(target)
    hidden = (".env", ".git/config", "deep/.thumbnails/it", "file", "folder/config", "chain", "round", "thumbs/it")
    for path in (*hidden, ".own", "cache/entry", "entry", "kept/entry"):
        await refused(image_root, path)
    for path in ("shown.d/it", "own"):
        assert await image_root.get(path, 10) == b"it"
    assert await listed(image_root) == ["own", "shown.d/it"]


async def test_a_folder_is_excluded_in_any_case_of_its_name(root: Path) -> None:
    """As on a file system that does not tell them apart, where both are the same folder."""
    (root / "CACHE").mkdir()
    (root / "CACHE" / "entry").write_bytes(b"it")
    store = FileStore(root, 5.0, served=ServedFiles(excluded=(root / "cache",)))
    await refused(store, "CACHE/entry")
    await store.close()


async def test_a_root_below_a_hidden_folder_is_served(tmp_path: Path) -> None:
    (tmp_path / ".images").mkdir()
    (tmp_path / ".images" / "it").write_bytes(b"it")
    store = FileStore(tmp_path / ".images", 5.0, served=ServedFiles(hidden=False))
    assert await store.get("it", 10) == b"it"
    await store.close()


async def test_what_is_no_regular_file_is_not_even_opened(store: FileStore, root: Path) -> None:
    """To open a device may have an effect, and to open a pipe resumes whoever wants to write to it."""
    os.mkfifo(root / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(root / "socket"))
    writer = threading.Thread(target=lambda: os.close(os.open(root / "pipe", os.O_WRONLY)))
    writer.start()
    for _ in range(20):
        await refused(store, "pipe")
        await refused(store, "socket")
    assert writer.is_alive(), "nobody has opened the other end"
    os.close(os.open(root / "pipe", os.O_RDONLY | os.O_NONBLOCK))
    writer.join(30)
    assert not writer.is_alive()
    listener.close()


async def test_what_killed_processes_left_is_swept_away_in_time(root: Path) -> None:
    staging = root / STAGING
    staging.mkdir()
    for name, age_s in (("old", 7200), ("young", 60)):
        (staging / name).touch()
        os.utime(staging / name, (time.time() - age_s,) * 2)
    store = FileStore(root, 5.0)
    await store.put("it", b"it")
    assert [path.name for path in staging.iterdir()] == ["young"]
    await store.close()


WRITER = """
import asyncio, sys
from pathlib import Path
from pixmill.storage.files import FileStore

async def main():
    store = FileStore(Path(sys.argv[1]), 60)
    print("ready", flush=True)
    for number in range(10**9):
        await store.put(f"object-{number % 5}", bytes([number % 251]) * 8_000_000)

asyncio.run(main())
"""


async def test_a_kill_in_the_middle_of_a_put_leaves_whole_objects_only(store: FileStore, root: Path) -> None:
    staged, rounds, give_up = 0, 0, time.monotonic() + 60

    def is_writing() -> bool:
        return (root / STAGING).is_dir() and any((root / STAGING).iterdir())

    while rounds < 12 or (not staged and time.monotonic() < give_up):
        rounds += 1
        for left in (root / STAGING).glob("*"):
            left.unlink()
        with subprocess.Popen([sys.executable, "-c", WRITER, str(root)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            await until(is_writing)
            time.sleep(0.002 * (rounds % 6))
            writer.send_signal(signal.SIGKILL)
        staged += len(list((root / STAGING).iterdir())) if (root / STAGING).exists() else 0
        for path in await listed(store):
            data = await store.get(path, 8_000_000)
            assert len(data) == 8_000_000
            assert data.count(data[0]) == len(data)
    assert staged, "no kill came in the middle of a put: the test shows nothing"


@pytest.fixture
def small_files() -> Iterator[int]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    yield 100_000
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


async def test_a_full_disk_is_store_full_and_leaves_the_old_object(
    store: FileStore, root: Path, small_files: int
) -> None:
    await store.put("it", b"old")
    with pytest.raises(StoreFull):
        await store.put("it", bytes(small_files + 1))
    assert await store.get("it", 10) == b"old"
    assert list((root / STAGING).iterdir()) == []


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder that is for looking only, and no rights: nothing is forbidden to root."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory(prefix="pixmill-denied-") as name:
        folder = Path(name)
        (folder / "it").write_bytes(b"it")
        (folder / "it").chmod(0)
        folder.chmod(0o555)
        if user == 0:
            os.seteuid(65_534)
        yield folder
        if user == 0:
            os.seteuid(0)
        folder.chmod(0o755)


async def test_what_may_not_be_read_or_written_is_denied(nobody: Path) -> None:
    store = FileStore(nobody, 5.0)
    for act in (
        store.get("it", 10),
        store.stream("it"),
        store.put("new", b""),
        store.put("it", b""),
        store.delete("it"),
    ):
        with pytest.raises(StoreDenied):
            await act
    assert await listed(store) == ["it"]
    await store.close()


async def test_a_root_that_has_gone_is_unavailable(store: FileStore, root: Path) -> None:
    root.rmdir()
    for act in (store.ping(), store.put("it", b"")):
        with pytest.raises(StoreUnavailable):
            await act


async def test_a_disk_that_stalls_is_unavailable_in_time(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, fstat = threading.Event(), os.fstat

    def slow(fd: int) -> os.stat_result:
        goes_on.wait(60)
        return fstat(fd)

    (root / "it").touch()
    store = FileStore(root, 0.2)
    monkeypatch.setattr("pixmill.storage.rooted_fs.os.fstat", slow)
    with pytest.raises(StoreUnavailable):
        await finished_within(store.get("it", 10), 30)
    goes_on.set()
    await store.close()


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_no_descriptor_is_left_open(store: FileStore) -> None:
    await store.put("a/it", bytes(3 * 2**20))
    before = open_descriptors()
    for _ in range(20):
        await store.get("a/it", 2**22)
        await store.stat("a/it")
        await store.stream("a/it")
        _, chunks = await store.stream("a/it")
        await anext(chunks)
        del chunks
        with pytest.raises(StoreError):
            await store.get("a", 1)
    await until(lambda: open_descriptors() <= before)
