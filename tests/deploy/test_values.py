"""Values that the chart rejects, and the messages."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from helm_python import HelmError

from pixmill.settings import Settings
from tests.deploy.chart import CHART, DEPLOY, KEDA, OPEN, Values, release

SCHEMA = CHART / "values.schema.json"


def generator() -> Any:
    spec = importlib.util.spec_from_file_location("pixmill_chart", DEPLOY / "helm" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_chart_knows_the_settings_that_there_are_now() -> None:
    now = generator().schema()
    assert SCHEMA.read_text(encoding="utf-8") == now, "values.schema.json is out of date: run deploy/helm/generate.py"


def test_every_setting_has_its_place_in_the_values() -> None:
    assert set(generator().settings()["properties"]) | generator().SECRET == set(Settings.model_fields)


def test_nothing_is_rendered_until_it_is_said_who_may_ask_for_what() -> None:
    with pytest.raises(HelmError, match=r"Pixmill can be reached by others: set keys .* settings\.unsigned=allow"):
        release({})


@pytest.mark.parametrize(
    "said",
    [
        {"keys": ["a-secret-of-16-chars"]},
        {"existingSecret": "mine"},
        {"settings": {"allowed_sources": "path:"}},
        {"settings": {"unsigned": "allow"}},
    ],
)
def test_each_way_of_saying_so_is_enough(said: Values) -> None:
    assert release(said).all_of("Deployment")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"settings": {"unsigned": "deny", "allowed_sources": "path:"}}, "needs keys"),
        ({"existingSecret": "mine", "keys": ["a-secret-of-16-chars"]}, "takes the place of keys"),
        ({"existingSecret": "mine", "redisPassword": "hush-hush"}, "and redisPassword: set one or the other"),
        (OPEN | {"cacheVolume": {"kind": "existingClaim"}}, "needs cacheVolume.claimName"),
        (OPEN | {"cacheVolume": {"kind": "none"}}, "no place for the file tier"),
        (
            {"settings": {"unsigned": "allow", "metrics": False}, "serviceMonitor": {"enabled": True}},
            "settings.metrics=false",
        ),
        (
            {"settings": {"unsigned": "allow", "metrics": False}, "prometheusRule": {"enabled": True}},
            "settings.metrics=false",
        ),
        ({"settings": {"unsigned": "allow", "wrokers": 2}}, "wrokers"),
        ({"settings": {"unsigned": "perhaps"}}, "/settings/unsigned"),
        ({"settings": {"unsigned": "allow", "workers": -1}}, "/settings/workers"),
        ({"settings": {"unsigned": "allow", "workers": "two"}}, "/settings/workers"),
        ({"settings": {"unsigned": "allow", "port": 0}}, "/settings/port"),
        ({"settings": {"unsigned": "allow", "worker_memory_bytes": "1GiBs"}}, "/settings/worker_memory_bytes"),
        ({"settings": {"unsigned": "allow", "worker_memory_bytes": "1G"}}, "/settings/worker_memory_bytes"),
        ({"settings": {"unsigned": "allow", "cache_ttl_s": "12 hours"}}, "/settings/cache_ttl_s"),
        ({"settings": {"unsigned": "allow", "cache_ttl_s": -1}}, "/settings/cache_ttl_s"),
        ({"settings": {"keys": "a-secret-of-16-chars"}}, "keys"),
        ({"settings": {"stores": {}}}, "stores"),
        ({"settings": {"unsigned": "allow", "drain_timeout_s": None}}, "drain_timeout_s"),
        ({"keys": ["short"]}, "/keys/0"),
        ({"keys": ["two-keys-in-one,two-keys-in-one"]}, "/keys/0"),
        (OPEN | {"replicaCount": 3}, "replicaCount"),
        (OPEN | {"ingress": {"enabled": True}}, "/ingress/hosts"),
        (OPEN | {"cacheVolume": {"kind": "tmpfs"}}, "/cacheVolume/kind"),
        (OPEN | {"stores": {"photos": {"url": "ftp://photos"}}}, "/stores/photos/url"),
        (KEDA | {"autoscaling": {"enabled": True}}, "takes the place of autoscaling"),
        (OPEN | {"keda": {"enabled": True}}, "needs keda.prometheus"),
        (OPEN | {"autoscaling": {"enabled": True, "targetCPUUtilizationPercentage": 0}}, "targetWait or metrics"),
        (OPEN | {"httpRoute": {"enabled": True}}, "needs httpRoute.parentRefs"),
        (OPEN | {"httpRoute": {"canary": {"weight": 5}}}, "needs httpRoute.canary.service"),
        (OPEN | {"rollout": {"maxSurge": "0%", "maxUnavailable": 0}}, "cannot both be 0"),
        (OPEN | {"workload": "DaemonSet"}, "/workload"),
    ],
)
def test_what_cannot_work_is_refused_before_it_is_rolled_out(values: Values, why: str) -> None:
    with pytest.raises(HelmError) as refusal:
        release(values)
    assert why in str(refusal.value)


def test_an_image_without_a_disk_may_do_without_a_volume() -> None:
    made = release({"settings": {"unsigned": "allow", "cache": ""}, "cacheVolume": {"kind": "none"}})
    assert "volumes" not in made.pod["spec"]
    assert "volumeMounts" not in made.container


def test_examples_say_what_they_are_for() -> None:
    for path in sorted(Path(DEPLOY / "helm" / "examples").iterdir()):
        assert path.read_text(encoding="utf-8").startswith("# "), path.name


@pytest.mark.parametrize(
    ("text", "seconds"), [("1m30s", 90), ("1.5m", 90), ("250ms", 1), ("45", 45), (45, 45), (0.5, 1), ("1H", 3_600)]
)
def test_durations_are_texts_or_numbers_also_where_the_chart_adds_them_up(text: Any, seconds: int) -> None:
    made = release(
        {"settings": {"unsigned": "allow", "drain_timeout_s": text, "drain_delay_s": text, "ready_timeout_s": text}}
    )
    assert made.pod["spec"]["terminationGracePeriodSeconds"] == 2 * seconds + 10
    assert made.container["readinessProbe"]["timeoutSeconds"] == seconds + 1
    assert str(made.the("ConfigMap")["data"]["PIXMILL_DRAIN_TIMEOUT_S"]) == str(text)


@pytest.mark.parametrize("size", ["64MiB", "1.5GB", "500kB", "64Mi", "1073741824", 1_073_741_824])
def test_sizes_are_texts_or_numbers(size: Any) -> None:
    made = release({"settings": {"unsigned": "allow", "worker_memory_bytes": size}})
    assert made.the("ConfigMap")["data"]["PIXMILL_WORKER_MEMORY_BYTES"] == str(size)
