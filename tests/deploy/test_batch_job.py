"""The Job of a batch in the chart: valid, confined, and failing only where it should."""

from typing import Any

import kubernetes_validate
import pytest
from helm_python import HelmError

from pixmill.batch.job import CompiledJob, Job
from pixmill.batch.planning import Part, parse_part
from pixmill.batch.shards import batch_settings
from tests.deploy.chart import OPEN, RICH, Values, release

BATCH: Values = {
    "batch": {
        "enabled": True,
        "inputs": ["s3://photos/**/*.jpg"],
        "to": "s3://thumbs/{dir}/{stem}-{width}.{ext}",
        "arguments": ["--width", "320,640", "--format", "avif,webp"],
        "completions": 8,
        "parallelism": 3,
    }
}


def job_of(values: Values) -> dict[str, Any]:
    return release(values).the("Job")


@pytest.mark.parametrize("version", ["1.29", "1.37"])
@pytest.mark.parametrize("values", [OPEN | BATCH, RICH | BATCH], ids=["open", "rich"])
def test_the_job_is_valid_in_the_strict_schema_of_kubernetes(values: Values, version: str) -> None:
    kubernetes_validate.validate(job_of(values), version, strict=True)


def test_without_a_batch_there_is_no_job() -> None:
    assert not release(OPEN).all_of("Job")


def test_each_pod_takes_its_part() -> None:
    spec = job_of(OPEN | BATCH)["spec"]
    arguments = spec["template"]["spec"]["containers"][0]["args"]
    part = parse_part(arguments[arguments.index("--shard") + 1], {"JOB_COMPLETION_INDEX": "7"})
    assert part == Part(7, spec["completions"])
    assert (spec["completionMode"], spec["parallelism"]) == ("Indexed", 3)


def test_the_arguments_are_those_of_a_batch() -> None:
    arguments = job_of(OPEN | BATCH)["spec"]["template"]["spec"]["containers"][0]["args"]
    options = dict(zip(arguments[2::2], arguments[3::2], strict=True))
    params: dict[str, tuple[str, ...]] = {"width": (options["--width"],), "format": (options["--format"],)}
    compiled = CompiledJob(Job(target=options["--to"], inputs=(arguments[1],), params=params), batch_settings())
    assert len(compiled.variants) == 4


def test_an_original_that_fails_fails_its_index_alone_and_wrong_arguments_the_job() -> None:
    spec = job_of(OPEN | BATCH)["spec"]
    actions = {tuple(rule["onExitCodes"]["values"]): rule["action"] for rule in spec["podFailurePolicy"]["rules"][1:]}
    assert actions == {(1,): "FailIndex", (2,): "FailJob"}
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert "backoffLimit" not in spec


def test_the_service_does_not_send_requests_to_pods_of_a_batch() -> None:
    made = release(OPEN | BATCH)
    labels = made.the("Job")["spec"]["template"]["metadata"]["labels"]
    assert not made.the("Service")["spec"]["selector"].items() <= labels.items()


def test_the_pods_can_do_no_more_than_they_must() -> None:
    pod = job_of(OPEN | BATCH)["spec"]["template"]["spec"]
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert {"name": "tmp", "mountPath": "/tmp"} in pod["containers"][0]["volumeMounts"]


def test_other_arguments_are_another_job() -> None:
    other = OPEN | {"batch": BATCH["batch"] | {"arguments": ["--width", "100", "--format", "webp"]}}
    assert job_of(OPEN | BATCH)["metadata"]["name"] != job_of(other)["metadata"]["name"]


@pytest.mark.parametrize(
    ("batch", "why"),
    [
        ({"enabled": True}, "needs batch.inputs"),
        ({"enabled": True, "inputs": ["a"]}, "needs batch.inputs"),
        ({"completions": 0}, "/batch/completions"),
        ({"parts": 3}, "parts"),
    ],
)
def test_what_cannot_work_is_refused_before_it_is_rolled_out(batch: Values, why: str) -> None:
    with pytest.raises(HelmError) as refusal:
        release(OPEN | {"batch": batch})
    assert why in str(refusal.value)
