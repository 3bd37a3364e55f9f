"""A batch makes what is missing, once, and names what failed."""

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from obstore.exceptions import InvalidPathError

from pixmill.batch.job import Failure, Job, Shard, ShardResult
from pixmill.batch.locations import Item, Locations
from pixmill.batch.planning import Part, parse_part
from pixmill.batch.report import Report
from pixmill.batch.run import Observers, Options, plan_batch
from pixmill.batch.runner import Outcome
from pixmill.batch.shards import batch_settings, make_job, open_batch
from pixmill.batch.template import parse_target
from pixmill.errors import InvalidParameter, SourceNotFound
from pixmill.storage.errors import translate
from pixmill.storage.memory import MemoryStore
from tests.batch.material import fill, image, job, results, run

NAMES = ["a.png", "b c.png", "ä/ö {x}.png", "x/y/z.png", "x/[1].png"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    fill(folder, NAMES)
    return folder


def test_every_original_becomes_every_result(photos: Path, tmp_path: Path) -> None:
    seen = run(
        job(
            f"{photos}/**/*.png",
            f"{tmp_path}/out/{{dir}}/{{stem}}-{{width}}.{{ext}}",
            {"width": "16,32", "format": "png,webp"},
        ),
        has_workers=True,
    )
    expected = {
        f"{name.removesuffix('.png')}-{width}.{ext}" for name in NAMES for width in (16, 32) for ext in ("png", "webp")
    }
    assert results(tmp_path / "out").keys() == expected
    assert (seen.totals.originals, seen.totals.outputs, seen.totals.failed) == (5, 20, 0)


def test_a_finished_batch_leaves_nothing_but_results(photos: Path, tmp_path: Path) -> None:
    run(job(str(photos), f"{tmp_path}/out"))
    assert not list((tmp_path / "out").glob(".*"))


def test_what_failed_is_named_and_the_rest_is_made(photos: Path, tmp_path: Path) -> None:
    (photos / "broken.png").write_bytes(image(1)[:60])
    (photos / "text.png").write_bytes(b"no image")
    seen = run(job(f"{photos}/*.png", f"{tmp_path}/out/{{stem}}.png"))
    assert {(Path(one.input).name, one.code) for one in seen.failures} == {
        ("broken.png", "undecodable_image"),
        ("text.png", "unsupported_image"),
    }
    assert results(tmp_path / "out").keys() == {"a.png", "b c.png"}


def test_a_second_run_tries_again_only_what_failed(photos: Path, tmp_path: Path) -> None:
    (photos / "broken.png").write_bytes(b"no image")
    one = job(f"{photos}/*.png", f"{tmp_path}/out/{{stem}}.png")
    run(one)
    (photos / "broken.png").write_bytes(image(7))
    seen = run(one)
    assert seen.plans == [(3, 1, True)]
    assert [Path(outcome.item.url).name for outcome in seen.outcomes] == ["broken.png"]
    assert "broken.png" in results(tmp_path / "out")
    assert not list((tmp_path / "out").glob(".*"))


def test_an_interrupted_batch_goes_on_and_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    names = [f"{number:03}.png" for number in range(40)]
    fill(tmp_path / "photos", names)
    one = job(f"{tmp_path}/photos/*.png", f"{tmp_path}/out/{{stem}}.{{ext}}", {"format": "png,jpeg"}, shard_size=4)
    whole = job(f"{tmp_path}/photos/*.png", f"{tmp_path}/whole/{{stem}}.{{ext}}", {"format": "png,jpeg"})
    options = Options(workers=1)

    def stop_after_ten(_outcome: Outcome) -> None:
        if len(first_outcomes) == 10:
            options.stop.set()
        first_outcomes.append(_outcome)

    first_outcomes: list[Outcome] = []
    first = run(one, options, stop_after_ten)
    second = run(one)
    run(whole)
    assert first.totals.originals < 20
    assert first.totals.originals + second.totals.originals == 40
    assert results(tmp_path / "out") == results(tmp_path / "whole")


def test_stopping_at_the_first_error_leaves_the_rest_for_the_next_run(tmp_path: Path) -> None:
    fill(tmp_path / "photos", [f"{number:03}.png" for number in range(30)])
    (tmp_path / "photos" / "000.png").write_bytes(b"no image")
    one = job(f"{tmp_path}/photos/*.png", f"{tmp_path}/out/{{stem}}.png")
    seen = run(one, Options(workers=1, stop_on_error=True))
    assert seen.totals.stopped_by is not None
    assert seen.totals.stopped_by.code == "unsupported_image"
    assert seen.totals.originals < 30


def test_results_that_are_there_are_left_alone(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a-16.png").write_bytes(b"mine")
    one = job(f"{photos}/*.png", f"{out}/{{stem}}-{{width}}.png", {"width": "16,32"}, skip_existing=True)
    seen = run(one)
    assert (out / "a-16.png").read_bytes() == b"mine"
    assert (out / "a-32.png").read_bytes() != b"mine"
    assert seen.totals.skipped == 0
    assert run(one).totals.skipped == 2


def test_a_result_is_the_same_whether_others_exist_or_not(photos: Path, tmp_path: Path) -> None:
    params = {"width": "16,30,48", "format": "jpeg"}
    run(job(f"{photos}/a.png", f"{tmp_path}/whole/{{stem}}-{{width}}.jpg", params))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a-48.jpg").write_bytes(b"")
    run(job(f"{photos}/a.png", f"{tmp_path}/out/{{stem}}-{{width}}.jpg", params, skip_existing=True))
    assert (tmp_path / "out" / "a-16.jpg").read_bytes() == (tmp_path / "whole" / "a-16.jpg").read_bytes()


def test_two_originals_with_one_name_are_refused_before_anything_is_written(photos: Path, tmp_path: Path) -> None:
    fill(photos, ["other/a.png"])
    with pytest.raises(InvalidParameter, match=r"a\.png and .*other/a\.png would both become a\.png"):
        run(job(f"{photos}/**/*.png", f"{tmp_path}/out/{{stem}}.png"))
    assert not results(tmp_path / "out") if (tmp_path / "out").exists() else True


def test_names_of_different_variants_may_meet_too(photos: Path, tmp_path: Path) -> None:
    fill(tmp_path / "p", ["a.png", "a1.png"])
    with pytest.raises(InvalidParameter, match="would both become"):
        run(job(f"{tmp_path}/p/*.png", f"{tmp_path}/out/{{stem}}{{width}}.png", {"width": "16,116"}))


def test_results_below_the_originals_are_no_originals(photos: Path) -> None:
    one = job(f"{photos}/**/*.png", f"{photos}/thumbs/{{dir}}/{{stem}}.png")
    assert run(one).totals.originals == 5
    assert run(one).totals.originals == 5


def test_results_among_the_originals_are_refused(photos: Path) -> None:
    with pytest.raises(InvalidParameter, match="would be an original of the next run"):
        run(job(f"{photos}/*.png", f"{photos}/{{stem}}-small.png"))
    with pytest.raises(InvalidParameter, match="overwritten by its own result"):
        run(job(f"{photos}/a.png", f"{photos}/{{name}}"))


def test_results_of_another_format_may_be_among_the_originals(photos: Path) -> None:
    assert run(job(f"{photos}/*.png", f"{photos}/{{stem}}.webp", {"format": "webp"})).totals.outputs == 2


@pytest.mark.parametrize("template", ["{stem}.{ext}", "{stem}.{format}"])
def test_results_whose_ending_is_not_known_yet_replace_no_originals(photos: Path, template: str) -> None:
    with pytest.raises(InvalidParameter, match="overwritten by its own result"):
        run(job(f"{photos}/*.png", f"{photos}/{template}", {"format": "original"}))
    assert (photos / "a.png").read_bytes() == image(0)


@pytest.mark.parametrize("form", ["png", "original"])
def test_a_result_replaces_no_other_original_of_a_list(photos: Path, tmp_path: Path, form: str) -> None:
    fill(photos, ["x-a.png"])
    (tmp_path / "list").write_text(f"{photos}/a.png\n{photos}/x-a.png\n")
    one = Job(
        target=f"{photos}/x-{{stem}}.{{ext}}",
        files_from=str(tmp_path / "list"),
        params={"width": ("16",), "format": (form,)},
    )
    with pytest.raises(InvalidParameter, match=r"x-a\.png would be overwritten by the result of .*/a.png"):
        run(one)


def test_results_above_the_folder_of_a_pattern_replace_none_of_its_originals(photos: Path) -> None:
    with pytest.raises(InvalidParameter, match="original of the next run"):
        run(job(f"{photos}/x/*.png", f"{photos}/{{parent}}x/new-{{stem}}.png"))


def test_a_format_and_that_of_the_original_may_have_one_name(photos: Path, tmp_path: Path) -> None:
    seen = run(job(f"{photos}/a.png", f"{tmp_path}/out/{{stem}}.{{ext}}", {"format": "png,original"}))
    assert seen.totals.outputs == 1
    assert results(tmp_path / "out").keys() == {"a.png"}


def test_an_original_that_vanishes_fails_alone(photos: Path, tmp_path: Path) -> None:
    def remove(_outcome: Outcome) -> None:
        (photos / "x/y/z.png").unlink(missing_ok=True)

    fill(photos, [f"many/{number}.png" for number in range(8)])
    seen = run(job(f"{photos}/**/*.png", f"{tmp_path}/out/{{dir}}/{{stem}}.png"), on_outcome=remove)
    assert [(Path(one.input).name, one.code) for one in seen.failures] == [("z.png", "source_not_found")]


def test_names_that_no_store_takes_and_folders_that_cannot_be_read_are_named(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "new\nline.png").write_bytes(image(1))
    (photos / "back\\slash.png").write_bytes(image(1))
    seen = run(job(f"{photos}/*.png", f"{tmp_path}/out/{{stem}}.png"))
    assert {Path(one.input).name for one in seen.failures} == {"new\nline.png", "back\\slash.png"}
    assert results(tmp_path / "out").keys() == {"a.png", "b c.png"}


def test_loops_of_links_end(photos: Path, tmp_path: Path) -> None:
    (photos / "loop").symlink_to(photos)
    (photos / "self.png").symlink_to("self.png")
    (photos / "linked.png").symlink_to("a.png")
    run(job(f"{photos}/**/*.png", f"{tmp_path}/out/{{dir}}/{{stem}}.png"))
    assert "linked.png" in results(tmp_path / "out")
    assert len(results(tmp_path / "out")) == 6


def test_hidden_files_are_left_out(photos: Path, tmp_path: Path) -> None:
    fill(photos, [".trash/a.png", ".b.png"])
    assert run(job(f"{photos}/**", f"{tmp_path}/out/{{path}}")).totals.originals == 5
    assert run(job(str(photos), f"{tmp_path}/out/{{path}}")).totals.originals == 5


def test_a_pattern_without_originals_is_an_error(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match="matches no file"):
        run(job(f"{photos}/*.gif", f"{tmp_path}/out/{{stem}}.png"))


def test_lists_of_names_may_have_any_names(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photos)
    (tmp_path / "list").write_bytes(b"\n".join([*(name.encode() for name in NAMES), b"gone.png", b"\xff.png", b""]))
    seen = run(job((), f"{tmp_path}/out/{{dir}}/{{stem}}.png", files_from=str(tmp_path / "list")))
    assert len(results(tmp_path / "out")) == 5
    assert [one.code for one in seen.failures] == ["invalid_parameter", "source_not_found"]


def test_names_with_line_breaks_are_reported_as_such(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(f"{photos}/a.png\0{photos}/line\nbreak.png\0".encode())
    one = job([], f"{tmp_path}/out/{{stem}}.png", files_from=str(tmp_path / "list"), null_separated=True)
    seen = run(one)
    assert [(failure.code, "control characters" in failure.message) for failure in seen.failures] == [
        ("source_denied", True)
    ]
    assert results(tmp_path / "out").keys() == {"a.png"}


def test_one_part_of_many_does_not_forget_what_others_have_done(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="another --journal"):
        run(job(str(photos), f"{tmp_path}/out"), Options(restart=True, part=Part(0, 2)))


def test_buckets_that_are_not_named_may_be_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    assert batch_settings().stores_allow_unnamed
    monkeypatch.setenv("PIXMILL_STORES_ALLOW_UNNAMED", "false")
    assert not batch_settings().stores_allow_unnamed


def test_relative_targets_are_of_the_machine_that_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "{x}"
    folder.mkdir()
    monkeypatch.chdir(folder)
    target = parse_target(make_job("*.png", "out/{stem}.webp").target)
    monkeypatch.chdir(tmp_path)
    assert target.location == f"{folder}/out"


def test_a_cluster_has_a_bounded_number_of_shards_at_a_time(photos: Path, tmp_path: Path) -> None:
    in_flight: list[int] = []
    waiting: list[Future[ShardResult]] = []

    def submit(shard: Shard) -> Future[ShardResult]:
        assert len(shard.items) == 1
        future: Future[ShardResult] = Future()
        waiting.append(future)
        in_flight.append(len(waiting))
        if len(waiting) == 2:
            waiting.pop(0).set_result(ShardResult(originals=1))
        return future

    with open_batch(make_job(f"{photos}/**/*.png", f"{tmp_path}/out", width=16, format="png", shard_size=1)) as batch:
        found = []
        for result in batch.results(submit, in_flight=2):
            found.append(result.originals)
            if len(found) == len(NAMES) - 1:
                waiting.pop().set_result(ShardResult(originals=1))
    assert found == [1] * len(NAMES)
    assert max(in_flight) == 2


def test_a_journal_of_another_job_is_refused(photos: Path, tmp_path: Path) -> None:
    def with_width(width: str) -> Job:
        return job(
            f"{photos}/*.png", f"{tmp_path}/out/{{stem}}.png", {"width": width}, journal=str(tmp_path / "journal")
        )

    run(with_width("16"))
    with pytest.raises(InvalidParameter, match="--width was 16, now 32"):
        run(with_width("32"))
    run(with_width("32"), Options(workers=1, restart=True))


def test_a_journal_that_is_kept_leaves_what_is_new_or_changed(photos: Path, tmp_path: Path) -> None:
    one = job(f"{photos}/*.png", f"{tmp_path}/out/{{stem}}.png", journal=str(tmp_path / "journal"))
    assert run(one).totals.originals == 2
    assert run(one).totals.originals == 0
    fill(photos, ["new.png"])
    (photos / "a.png").write_bytes(image(9))
    assert run(one).totals.originals == 2


def test_a_torn_record_costs_only_its_originals(photos: Path, tmp_path: Path) -> None:
    one = job(f"{photos}/*.png", f"{tmp_path}/out/{{stem}}.png", journal=str(tmp_path / "journal"), shard_size=1)
    run(one)
    records = sorted((tmp_path / "journal" / "done").iterdir())
    records[0].write_bytes(records[0].read_bytes()[:10])
    assert run(one).totals.originals == 1


def test_machines_share_the_originals_without_overlap(photos: Path, tmp_path: Path) -> None:
    one = job(f"{photos}/**/*.png", f"{tmp_path}/out/{{dir}}/{{stem}}.png")
    counts = [run(one, Options(workers=1, part=Part(number, 3))).totals.originals for number in range(3)]
    assert sum(counts) == 5
    assert len(results(tmp_path / "out")) == 5


@pytest.mark.parametrize(
    ("text", "environment", "part"),
    [
        ("2/8", {}, Part(2, 8)),
        ("auto", {"AWS_BATCH_JOB_ARRAY_INDEX": "3", "AWS_BATCH_JOB_ARRAY_SIZE": "4"}, Part(3, 4)),
        ("auto/5", {"JOB_COMPLETION_INDEX": "0"}, Part(0, 5)),
        ("", {"JOB_COMPLETION_INDEX": "1"}, Part(0, 1)),
    ],
)
def test_parts(text: str, environment: dict[str, str], part: Part) -> None:
    assert parse_part(text, environment) == part


@pytest.mark.parametrize("text", ["8/8", "-1/8", "1", "a/b", "auto", "auto/8", "1/0", "²/3"])
def test_parts_that_are_none(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_part(text, {})


def test_stores_of_any_kind_are_sources_and_targets(tmp_path: Path) -> None:
    source, target = MemoryStore(2**24), MemoryStore(2**24)
    asyncio.run(source.put("a/b.png", image(1)))
    options = Options(workers=1, opened={"memory://photos": source, "memory://thumbs": target})
    run(job("memory://photos/**/*.png", "memory://thumbs/{dir}/{stem}.webp", {"format": "webp"}), options)
    assert list(target._objects) == ["a/b.webp"]


def test_the_report_is_json_lines(photos: Path, tmp_path: Path) -> None:
    (photos / "text.png").write_bytes(b"no image")
    with closing(Report(str(tmp_path / "report"), everything=True)) as report:
        run(job(f"{photos}/*.png", f"{tmp_path}/out/{{stem}}.png"), on_outcome=report.add)
    lines = [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()]
    assert sorted(line["status"] for line in lines) == ["done", "done", "failed"]
    failed = next(line for line in lines if line["status"] == "failed")
    assert failed["input"] == f"{photos}/text.png"
    assert failed["code"] == "unsupported_image"


def test_a_report_that_cannot_be_written_is_named() -> None:
    with pytest.raises(OSError, match="/dev/full"), closing(Report("/dev/full")) as report:
        report.add_failure(Failure("a.png", "unsupported_image", "no image"))


def test_keys_of_a_bucket_that_are_no_paths_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    facts = {"size": 1, "last_modified": datetime.now(UTC), "e_tag": "x"}
    keys = ("a\\b.png", "a\\b.txt", "c.png")

    async def pages(*_: object) -> AsyncIterator[list[dict[str, object]]]:
        yield [{"path": key, **facts} for key in keys]

    monkeypatch.setattr("pixmill.storage.objects.obstore.list", pages)
    seen: list[str] = []
    one = job("s3://photos/**/*.png", f"{tmp_path}/{{hash}}.png")
    observers = Observers(on_failure=lambda failure: seen.append(failure.input))
    plan = asyncio.run(plan_batch(one, batch_settings(), Options(), observers, lambda _item, _paths: None))
    assert (plan.total, seen) == (1, ["s3://photos/a\\b.png"])


def test_a_key_that_stops_a_listing_is_named() -> None:
    error = translate(InvalidPathError('Encountered object with invalid path: Path "a//b.png" contained empty segment'))
    assert '"a//b.png"' in error.detail
    assert "rename it" in error.detail


def test_a_single_object_is_read_with_the_credentials_of_its_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXMILL_STORES", '{"a": {"url": "s3://photos/2026"}, "b": {"url": "s3://photos/2026/rome"}}')
    locations = Locations(batch_settings())
    item = Item("s3://photos", "2026/rome/a.jpg", "2026/rome/a.jpg")
    narrowed = locations.narrowed(item)
    assert (narrowed.location, narrowed.url, narrowed.name) == ("s3://photos/2026/rome", item.url, item.name)
    other = Item("s3://photos", "2025/a.jpg", "2025/a.jpg")
    assert locations.narrowed(other) == other
