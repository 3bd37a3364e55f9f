"""Names of results: placeholders, and what is refused before anything is written."""

from collections.abc import Mapping

import pytest

from pixmill.batch.template import Namer, finished_path, parse_target
from pixmill.batch.variants import compile_variants
from pixmill.errors import InvalidParameter
from pixmill.media import Format


def paths(target: str, name: str, **params: str) -> list[str]:
    texts: Mapping[str, tuple[str, ...]] = {key: (value,) for key, value in ({"format": "webp"} | params).items()}
    return Namer(parse_target(target), compile_variants(texts)).paths(name)


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{path}.{ext}", "trips/rome/sea.jpg.webp"),
        ("{dir}/{stem}.{ext}", "trips/rome/sea.webp"),
        ("{parent}-{stem}-{suffix}.{format}", "rome-sea-jpg.webp"),
        ("{name}", "sea.jpg"),
        ("{{x}}-{stem}.webp", "{x}-sea.webp"),
        ("{stem}-{w}.webp", "sea-320.webp"),
        ("{stem}-{quality}.webp", "sea-auto:60.webp"),
    ],
)
def test_placeholders(template: str, path: str) -> None:
    assert paths(f"s3://thumbs/{template}", "trips/rome/sea.jpg", width="320", quality="auto:60") == [path]


def test_the_place_is_what_comes_before_the_first_placeholder() -> None:
    assert parse_target("s3://thumbs/a/b/c-{stem}.webp").location == "s3://thumbs/a/b"
    assert parse_target("/a/b/{dir}/{stem}.webp").location == "/a/b"


def test_several_values_multiply() -> None:
    assert paths("/t/{stem}-{width}.{ext}", "a.jpg", width="320,640", format="avif,webp") == [
        "a-320.avif",
        "a-320.webp",
        "a-640.avif",
        "a-640.webp",
    ]


def test_a_folder_as_target_keeps_folders_and_names_what_varies() -> None:
    assert paths("/t/", "x/a.jpg", width="320,640", fit="cover") == ["x/a-320.webp", "x/a-640.webp"]


def test_an_empty_folder_leaves_no_empty_segment() -> None:
    assert paths("/t/{dir}/{stem}.webp", "a.jpg") == ["a.webp"]


@pytest.mark.parametrize("name", [".hidden", "noending", "a.b.c", ".a.jpg"])
def test_stem_and_suffix_make_the_name(name: str) -> None:
    stem, suffix = paths("/t/{stem}|{suffix}", name)[0].split("|")
    assert (f"{stem}.{suffix}" if suffix else stem) == name


def test_values_of_parameters_cannot_make_folders() -> None:
    assert paths("/t/{stem}-{aspect}.webp", "a.jpg", aspect="16:9") == ["a-16:9.webp"]
    assert "/" not in paths("/t/{stem}-{overlay}.webp", "a.jpg", overlay="url:a/b.png")[0]


@pytest.mark.parametrize(
    ("target", "params", "message"),
    [
        ("/t/{stem}.webp", {"width": "320,640"}, r"--width has several values.*\{width\}"),
        ("/t/{stem}", {"format": "webp,avif"}, r"--format has several values.*\{ext\} or \{format\}"),
        ("/t/{width}.webp", {"width": "320"}, "All originals would get the same name"),
        ("/t/one.webp", {}, "All results would have the same name"),
        ("/t/{stem}-{height}.webp", {}, "--height must be given"),
        ("/t/{stm}.webp", {}, r"no placeholder \{stm\}"),
        ("/t/{stem.webp", {}, r"A single \{"),
        ("/t/{stem}}.webp", {}, r"A single \}"),
        ("s3://{stem}/x.webp", {}, "bucket"),
        ("http://host/{stem}.webp", {}, "cannot be written"),
    ],
)
def test_targets_that_make_no_sense_are_refused(target: str, params: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        paths(target, "a.jpg", **params)


@pytest.mark.parametrize("path", ["../a.webp", "a/../../b.webp", "a\n.webp", "a\\b.webp", "x" * 2000])
def test_no_path_leads_out_of_the_target(path: str) -> None:
    with pytest.raises(InvalidParameter):
        finished_path(path, Format.WEBP)


def test_the_ending_of_a_format_that_depends_on_the_image_comes_last() -> None:
    (path,) = paths("/t/{stem}.{ext}", "a.jpg", format="original")
    assert finished_path(path, Format.PNG) == "a.png"
