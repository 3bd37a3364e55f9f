"""``resize`` and ``info`` of several inputs: names, what is refused before anything is written, and what fails alone."""

import json
import os
import shutil
from pathlib import Path

import pytest

from pixmill.cli import output
from pixmill.cli.result_names import Job, ResultNames, plan_jobs
from pixmill.cli.usage import WrongUsage
from tests.cli.program import Run, opened

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Three photos in the current folder."""
    for name in ("fig.jpg", "wine.jpg", "sunset.jpg"):
        shutil.copy(PHOTOS / name, tmp_path)
    return ["fig.jpg", "wine.jpg", "sunset.jpg"]


def names_of(sources: list[str], target: str, **params: str) -> list[str]:
    return [job.name.replace("\0", "?") for job in plan_jobs(sources, target, params, ResultNames(sources))]


def test_several_inputs_go_into_a_folder_that_is_made(run: Run, photos: list[str], tmp_path: Path) -> None:
    done = run("resize", *photos, "thumbs/", "-w", 40, "--format", "webp")
    assert (done.code, done.out) == (0, b"")
    assert sorted(path.name for path in (tmp_path / "thumbs").iterdir()) == ["fig.webp", "sunset.webp", "wine.webp"]
    for path in (tmp_path / "thumbs").iterdir():
        with opened(path) as image:
            assert (image.format, image.width) == ("WEBP", 40)
    assert "thumbs/fig.webp: webp 40 x " in done.err
    assert done.err.endswith("3 resized\n")


def test_one_that_fails_does_not_stop_the_others(run: Run, photos: list[str], tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    (tmp_path / "folder.jpg").mkdir()
    done = run("resize", "broken.jpg", *photos, "missing.jpg", "folder.jpg", "small-{stem}-{width}.{ext}", "-w", 30)
    assert done.code == 1
    made = {f"small-{Path(name).stem}-30.jpg" for name in photos}
    assert {path.name for path in tmp_path.glob("small-*")} == made
    assert "pixmill: broken.jpg: Original is not an image" in done.err
    assert "pixmill: missing.jpg is not there" in done.err
    assert "pixmill: folder.jpg is a folder, not a file" in done.err
    assert done.err.endswith("3 resized, 3 failed\n")


def test_an_input_is_replaced_only_if_that_is_asked_for(run: Run, photos: list[str], tmp_path: Path) -> None:
    before = (tmp_path / "fig.jpg").read_bytes()
    (tmp_path / "link.jpg").symlink_to("fig.jpg")
    for target in ("./fig.jpg", "link.jpg", "."):
        done = run("resize", "fig.jpg", target, "-w", 30)
        assert (done.code, "--overwrite" in done.err) == (2, True)
    assert run("resize", *photos, ".", "-w", 30).code == 2
    assert (tmp_path / "fig.jpg").read_bytes() == before
    assert run("resize", "fig.jpg", "fig.jpg", "-w", 30, "--overwrite").code == 0
    with opened(tmp_path / "fig.jpg") as image:
        assert image.width == 30


def test_a_result_whose_format_is_chosen_late_is_named_by_it(run: Run, photos: list[str], tmp_path: Path) -> None:
    done = run("resize", *photos[:2], "out/", "-w", 30, "--format", "auto")
    assert done.code == 0
    for path in (tmp_path / "out").iterdir():
        with opened(path) as image:
            assert path.suffix == {"JPEG": ".jpg", "WEBP": ".webp", "AVIF": ".avif"}[str(image.format)]


def test_the_second_of_two_photos_of_a_pattern_is_not_taken_for_the_target(
    run: Run, photos: list[str], tmp_path: Path
) -> None:
    (tmp_path / "other.jpg").write_bytes((tmp_path / "fig.jpg").read_bytes())
    before = (tmp_path / "other.jpg").read_bytes()
    done = run("resize", "fig.jpg", "other.jpg", "-w", 30)
    assert done.code == 2
    assert "fig.jpg other.jpg thumbs/" in done.err
    assert (tmp_path / "other.jpg").read_bytes() == before
    assert run("resize", "fig.jpg", "other.jpg", "-w", 30, "--overwrite").code == 0
    assert run("resize", "fig.jpg", "other.webp", "-w", 30).code == 0
    assert run("resize", "fig.jpg", "other.webp", "-w", 20).code == 0


def test_a_name_chosen_late_does_not_replace_an_input(run: Run, photos: list[str], tmp_path: Path) -> None:
    (tmp_path / "fig.raw").write_bytes((tmp_path / "fig.jpg").read_bytes())
    (tmp_path / "link").symlink_to("fig.jpg")
    before = (tmp_path / "fig.jpg").read_bytes()
    done = run("resize", "fig.raw", "link", "./{stem}.{ext}", "-w", 30, "--format", "original")
    assert done.code == 1
    assert "is an input, and would be replaced" in done.err
    assert (tmp_path / "fig.jpg").read_bytes() == before


@pytest.mark.parametrize(
    ("sources", "target", "format_", "expected"),
    [
        (["a/x.jpg", "b/y.png"], "out/", "", ["out/x.jpg", "out/y.png"]),
        (["a/x.JPEG", "b/y.cr2"], "out/", "", ["out/x.jpg", "out/y.?"]),
        (["a/x.cr2"], "{format}/{stem}.{ext}", "", ["??/x.?"]),
        (["a/x.jpg", "b/x.jpg"], "out/{parent}-{stem}.{ext}", "avif", ["out/a-x.avif", "out/b-x.avif"]),
        (["a/x.jpg"], "{name}.{format}", "jpg", ["x.jpg.jpeg"]),
        (["https://example.com/a%20b/c%2Fd.jpg?e=/f"], "out/", "webp", ["out/d.webp"]),
        (["https://example.com/"], "out/{parent}/{stem}.{ext}", "webp", ["out/_/image.webp"]),
        (["-"], "out/", "png", ["out/image.png"]),
        (["canvas:40x30,f00"], "out/", "png", ["out/canvas.png"]),
        (["a.jpg"], "small", "", ["small"]),
    ],
)
def test_names_follow_the_target(sources: list[str], target: str, format_: str, expected: list[str]) -> None:
    assert names_of(sources, target, **({"format": format_} if format_ else {})) == expected


def test_the_format_is_that_of_the_ending_of_a_template_or_of_the_input() -> None:
    sources = ["x.jpg", "y.png", "z.cr2"]
    assert plan_jobs(sources, "{stem}.webp", {}, ResultNames(sources))[0] == Job("x.jpg", "x.webp", "webp")
    assert [job.format for job in plan_jobs(sources, "out/", {}, ResultNames(sources))] == ["jpeg", "png", "auto"]


@pytest.mark.parametrize(
    ("sources", "target", "said"),
    [
        (["a/x.jpg", "b/x.jpg"], "out/", "a/x.jpg would both become out/x.jpg"),
        (["a.jpg", "b.jpg"], "c.jpg", "end it with a slash, as thumbs/"),
        (["a.jpg", "b.jpg"], "thumbs", "end it with a slash, as thumbs/"),
        (["a.jpg", "-"], "thumbs/", "- stands for one image"),
        (["a.jpg", "b.jpg"], "-", "- stands for one image"),
        (["a.jpg"], "out.wpb", "did you mean webp?"),
        (["a.jpg"], "{stem}.jpgg", "did you mean jpg?"),
        (["a.jpg"], "out.xyz", "one is jpg, png, webp"),
        (["a.jpg"], "{stem}-{width}.jpg", "{width} in {stem}-{width}.jpg is not known"),
    ],
)
def test_what_would_go_wrong_is_refused_before_it_begins(sources: list[str], target: str, said: str) -> None:
    with pytest.raises(WrongUsage) as error:
        names_of(sources, target)
    assert said in error.value.message


def test_an_ending_that_says_another_format_is_a_warning(run: Run, photos: list[str]) -> None:
    said = {"out.wpb": "out.wpb is webp, but its ending is that of no format; did you mean webp?"}
    said["out.png"] = "out.png is webp, but its ending says png"
    for target, warning in said.items():
        done = run("resize", photos[0], target, "-w", 20, "--format", "webp")
        assert (done.code, f"pixmill: warning: {warning}\n" in done.err) == (0, True)


def test_a_value_that_no_image_could_be_made_with_stops_before_the_first(run: Run, photos: list[str]) -> None:
    done = run("resize", *photos, "out/", "-w", "wide")
    assert done.code == 2
    assert "--width 'wide': width must be" in done.err
    assert "for example --width 800" in done.err
    assert not Path("out").exists()


def test_info_of_several_is_an_object_a_line(run: Run, photos: list[str], tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    done = run("info", *photos, "broken.jpg")
    assert done.code == 1
    facts = [json.loads(line) for line in done.out.splitlines()]
    assert [each["source"] for each in facts] == photos
    assert all(each["format"] == "jpeg" and each["bytes"] > 0 for each in facts)
    assert "pixmill: broken.jpg: Original is not an image" in done.err


def test_info_is_a_table_on_a_terminal(run: Run, photos: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    with opened(Path("fig.jpg")) as image:
        size = f"{image.width} x {image.height}"
    lines = run("info", *photos[:2]).out.decode().splitlines()
    assert [line.split()[:2] for line in lines] == [["fig.jpg", "jpeg"], ["wine.jpg", "jpeg"]]
    assert size in lines[0]
    single = dict(line.split(maxsplit=1) for line in run("info", "fig.jpg").out.decode().splitlines())
    assert single["width"].strip() == size.split(" ", maxsplit=1)[0]
    assert run("info", "fig.jpg", "--json").json()["format"] == "jpeg"


def test_a_format_that_is_chosen_late_is_a_placeholder_too(run: Run, photos: list[str], tmp_path: Path) -> None:
    done = run("resize", photos[0], photos[1], "{format}/{stem}.{ext}", "-w", 20, "--format", "auto:webp,original")
    assert done.code == 0, done.err
    made = {path.parent.name: path.suffix for path in tmp_path.glob("*/*")}
    assert made.items() <= {"webp": ".webp", "jpeg": ".jpg"}.items()
    assert sum(1 for _ in tmp_path.glob("*/*")) == 2


def test_names_do_not_steer_a_terminal(run: Run, photos: list[str], tmp_path: Path) -> None:
    odd = os.fsdecode(b"a\x1b[31m\n\xff.jpg")
    shutil.copy(photos[0], tmp_path / odd)
    done = run("resize", odd, photos[1], odd + "-missing", "out/", "-w", 20)
    assert (done.code, (tmp_path / "out" / odd).is_file()) == (1, True)
    assert "out/a\\x1b[31m\\n\\udcff.jpg: jpeg 20 x " in done.err
    assert all(line.isprintable() for line in done.err.splitlines())


def test_a_name_that_is_not_utf_8_has_its_line_of_json(run: Run, photos: list[str], tmp_path: Path) -> None:
    odd = os.fsdecode(b"\xff.jpg")
    shutil.copy(photos[0], tmp_path / odd)
    done = run("info", odd, photos[0])
    assert [json.loads(line)["source"] for line in done.out.splitlines()] == ["\\xff.jpg", "fig.jpg"]


def test_metadata_does_not_steer_a_terminal(
    run: Run, photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path / photos[0]) as image:
        exif = image.getexif()
        exif[0x010F] = "maker\x1b]0;title\x07"
        image.save(tmp_path / "odd.jpg", exif=exif)
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    done = run("info", "odd.jpg", "--include", "exif")
    assert done.code == 0
    assert b"maker" in done.out
    assert b"\x1b" not in done.out


def test_a_target_folder_that_is_a_file_is_named(run: Run, photos: list[str], tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    done = run("resize", *photos, "taken/", "-w", 20)
    assert (done.code, done.err) == (1, "pixmill: taken is a file, not a folder; give another target\n")


def test_no_message_quotes_the_password_of_a_url(run: Run) -> None:
    done = run("info", "http://user:hunter@127.0.0.1:1/a.jpg")
    assert (done.code, "hunter" in done.err, "127.0.0.1:1/a.jpg" in done.err) == (1, False, True)
    done = run("purge", "--all", "--server", "http://user:hunter@127.0.0.1:1", PIXMILL_ADMIN_TOKEN="a" * 32)
    assert (done.code, "hunter" in done.err, "is not listening" in done.err) == (1, False, True)
