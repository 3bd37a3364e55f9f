"""The chart rendered by Helm's own library, as objects. Knows where the chart and its examples are."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import helm_python
import yaml

from pixmill.runtime.memory_budget import MEMORY_DIVISOR
from pixmill.sources.config import SourcesConfig

DEPLOY = Path(__file__).parents[2] / "deploy"
CHART = DEPLOY / "helm" / "pixmill"
EXAMPLES = sorted((DEPLOY / "helm" / "examples").glob("*.yaml"))

Values = dict[str, Any]

SERVER_MIB = 100
"""Server process under load, without its cache: at most 70 MiB by `python -m benchmarks.soak`, plus 25 MiB of
resident code."""

OPEN: Values = {"settings": {"unsigned": "allow"}}
"""Minimal values that the chart accepts."""

SIDECAR: Values = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
"""What the Pod Security Standard "restricted" asks of each container."""

RICH: Values = {
    "keys": ["a-newer-secret-key", "an-older-secret-key"],
    "stores": {"photos": {"url": "s3://photos", "access_key_id": "me", "secret_access_key": "hush-hush"}},
    "redisPassword": "hush-hush-redis",
    "adminTokens": ["hush-hush-new-token", "hush-hush-old-token"],
    "settings": {
        "max_source_bytes": 67_108_864,
        "cache_ttl_s": 0.5,
        "server_timing": True,
        "drain_timeout_s": 59.5,
        "admin_listen": "[::]:9090",
    },
    "env": [{"name": "AWS_REGION", "value": "eu-central-1"}],
    "image": {"digest": "sha256:" + "0" * 64},
    "imagePullSecrets": [{"name": "pull"}],
    "envFrom": [{"configMapRef": {"name": "more"}}],
    "autoscaling": {
        "enabled": True,
        "targetWait": "200m",
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 80}},
            }
        ],
    },
    "service": {"labels": {"a": "b"}, "spec": {"internalTrafficPolicy": "Local", "sessionAffinity": "ClientIP"}},
    "httpRoute": {
        "enabled": True,
        "parentRefs": [{"name": "public", "namespace": "gateways"}],
        "hostnames": ["c.example.com"],
        "canary": {"service": "mill-next", "weight": 10},
    },
    "alertsConfigMap": {"enabled": True},
    "dashboardConfigMap": {"enabled": True},
    "extraContainers": [{"name": "proxy", "image": "proxy:1", "securityContext": SIDECAR}],
    "initContainers": [{"name": "first", "image": "first:1", "securityContext": SIDECAR}],
    "extraObjects": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-more"}, "data": {"a": "b"}}
    ],
    "dnsConfig": {"options": [{"name": "ndots", "value": "1"}]},
    "dnsPolicy": "ClusterFirst",
    "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["origin.example.com"]}],
    "runtimeClassName": "gvisor",
    "schedulerName": "packer",
    "lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}},
    "ingress": {"enabled": True, "hosts": ["a.example.com", "b.example.com"], "annotations": {"a": "b"}},
    "networkPolicy": {"enabled": True, "from": [{"podSelector": {}}], "egress": [{"to": [{"podSelector": {}}]}]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
    "serviceAccount": {"name": "someone", "annotations": {"role": "reader"}},
    "podAnnotations": {"a": "b"},
    "podLabels": {"team": "pictures"},
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "pictures", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "high",
    "fullnameOverride": "mill",
}
"""Values with every feature enabled that goes with a Deployment and the cluster's own autoscaler."""

STATEFUL: Values = OPEN | {
    "workload": "StatefulSet",
    "cacheVolume": {"kind": "claimPerPod", "storageClassName": "fast"},
    "replicas": 3,
}
KEDA: Values = OPEN | {"keda": {"enabled": True, "prometheus": "http://prometheus:9090"}}

SETS: dict[str, Values] = {
    "open": OPEN,
    "rich": RICH,
    "stateful": STATEFUL,
    "keda": KEDA,
    **{path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in EXAMPLES},
}


@dataclass(frozen=True)
class Release:
    """Rendered objects and the notes for the user."""

    objects: list[dict[str, Any]]
    notes: str

    def all_of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.objects if one["kind"] == kind]

    def the(self, kind: str) -> dict[str, Any]:
        [one] = self.all_of(kind)
        return one

    @property
    def workload(self) -> dict[str, Any]:
        [one] = self.all_of("Deployment") + self.all_of("StatefulSet")
        return one

    @property
    def pod(self) -> dict[str, Any]:
        return dict(self.workload["spec"]["template"])

    @property
    def container(self) -> dict[str, Any]:
        return dict(self.pod["spec"]["containers"][0])

    def named(self, kind: str, name: str) -> dict[str, Any]:
        [one] = [one for one in self.all_of(kind) if one["metadata"]["name"] == name]
        return one

    def environment(self) -> dict[str, str]:
        """Return the environment of the container from this release's ConfigMap and Secret."""
        config: dict[str, str] = self.named("ConfigMap", self.workload["metadata"]["name"])["data"]
        secrets = [secret["stringData"] for secret in self.all_of("Secret")]
        return config | (secrets[0] if secrets else {})


def release(values: Values, name: str = "demo") -> Release:
    """Render the chart. Raises HelmError if it rejects the values."""
    with helm_python.Chart.load(CHART) as chart:
        rendered: dict[str, str] = chart.render(values, name=name, namespace="pictures")
    notes = rendered.pop("pixmill/templates/NOTES.txt")
    objects = [one for text in rendered.values() for one in yaml.safe_load_all(text) if one]
    return Release(objects, notes)


def least_memory(environment: dict[str, str], limit_mib: float) -> float:
    """Return the memory in MiB of server, memory tier, originals and all workers at their limits."""
    tiers = re.findall(r"memory://\?max_bytes=(\w+)", environment["PIXMILL_CACHE"])
    each = mebibytes(environment["PIXMILL_WORKER_MEMORY_BYTES"])
    originals = max(limit_mib / MEMORY_DIVISOR, 4 * SourcesConfig().max_source_bytes / 2**20)
    return SERVER_MIB + sum(map(mebibytes, tiers)) + int(environment["PIXMILL_WORKERS"]) * each + originals


def mebibytes(amount: str) -> float:
    """Parse sizes such as 5Gi, 512Mi and 4GiB."""
    found = re.fullmatch(r"(\d+)([MG])i?B?", amount)
    assert found is not None, amount
    return int(found[1]) * {"M": 1, "G": 1024}[found[2]]
