"""What a server says when it starts or cannot: sentences for people, or lines of JSON."""

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import pytest
from PIL import Image

from pixmill.settings import load
from pixmill.startup import DEMO_PHOTOS, MAX_ENTRIES, describe, find_images, load_demo, log_format_flag
from tests.servers.pixmill import Pixmill

PHOTO: Final = DEMO_PHOTOS / "umang.jpg"
MAX_DEMO_BYTES: Final = 2 * 2**20
WAIT_S: Final = 60


def wait_for(server: Pixmill, text: str) -> str:
    """Return the log once it has the text."""
    end = time.monotonic() + WAIT_S
    while text not in server.log() and time.monotonic() < end:
        time.sleep(0.02)
    assert text in server.log()
    return server.log()


def images_in(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PHOTO, path)
    return folder


# ---------------------------------------------------------------- sample photos


def test_the_package_has_few_bytes_of_photos_each_with_its_author() -> None:
    photos = sorted(DEMO_PHOTOS.iterdir())
    attribution = (DEMO_PHOTOS.parent / "ATTRIBUTION.md").read_text("utf-8")
    assert re.findall(r"^\| `([^`]+)`", attribution, re.MULTILINE) != []
    assert {photo.name for photo in photos} == set(re.findall(r"^\| `([^`]+)`", attribution, re.MULTILINE))
    assert sum(photo.stat().st_size for photo in photos) < MAX_DEMO_BYTES
    for photo in photos:
        with Image.open(photo) as image:
            image.load()


def test_the_demo_answers_other_machines_with_its_photos_only() -> None:
    server = Pixmill("--demo", "--host", "0.0.0.0", workers=1)
    del server.environment["PIXMILL_CACHE"]
    with server:
        line = json.loads(next(line for line in wait_for(server, '"listening"').splitlines() if "listening" in line))
        assert (line["images"], line["root"]) == (7, str(DEMO_PHOTOS))
        assert line["try"].startswith(f"http://127.0.0.1:{server.port}/resize?url=")
        with urlopen(line["try"], timeout=WAIT_S) as response:
            assert response.headers["Content-Type"] == "image/webp"
        assert server.get("/resize", url="https://example.com/a.jpg").status == 403
        assert server.stop() == 0
        for line in server.log().splitlines():
            assert isinstance(json.loads(line), dict)


@pytest.mark.usefixtures("_alone")
def test_the_demo_keeps_to_settings_that_are_given() -> None:
    assert load_demo({}).cache == "memory://"
    assert load_demo({}).allowed_sources == ""
    assert load_demo({"host": "0.0.0.0"}).allowed_sources == "path:"
    assert load_demo({"host": "0.0.0.0", "unsigned": "allow"}).allowed_sources == ""
    assert load_demo({"cache": ""}).cache == ""
    assert load_demo({}).error_images == "development"
    assert load_demo({"error_images": "off"}).error_images == "off"
    assert load_demo({"host": "0.0.0.0"}).error_images == "off"


# ---------------------------------------------------------------- what it serves


@pytest.fixture
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and no settings of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("CACHE", "KEYS", "ALLOWED_SOURCES", "UNSIGNED", "HOST", "ERROR_IMAGES", "IMAGES"):
        monkeypatch.delenv(f"PIXMILL_{name}", raising=False)


def test_people_read_what_is_served_and_what_to_try(tmp_path: Path) -> None:
    images_in(tmp_path, "b.jpg", "a.webp", "deeper/c.PNG", ".hidden/d.jpg", "notes.txt")
    server = Pixmill(str(tmp_path), log_format="console", workers=1, cache="")
    with server:
        log = wait_for(server, "Ctrl-C")
        assert f"serves 3 images of {tmp_path} on {server.url}" in log
        assert "Images  a.webp, b.jpg, deeper/c.PNG\n" in log
        [url] = re.findall(r"curl -o out.webp '([^']+)'", log)
        with urlopen(url, timeout=WAIT_S) as response:
            assert response.headers["Content-Type"] == "image/webp"


@pytest.mark.usefixtures("_alone")
def test_without_an_image_root_it_says_how_this_folder_is_served(tmp_path: Path) -> None:
    empty = describe(load(), 8080)
    assert (empty.images, empty.example) == (None, "")
    assert "pixmill serve --demo" in empty.hint
    assert empty.lines()[0].endswith("serves images of the web on http://127.0.0.1:8080")
    images_in(tmp_path, "a.jpg")
    assert describe(load(), 8080).hint.startswith("there is no image root; `pixmill serve .` serves this folder")
    assert describe(load(), 8080).hint.endswith("which has 1 image")
    assert describe(load({"images": "."}), 8080).hint == ""


@pytest.mark.usefixtures("_alone")
def test_what_to_try_is_allowed(tmp_path: Path) -> None:
    images_in(tmp_path, "a.jpg", "open/b.jpg")
    narrow = describe(load({"images": ".", "allowed_sources": "path:open/"}), 8080)
    assert "url=open%2Fb.jpg" in narrow.example
    assert describe(load({"images": ".", "allowed_sources": "https:"}), 8080).example == ""
    signed = describe(load({"images": ".", "keys": "0123456789abcdef"}), 8080)
    assert signed.example.startswith("pixmill sign 'http://127.0.0.1:8080/resize?url=a.jpg")
    assert describe(load({"images": "file:///no/such/folder"}), 1).images is None


@pytest.mark.usefixtures("_alone")
def test_a_name_of_a_folder_does_not_reach_the_terminal_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "a\x1b[31m"
    images_in(folder, "a.jpg")
    code = "from pixmill.settings import load; from pixmill.startup import log_startup; log_startup(load(), 1)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PIXMILL_IMAGES": str(folder), "PIXMILL_LOG_FORMAT": "console"},
        capture_output=True,
        timeout=WAIT_S,
        check=True,
    )
    assert b"\x1b" not in done.stderr
    assert rb"a\x1b[31m" in done.stderr


def test_few_files_are_looked_at_to_count_images(tmp_path: Path) -> None:
    images_in(tmp_path, "z.jpg", "1/2/deep.jpg", "1/2/3/deeper.jpg")
    assert find_images(tmp_path).names == ("z.jpg", "1/2/deep.jpg")
    assert str(find_images(tmp_path)) == "2 images"
    for number in range(MAX_ENTRIES):
        (tmp_path / f"{number}.jpg").touch()
    found = find_images(tmp_path)
    assert found.has_more
    assert str(found) == f"more than {MAX_ENTRIES:,} images"
    assert found.summary().startswith("0.jpg, 1.jpg, 10.jpg, 100.jpg and ")


@pytest.mark.usefixtures("_alone")
def test_sample_photos_are_called_so() -> None:
    lines = describe(load_demo({}), 8080).lines()
    assert lines[0].endswith("serves sample photos on http://127.0.0.1:8080")
    assert "  Open    http://127.0.0.1:8080/" in lines
    assert describe(load_demo({"host": "0.0.0.0"}), 8080).playground == ""
    assert describe(load_demo({"host": "0.0.0.0", "playground": "on"}), 8080).playground == "http://127.0.0.1:8080/"
    assert lines[2] == "  Images  fig.jpg, friends.jpg, mill.png, seeding.jpg and 3 more"


# ---------------------------------------------------------------- what stops it


def test_a_reason_not_to_start_is_a_line_in_the_format_of_the_log(tmp_path: Path) -> None:
    for arguments, code, said in (
        (("--log-format", "json", "--prot", "3"), 2, "--port"),
        (
            ("--log-format=json", "--images", "nowhere"),
            1,
            "nowhere does not exist; for example PIXMILL_IMAGES=/srv/images",
        ),
        (("--host", "0.0.0.0"), 2, "PIXMILL_UNSIGNED=allow (an open proxy)"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "pixmill", "serve", *arguments],
            cwd=tmp_path,
            env={},
            capture_output=True,
            timeout=WAIT_S,
            check=False,
        )
        assert (done.returncode, done.stdout) == (code, b"")
        line = json.loads(done.stderr)
        assert (line["event"], line["level"]) == ("cannot start", "critical")
        assert said in line["error"]


def test_the_log_format_is_found_among_other_arguments() -> None:
    assert log_format_flag(["serve", "--log-format", "json", "--log-format=console"]) == {"log_format": "json"}
    assert log_format_flag(["serve", "--log-format"]) == {}
