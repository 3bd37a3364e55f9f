"""The chart in a real API server: what it renders is taken, rolls, goes back, and stays within Pod Security "restricted".

``make cluster-test``; it builds the API server first, once.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from helm_python import Config, HelmError

from tests.deploy.chart import CHART, OPEN, RICH, SETS, STATEFUL, Values, release
from tests.deploy.test_batch_job import BATCH
from tests.e2e.scenes import until
from tests.servers.kubernetes import TOKEN, Kubelet, Kubernetes, definitions

ALL_SETS: dict[str, Values] = SETS | {"batch": OPEN | BATCH}
NEEDED = (
    {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "gvisor"}, "handler": "runsc"},
    {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000},
)
"""What the values of ``RICH`` refer to."""

JSON = {"Content-Type": "application/json"}
ROLLED_PODS = 20
WAIT_S = 60


@pytest.fixture(scope="module")
def cluster() -> Iterator[Kubernetes]:
    with Kubernetes() as started:
        for definition in definitions():
            started.apply(definition, "")
        for one in NEEDED:
            started.apply(one, "")
        until(lambda: all(is_served(started, one) for one in definitions()), WAIT_S, "all definitions are served")
        yield started


@pytest.fixture
def namespace(cluster: Kubernetes, request: pytest.FixtureRequest) -> str:
    name = f"n{abs(hash(request.node.name)) % 10**12}"
    cluster.make_namespace(name)
    return name


def helm(cluster: Kubernetes, namespace: str) -> Config:
    return Config(
        kube_apiserver=cluster.url,
        kube_token=TOKEN,
        kube_insecure_skip_tls_verify=True,
        namespace=namespace,
        kubeconfig_content=cluster.kubeconfig(),
    )


def is_served(cluster: Kubernetes, definition: dict[str, Any]) -> bool:
    spec = definition["spec"]
    served = next(version["name"] for version in spec["versions"] if version["storage"])
    answer = cluster.client.get(f"/apis/{spec['group']}/{served}")
    return answer.is_success and spec["names"]["plural"] in {one["name"] for one in answer.json()["resources"]}


@pytest.mark.parametrize("values", ALL_SETS.values(), ids=ALL_SETS)
def test_the_server_takes_every_object_strictly(cluster: Kubernetes, namespace: str, values: Values) -> None:
    for one in release(values).objects:
        applied = cluster.apply(one, namespace, dry_run=True)
        assert applied["kind"] == one["kind"]


@pytest.mark.parametrize("values", ALL_SETS.values(), ids=ALL_SETS)
def test_pods_are_within_the_restricted_standard(cluster: Kubernetes, namespace: str, values: Values) -> None:
    """Of a Deployment that is not, the server would only say so when its pods are made."""
    made = release(values)
    workloads = [one["spec"] for one in made.objects if "template" in one.get("spec", {})]
    assert workloads
    for workload in workloads:
        metadata, spec = workload["template"]["metadata"], workload["template"]["spec"]
        claims = [one["metadata"]["name"] for one in workload.get("volumeClaimTemplates", ())]
        volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
        spec["volumes"] = spec.get("volumes", []) + volumes  # as the controller adds them
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"} | metadata, "spec": spec}
        cluster.apply(pod, namespace, dry_run=True)


def test_the_server_refuses_a_field_that_is_not_there(cluster: Kubernetes, namespace: str) -> None:
    """Else the tests above could not fail."""
    route = release(RICH).the("HTTPRoute")
    route["spec"]["rulse"] = route["spec"].pop("rules")
    with pytest.raises(AssertionError, match=r"rulse"):
        cluster.apply(route, namespace, dry_run=True)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}}
    with pytest.raises(AssertionError, match="violates PodSecurity"):
        cluster.apply(pod | {"spec": {"containers": [{"name": "a", "image": "a:1"}]}}, namespace, dry_run=True)


def test_it_is_installed_upgraded_tested_and_rolled_back(cluster: Kubernetes, namespace: str) -> None:
    tool = helm(cluster, namespace)
    with Kubelet(cluster, namespace):
        tool.install(CHART, "demo", OPEN, namespace=namespace, wait="watcher", timeout=60)
        deployment = f"/apis/apps/v1/namespaces/{namespace}/deployments/demo-pixmill"
        assert cluster.get(deployment)["status"]["readyReplicas"] == 2
        tool.upgrade(CHART, "demo", OPEN | {"replicas": 3}, namespace=namespace, wait="watcher", timeout=60)
        assert cluster.get(deployment)["status"]["readyReplicas"] == 3
        tool.test("demo", timeout=60)
        tool.rollback("demo", version=1, wait="watcher", timeout=60)
        until(lambda: cluster.get(deployment)["status"].get("replicas") == 2, WAIT_S, "there are two pods again")
    with pytest.raises(HelmError, match="replicaCount"):
        tool.upgrade(CHART, "demo", OPEN | {"replicaCount": 3}, namespace=namespace)


def test_a_rollout_never_has_fewer_pods_than_replicas(cluster: Kubernetes, namespace: str) -> None:
    """Prints how long it took to replace all of them, a quarter at a time."""
    tool, values = helm(cluster, namespace), OPEN | {"replicas": ROLLED_PODS}
    with Kubelet(cluster, namespace) as kubelet:
        tool.install(CHART, "demo", values, namespace=namespace, wait="watcher", timeout=120)
        old, kubelet.ready[:] = kubelet.ready[-1], []
        started = time.monotonic()
        newer = {"settings": {"unsigned": "allow", "workers": 3}}
        tool.upgrade(CHART, "demo", values | newer, namespace=namespace, wait="watcher", timeout=120)
        until(lambda: bool(kubelet.ready) and not kubelet.ready[-1] & old, WAIT_S, "all pods are new")
        print(f"{ROLLED_PODS} pods rolled in {time.monotonic() - started:.1f} s")  # noqa: T201 - a figure to report
        assert len(old) == ROLLED_PODS
        assert min(map(len, kubelet.ready)) >= ROLLED_PODS
        assert max(map(len, kubelet.ready)) <= ROLLED_PODS * 5 / 4 + ROLLED_PODS / 4  # surge, and some that are going


def test_a_stateful_pod_finds_its_claim_again(cluster: Kubernetes, namespace: str) -> None:
    tool = helm(cluster, namespace)
    claims = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"

    def identities() -> set[tuple[str, str]]:
        return {(one["metadata"]["name"], one["metadata"]["uid"]) for one in cluster.get(claims)["items"]}

    with Kubelet(cluster, namespace) as kubelet:
        tool.install(CHART, "demo", STATEFUL, namespace=namespace, timeout=60)
        until(lambda: bool(kubelet.ready) and len(kubelet.ready[-1]) == 3, WAIT_S, "three pods are ready")
        first = identities()
        assert {name for name, _ in first} == {f"cache-demo-pixmill-{index}" for index in range(3)}
        newer = {"settings": {"unsigned": "allow", "workers": 3}}
        tool.upgrade(CHART, "demo", STATEFUL | newer, namespace=namespace, timeout=60)
        path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets/demo-pixmill"

        def is_rolled() -> bool:
            status = cluster.get(path)["status"]
            return bool(
                status.get("currentRevision") == status.get("updateRevision") and status.get("readyReplicas") == 3
            )

        until(is_rolled, WAIT_S, "all pods have the new revision")
        assert identities() == first


def test_a_drain_may_evict_a_quarter_of_the_pods_and_no_more(cluster: Kubernetes, namespace: str) -> None:
    with Kubelet(cluster, namespace) as kubelet:
        helm(cluster, namespace).install(CHART, "demo", OPEN | {"replicas": 8}, namespace=namespace, wait="watcher")
        budget = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets/demo-pixmill"
        until(lambda: cluster.get(budget)["status"].get("disruptionsAllowed") == 2, WAIT_S, "two may be evicted")
        pods = sorted(kubelet.ready[-1])
    answers = []  # nobody reports new pods as ready now
    for pod in pods:
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
        answers.append(cluster.client.post(path, content=json.dumps(eviction), headers=JSON).status_code)
    assert (answers.count(201), answers.count(429)) == (2, 6)


def test_names_of_the_longest_release_are_taken(cluster: Kubernetes, namespace: str) -> None:
    for one in release(RICH | {"fullnameOverride": ""}, "r" * 53).objects:
        cluster.apply(one, namespace, dry_run=True)
