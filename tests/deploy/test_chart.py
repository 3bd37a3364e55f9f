"""The rendered chart is valid for Kubernetes, accepted by the server, and safe."""

import json
import re
from pathlib import Path

import helm_python
import kubernetes_validate
import pytest
import yaml
from deploy.release.cut import semver

from pixmill import __version__
from pixmill.settings import Settings, env_name, load
from tests.deploy.chart import (
    CHART,
    KEDA,
    OPEN,
    RICH,
    SETS,
    STATEFUL,
    Release,
    Values,
    least_memory,
    mebibytes,
    release,
)

KUBERNETES = ["1.27", "1.37"]
"""The oldest version that the chart supports, and a recent one."""

CUSTOM = {"ServiceMonitor", "PrometheusRule", "HTTPRoute", "ScaledObject"}
"""Kinds that are not part of the Kubernetes schemas."""


@pytest.fixture(params=SETS)
def values(request: pytest.FixtureRequest) -> Values:
    return SETS[request.param]


@pytest.fixture
def rendered(values: Values) -> Release:
    return release(values)


@pytest.mark.parametrize("version", KUBERNETES)
def test_every_object_is_valid_in_the_strict_schema_of_kubernetes(rendered: Release, version: str) -> None:
    for one in rendered.objects:
        if one["kind"] not in CUSTOM:
            kubernetes_validate.validate(one, version, strict=True)


def test_the_chart_has_no_fault_that_helm_finds(values: Values) -> None:
    report = helm_python.lint(CHART, values, strict=True)
    assert report["errors"] == []
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


def test_the_server_starts_with_what_the_chart_gives_it(
    values: Values, rendered: Release, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in rendered.environment().items():
        monkeypatch.setenv(name, value)
    if values.get("existingSecret"):
        monkeypatch.setenv("PIXMILL_KEYS", "what-the-other-secret-holds")
    settings = load()
    assert settings.port == rendered.container["ports"][0]["containerPort"]


def test_secrets_are_never_in_the_config_map() -> None:
    config = release(RICH).named("ConfigMap", "mill")
    assert not {"PIXMILL_KEYS", "PIXMILL_STORES", "PIXMILL_REDIS_PASSWORD", "PIXMILL_ADMIN_TOKEN"} & set(config["data"])
    assert "hush-hush" not in json.dumps(config)
    secret = release(RICH).the("Secret")["stringData"]
    assert secret["PIXMILL_KEYS"] == "a-newer-secret-key,an-older-secret-key"
    assert json.loads(secret["PIXMILL_STORES"]) == RICH["stores"]
    assert secret["PIXMILL_REDIS_PASSWORD"] == "hush-hush-redis"
    assert secret["PIXMILL_ADMIN_TOKEN"] == "hush-hush-new-token,hush-hush-old-token"


def test_a_secret_of_ones_own_takes_the_place_of_the_charts() -> None:
    made = release({"existingSecret": "elsewhere"})
    assert made.all_of("Secret") == []
    assert {"secretRef": {"name": "elsewhere"}} in made.container["envFrom"]


def test_large_numbers_fractions_and_truths_arrive_as_they_were_written() -> None:
    data = release(RICH).named("ConfigMap", "mill")["data"]
    assert data["PIXMILL_MAX_SOURCE_BYTES"] == "67108864"
    assert data["PIXMILL_CACHE_TTL_S"] == "0.5"
    assert data["PIXMILL_SERVER_TIMING"] == "true"


def test_the_container_can_do_no_more_than_it_must(rendered: Release) -> None:
    pod = rendered.pod["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert rendered.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_no_service_brings_variables_that_look_like_settings(rendered: Release) -> None:
    """Kubernetes would set PIXMILL_PORT=tcp://10.0.0.1:80 for a Service called pixmill."""
    assert rendered.pod["spec"]["enableServiceLinks"] is False


def test_probes_ask_what_the_server_answers(rendered: Release) -> None:
    container = rendered.container
    paths = {name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {
        "startupProbe": {"path": "/health/live", "port": "http"},
        "livenessProbe": {"path": "/health/live", "port": "http"},
        "readinessProbe": {"path": "/health/ready", "port": "http"},
    }
    limit = float(rendered.environment()["PIXMILL_READY_TIMEOUT_S"])
    assert container["readinessProbe"]["timeoutSeconds"] > limit


@pytest.mark.parametrize(("delay", "drain"), [(5, 25), (0, 0), (12.5, 59.5)])
def test_a_pod_has_time_to_finish_what_is_in_flight(delay: float, drain: float) -> None:
    made = release({"settings": {"unsigned": "allow", "drain_delay_s": delay, "drain_timeout_s": drain}})
    assert made.pod["spec"]["terminationGracePeriodSeconds"] >= delay + drain + 5


def test_new_settings_and_new_secrets_are_rolled_out() -> None:
    def marks(values: Values) -> dict[str, str]:
        return dict(release(values).pod["metadata"]["annotations"])

    first = marks({"keys": ["a-secret-of-16-chars"]})
    other_key = marks({"keys": ["another-of-16-chars."]})
    other_setting = marks({"keys": ["a-secret-of-16-chars"], "settings": {"workers": 3}})
    assert [name for name in first if first[name] != other_key[name]] == ["checksum/secrets"]
    assert [name for name in first if first[name] != other_setting[name]] == ["checksum/settings"]


def test_everything_selects_the_pods_of_this_release_alone(rendered: Release) -> None:
    labels = rendered.pod["metadata"]["labels"]
    selector = rendered.workload["spec"]["selector"]["matchLabels"]
    assert selector.items() <= labels.items()
    assert selector["app.kubernetes.io/instance"] == "demo"
    assert all(service["spec"]["selector"] == selector for service in rendered.all_of("Service"))
    for kind in ("PodDisruptionBudget", "ServiceMonitor"):
        assert all(one["spec"]["selector"]["matchLabels"] == selector for one in rendered.all_of(kind))
    for one in rendered.all_of("NetworkPolicy"):
        assert one["spec"]["podSelector"]["matchLabels"] == selector


def test_the_autoscaler_alone_decides_how_many_pods_there_are() -> None:
    assert "replicas" not in release(RICH).the("Deployment")["spec"]
    assert release(RICH).the("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == "mill"
    assert release(OPEN).the("Deployment")["spec"]["replicas"] == 2
    assert release(OPEN).all_of("HorizontalPodAutoscaler") == []


def test_a_disk_tier_fits_its_volume(rendered: Release, values: Values) -> None:
    """A pod whose emptyDir exceeds its limit is evicted."""
    tiers = re.findall(r"file:///var/cache/pixmill\?max_bytes=(\w+)", rendered.environment()["PIXMILL_CACHE"])
    kind = values.get("cacheVolume", {}).get("kind", "emptyDir")
    size = values.get("cacheVolume", {}).get("size", "5Gi")
    assert bool(tiers) == (kind != "none")
    assert all(mebibytes(tier) * 1.1 <= mebibytes(size) for tier in tiers)


def test_a_picture_that_needs_too_much_fails_alone(rendered: Release) -> None:
    """Worker limits are reached before the container limit, which would kill all processes."""
    limit = rendered.container["resources"]["limits"]["memory"]
    assert least_memory(rendered.environment(), mebibytes(limit)) <= mebibytes(limit)


@pytest.mark.parametrize(
    ("kind", "source"),
    [("emptyDir", "emptyDir"), ("claimPerPod", "ephemeral"), ("existingClaim", "persistentVolumeClaim")],
)
def test_the_cache_lies_on_the_volume_that_was_asked_for(kind: str, source: str) -> None:
    made = release(OPEN | {"cacheVolume": {"kind": kind, "claimName": "mine"}})
    [volume] = made.pod["spec"]["volumes"]
    [mount] = made.container["volumeMounts"]
    assert source in volume
    assert mount == {"name": volume["name"], "mountPath": "/var/cache/pixmill"}


def test_a_claim_that_one_node_may_hold_is_handed_over_not_fought_for() -> None:
    claim = {"kind": "existingClaim", "claimName": "mine"}
    alone = release(OPEN | {"cacheVolume": claim, "replicas": 1})
    many = release(OPEN | {"cacheVolume": claim, "replicas": 2})
    assert alone.the("Deployment")["spec"]["strategy"] == {"type": "Recreate"}
    assert many.the("Deployment")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_a_stateful_pod_keeps_its_disk() -> None:
    made = release(STATEFUL)
    spec = made.the("StatefulSet")["spec"]
    [claim] = spec["volumeClaimTemplates"]
    assert (claim["metadata"]["name"], claim["spec"]["storageClassName"]) == ("cache", "fast")
    assert made.container["volumeMounts"] == [{"name": "cache", "mountPath": "/var/cache/pixmill"}]
    assert "volumes" not in made.pod["spec"]
    assert made.named("Service", spec["serviceName"])["spec"]["clusterIP"] == "None"
    assert made.all_of("Deployment") == []


def test_a_quarter_of_the_pods_is_replaced_at_a_time_and_none_goes_early() -> None:
    assert release(OPEN).the("Deployment")["spec"]["strategy"]["rollingUpdate"] == {
        "maxSurge": "25%",
        "maxUnavailable": 0,
    }
    assert release(OPEN).the("PodDisruptionBudget")["spec"]["maxUnavailable"] == "25%"


def test_no_name_is_longer_than_kubernetes_takes() -> None:
    for values in (RICH | {"fullnameOverride": "m" * 63}, STATEFUL | {"fullnameOverride": "m" * 63}):
        names = [one["metadata"]["name"] for one in release(values, "r" * 53).objects]
        assert max(map(len, names)) <= 63
    assert max(len(one["metadata"]["name"]) for one in release(OPEN, "r" * 53).objects) <= 63


def test_pods_spread_over_nodes_and_zones(rendered: Release) -> None:
    constraints = rendered.pod["spec"]["topologySpreadConstraints"]
    keys = [one["topologyKey"] for one in constraints]
    assert keys == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
    selector = rendered.workload["spec"]["selector"]["matchLabels"]
    assert all(one["labelSelector"]["matchLabels"] == selector for one in constraints)


def test_a_disk_of_the_node_is_requested() -> None:
    assert release(OPEN).container["resources"]["requests"]["ephemeral-storage"] == "5Gi"
    assert "ephemeral-storage" not in release(STATEFUL).container["resources"]["requests"]
    own = OPEN | {"resources": {"requests": {"ephemeral-storage": "9Gi"}}}
    assert release(own).container["resources"]["requests"]["ephemeral-storage"] == "9Gi"


def test_the_autoscaler_heeds_the_wait_for_a_worker() -> None:
    spec = release(RICH).the("HorizontalPodAutoscaler")["spec"]
    assert [metric["type"] for metric in spec["metrics"]] == ["Resource", "Pods", "Resource"]
    assert spec["metrics"][1]["pods"]["metric"]["name"] == "pixmill_expected_wait_seconds"
    assert spec["behavior"]["scaleUp"]["policies"][0]["value"] == 100
    assert release(STATEFUL | {"autoscaling": {"enabled": True}}).the("HorizontalPodAutoscaler")["spec"][
        "scaleTargetRef"
    ] == {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "demo-pixmill"}


def test_keda_asks_prometheus_for_the_same_wait() -> None:
    made = release(KEDA)
    [trigger] = made.the("ScaledObject")["spec"]["triggers"]
    assert trigger["metadata"]["query"] == (
        'sum(pixmill_expected_wait_seconds{namespace="pictures", pod=~"demo-pixmill-.+"})'
    )
    assert "replicas" not in made.the("Deployment")["spec"]


def test_a_canary_gets_its_share_of_the_requests() -> None:
    [rule] = release(RICH).the("HTTPRoute")["spec"]["rules"]
    assert [(one["name"], one["weight"]) for one in rule["backendRefs"]] == [("mill", 90), ("mill-next", 10)]
    paths = [match["path"]["value"] for match in rule["matches"]]
    assert "/resize" in paths
    assert not any(private.startswith(path) for path in paths for private in ("/metrics", "/health", "/admin"))


def test_what_the_chart_does_not_know_can_be_added() -> None:
    made = release(RICH)
    pod = made.pod["spec"]
    assert [one["name"] for one in pod["containers"]] == ["pixmill", "proxy"]
    assert [one["name"] for one in pod["initContainers"]] == ["first"]
    assert (pod["runtimeClassName"], pod["schedulerName"], pod["dnsPolicy"]) == ("gvisor", "packer", "ClusterFirst")
    assert pod["dnsConfig"]["options"] == [{"name": "ndots", "value": "1"}]
    assert {"configMapRef": {"name": "more"}} in made.container["envFrom"]
    assert made.named("ConfigMap", "demo-more")["data"] == {"a": "b"}
    assert made.named("Service", "mill")["spec"]["internalTrafficPolicy"] == "Local"


def test_a_security_context_can_be_changed_field_by_field() -> None:
    made = release(OPEN | {"podSecurityContext": {"runAsUser": None, "fsGroup": 2000}})
    context = made.pod["spec"]["securityContext"]
    assert "runAsUser" not in context  # as OpenShift assigns one
    assert (context["fsGroup"], context["runAsNonRoot"]) == (2000, True)


def test_alerts_are_a_file_too() -> None:
    [text] = release(RICH).named("ConfigMap", "mill-alerts")["data"].values()
    assert yaml.safe_load(text) == release(RICH).the("PrometheusRule")["spec"]


def test_metrics_and_health_are_not_for_the_world() -> None:
    rules = release(RICH).the("Ingress")["spec"]["rules"]
    assert [rule["host"] for rule in rules] == ["a.example.com", "b.example.com"]
    for rule in rules:
        paths = [path["path"] for path in rule["http"]["paths"]]
        assert {"/resize", "/srcset", "/info"} <= set(paths)
        assert not any(private.startswith(path) for path in paths for private in ("/metrics", "/health"))


def test_the_ingress_is_below_the_path_prefix() -> None:
    settings = {"settings": {"unsigned": "allow", "path_prefix": "/images/"}}
    (rule,) = release(settings | {"ingress": {"enabled": True, "hosts": ["a.example.com"]}}).the("Ingress")["spec"][
        "rules"
    ]
    paths = [path["path"] for path in rule["http"]["paths"]]
    assert "/images/resize" in paths
    assert all(path.startswith("/images/") for path in paths)


def test_operators_have_a_port_and_a_service_of_their_own() -> None:
    made = release(RICH | {"service": {"type": "LoadBalancer"}})
    assert {"name": "operators", "containerPort": 9090} in made.container["ports"]
    services = {one["metadata"]["name"]: one["spec"] for one in made.all_of("Service")}
    assert (services["mill"]["type"], [port["name"] for port in services["mill"]["ports"]]) == (
        "LoadBalancer",
        ["http"],
    )
    inner = services["mill-operators"]
    assert (inner["type"], [port["targetPort"] for port in inner["ports"]]) == ("ClusterIP", ["operators"])
    assert [one["port"] for one in made.the("ServiceMonitor")["spec"]["endpoints"]] == ["operators"]
    pictures, operators = made.the("NetworkPolicy")["spec"]["ingress"]
    assert pictures["from"] == RICH["networkPolicy"]["from"]
    assert (operators["ports"][0]["port"], "from" in operators) == ("operators", False)


def test_without_such_a_listener_there_is_one_port_and_one_service() -> None:
    made = release(OPEN | {"serviceMonitor": {"enabled": True}, "networkPolicy": {"enabled": True}})
    assert [port["name"] for port in made.container["ports"]] == ["http"]
    assert len(made.all_of("Service")) == len(made.the("NetworkPolicy")["spec"]["ingress"]) == 1
    assert [one["port"] for one in made.the("ServiceMonitor")["spec"]["endpoints"]] == ["http"]


def test_a_network_policy_keeps_originals_out_of_private_networks() -> None:
    *_, originals, extra = release(RICH).the("NetworkPolicy")["spec"]["egress"]
    blocks = [target["ipBlock"] for target in originals["to"]]
    assert {"10.0.0.0/8", "169.254.0.0/16"} <= set(blocks[0]["except"])
    assert "fc00::/7" in blocks[1]["except"]
    assert extra == {"to": [{"podSelector": {}}]}


def test_the_notes_name_where_it_answers_and_what_is_open() -> None:
    assert "http://a.example.com/resize" in release(RICH).notes
    assert "https://img.example.com/resize" in release(SETS["signed.yaml"]).notes
    assert "Unsigned requests are allowed" in release(OPEN).notes
    assert "Unsigned requests" not in release(RICH).notes


def test_chart_and_package_are_of_one_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert (chart["version"], chart["appVersion"]) == (semver(__version__), __version__)
    assert release(OPEN).container["image"] == f"pixmill:{__version__}"
    assert release(RICH).container["image"] == "pixmill@sha256:" + "0" * 64


def test_every_variable_is_a_setting(rendered: Release) -> None:
    assert set(rendered.environment()) <= {env_name(name) for name in Settings.model_fields}
