"""Patterns name originals as shells do."""

from pathlib import Path

import pytest

from pixmill.batch.patterns import IMAGE_NAMES, glob_expression, parse_pattern, split_glob
from pixmill.errors import InvalidParameter


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("*.jpg", "a.jpg", True),
        ("*.jpg", "a/b.jpg", False),
        ("*.jpg", ".hidden.jpg", False),
        (".*.jpg", ".hidden.jpg", True),
        ("**/*.jpg", "a.jpg", True),
        ("**/*.jpg", "a/b/c.jpg", True),
        ("**/*.jpg", "a/.git/c.jpg", False),
        ("**", "a/b.txt", True),
        ("a/**/b.png", "a/b.png", True),
        ("a/**/b.png", "a/x/y/b.png", True),
        ("a/**/b.png", "ab.png", False),
        ("?.png", "ä.png", True),
        ("?.png", "ab.png", False),
        ("[a-c].png", "b.png", True),
        ("[!a-c].png", "b.png", False),
        ("[!a-c].png", "d.png", True),
        ("[!a]b.png", "/b.png", False),
        ("*.{jpg,png}", "a.png", True),
        ("*.{jpg,png}", "a.gif", False),
        ("{a,b{1,2}}.png", "b2.png", True),
        ("{a}.png", "{a}.png", True),
        ("[{]a,b}.png", "{a,b}.png", True),
        ("[[]1].png", "[1].png", True),
        ("a[.png", "a[.png", True),
        ("*.JPG", "a.jpg", False),
        ("a b+(c).png", "a b+(c).png", True),
    ],
)
def test_globs_match_whole_paths(glob: str, path: str, matches: bool) -> None:
    assert (glob_expression(glob).fullmatch(path) is not None) is matches


def test_a_glob_of_many_stars_takes_no_time() -> None:
    assert not glob_expression("**/" * 5 + "*a*b*c*d.jpg").fullmatch("a/" * 100 + "abc" * 100)


def test_too_many_alternatives_are_refused() -> None:
    with pytest.raises(InvalidParameter, match="alternatives"):
        glob_expression("{a,b}" * 12)


def test_buckets_are_split_at_the_first_wildcard() -> None:
    pattern = parse_pattern("s3://photos/2026/trips/**/*.jpg")
    assert (pattern.location, pattern.glob) == ("s3://photos/2026/trips", "**/*.jpg")


@pytest.mark.parametrize("text", ["s3://photos", "s3://photos/", "s3://photos/2026/"])
def test_a_folder_of_a_bucket_stands_for_its_images(text: str) -> None:
    pattern = parse_pattern(text)
    assert pattern.glob == IMAGE_NAMES
    assert pattern.matcher().fullmatch("a/B.JPG")
    assert not pattern.matcher().fullmatch("a/B.txt")


def test_one_object_is_itself() -> None:
    pattern = parse_pattern("gs://photos/2026/a.jpg")
    assert (pattern.location, pattern.path, pattern.glob) == ("gs://photos", "2026/a.jpg", "")


@pytest.mark.parametrize("text", ["s3://*/a.jpg", "s3:///a.jpg", "ftp://host/a.jpg"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_pattern(text)


def test_a_file_that_exists_is_taken_literally(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a[1]{x,y}*.jpg").write_bytes(b"")
    pattern = parse_pattern("a[1]{x,y}*.jpg")
    assert (pattern.location, pattern.path) == (str(tmp_path), "a[1]{x,y}*.jpg")


def test_names_of_lists_are_never_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_pattern("a/*.jpg", is_name=True).path == "a/*.jpg"
    assert parse_pattern("s3://photos/*.jpg", is_name=True).path == "*.jpg"


def test_a_file_outside_the_current_folder_is_named_from_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    pattern = parse_pattern("../x.jpg")
    assert (pattern.location, "/" + pattern.path) == ("/", str(tmp_path / "x.jpg"))


def test_folders_before_wildcards_are_the_place(tmp_path: Path) -> None:
    pattern = parse_pattern(f"{tmp_path}/a/*/b.jpg")
    assert (pattern.location, pattern.glob) == (f"{tmp_path}/a", "*/b.jpg")
    assert split_glob("a/b") == ("a/b", "")
