"""A real Kubernetes API server with etcd and the controllers, on free ports; pods run nowhere.

Built from its Go modules once, into the cache of ``tests/material.py`` (6 to 8 minutes of CPU; needs Go); etcd is Debian's.
``Kubelet`` reports of each pod that it runs and is ready, so that rollouts and Jobs go on.
"""

import contextlib
import json
import os
import re
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests import material
from tests.servers.ports import free_port

VERSION = "1.35.4"
TOKEN = "token-of-the-tests"
_BUILD_S = 2400
_START_S = 120
_PROGRAMS = ("kube-apiserver", "kube-controller-manager")
_CONTROLLERS = (
    *("deployment-controller", "replicaset-controller", "statefulset-controller", "job-controller"),
    *("disruption-controller", "garbage-collector-controller", "namespace-controller", "endpointslice-controller"),
)
_LOOPBACK = {"bind-address": "127.0.0.1", "cert-dir": "certificates"}
_STAGING = re.compile(r"(k8s\.io/[a-z0-9.-]+) v0\.0\.0$", re.MULTILINE)
"""Modules that are developed with Kubernetes; others, such as k8s.io/utils, have versions of their own."""

_DEFINITIONS = {
    "github.com/prometheus-operator/prometheus-operator@v0.85.0": (
        "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
    ),
    "sigs.k8s.io/gateway-api@v1.4.0": ("config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",),
    "github.com/kedacore/keda/v2@v2.18.0": ("config/crd/bases/keda.sh_scaledobjects.yaml",),
}
"""Definitions of custom resources, by the module that carries them."""


def programs() -> Path:
    """Return the folder of the programs; built where they are not."""
    return material.had(f"kubernetes-{VERSION}", _build)


def definitions() -> list[dict[str, Any]]:
    """Return the definitions of the custom resources that the chart may create."""
    root = material.had("kubernetes-definitions", _download_definitions)
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(root.glob("*.yaml"))]


def _build(scratch: Path) -> None:
    module = f"k8s.io/kubernetes@v{VERSION}"
    required = Path(_download(module, scratch)["GoMod"]).read_text(encoding="utf-8")
    staging = (f"replace {name} => {name} v0.{VERSION.partition('.')[2]}" for name in set(_STAGING.findall(required)))
    head = f"module local/apiserver\n\ngo 1.25.0\n\nrequire k8s.io/kubernetes v{VERSION}\n"
    (scratch / "go.mod").write_text(head + "\n".join(sorted(staging)) + "\n")
    imports = "".join(f'import _ "k8s.io/kubernetes/cmd/{name}"\n' for name in _PROGRAMS)
    (scratch / "tools.go").write_text(f"//go:build tools\n\npackage tools\n\n{imports}")
    _go(scratch, "mod", "tidy")
    major, minor, _ = VERSION.split(".")
    version = {"gitVersion": f"v{VERSION}", "gitMajor": major, "gitMinor": minor}
    flags = " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in version.items())
    (scratch / "whole").mkdir()
    packages = [f"k8s.io/kubernetes/cmd/{name}" for name in _PROGRAMS]
    _go(scratch, "build", "-ldflags", f"-s -w {flags}", "-o", "whole/", *packages)


def _download_definitions(scratch: Path) -> None:
    (scratch / "whole").mkdir()
    for module, names in _DEFINITIONS.items():
        root = Path(_download(module, scratch)["Dir"])
        for name in names:
            (scratch / "whole" / Path(name).name).write_bytes((root / name).read_bytes())


def _download(module: str, scratch: Path) -> dict[str, str]:
    return dict(json.loads(_go(scratch, "mod", "download", "-json", module)))


def _go(folder: Path, *arguments: str) -> bytes:
    return subprocess.run(
        ["go", *arguments], cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=_BUILD_S
    ).stdout


class Kubernetes:
    """One cluster without nodes: ``with Kubernetes() as cluster: cluster.apply(...)``."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pixmill-kubernetes-", ignore_cleanup_errors=True)
        self.root = Path(self._folder.name)
        self.port = free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        self.client = self.new_client()
        self._paths: dict[tuple[str, str], tuple[str, bool]] = {}

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def new_client(self) -> httpx.Client:
        """Return a client for a thread; the server's certificate is its own."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.Client(base_url=self.url, headers=headers, verify=context, timeout=30, trust_env=False)

    def apply(self, one: dict[str, Any], namespace: str, *, dry_run: bool = False) -> dict[str, Any]:
        """Apply an object on the server's side; unknown fields are refused. Fails with the reason."""
        plural, namespaced = self._resource(one["apiVersion"], one["kind"])
        place = f"{_group(one['apiVersion'])}{f'/namespaces/{namespace}' if namespaced else ''}/{plural}"
        query = {"fieldManager": "tests", "fieldValidation": "Strict", "force": "true"}
        answer = self.client.patch(
            f"{place}/{one['metadata']['name']}",
            params=query | ({"dryRun": "All"} if dry_run else {}),
            content=json.dumps(one),
            headers={"Content-Type": "application/apply-patch+yaml"},
        )
        assert answer.is_success, f"{one['kind']} {one['metadata']['name']}: {answer.text}"
        return dict(answer.json())

    def get(self, path: str, **query: str) -> dict[str, Any]:
        answer = self.client.get(path, params=query)
        assert answer.is_success, answer.text
        return dict(answer.json())

    def make_namespace(self, name: str) -> None:
        """In which only pods of the Pod Security Standard "restricted" are admitted."""
        labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}, "")

    def _resource(self, version: str, kind: str) -> tuple[str, bool]:
        if (version, kind) not in self._paths:
            for one in self.get(_group(version))["resources"]:
                if "/" not in one["name"]:
                    self._paths[version, one["kind"]] = (one["name"], one["namespaced"])
        return self._paths[version, kind]

    def start(self) -> Self:
        binaries, client, peer = programs(), f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
        (self.root / "sa.key").write_bytes(_private_key())
        (self.root / "tokens.csv").write_text(f"{TOKEN},admin,1,system:masters\n")
        (self.root / "kubeconfig").write_text(self.kubeconfig())
        etcd, environment = material.program("etcd", "etcd-server")
        self._run(
            etcd,
            {
                "data-dir": "etcd",
                "unsafe-no-fsync": "true",
                "listen-client-urls": client,
                "advertise-client-urls": client,
                "listen-peer-urls": peer,
                "initial-advertise-peer-urls": peer,
                "initial-cluster": f"default={peer}",
            },
            environment,
        )
        self._run(
            [str(binaries / "kube-apiserver")],
            _LOOPBACK
            | {
                "etcd-servers": client,
                "advertise-address": "127.0.0.1",
                "secure-port": str(self.port),
                "service-cluster-ip-range": "10.0.0.0/16",
                "service-account-issuer": "https://kubernetes.default.svc",
                "service-account-key-file": "sa.key",
                "service-account-signing-key-file": "sa.key",
                "token-auth-file": "tokens.csv",
                "authorization-mode": "RBAC",
                "endpoint-reconciler-type": "none",
                "disable-admission-plugins": "ServiceAccount",
            },
        )
        self._wait_until_ready()
        self._run(
            [str(binaries / "kube-controller-manager")],
            _LOOPBACK
            | {
                "kubeconfig": "kubeconfig",
                "leader-elect": "false",
                "controllers": ",".join(_CONTROLLERS),
                "secure-port": str(free_port()),
                "kube-api-qps": "200",
                "kube-api-burst": "400",
            },
        )
        return self

    def kubeconfig(self) -> str:
        cluster = {"server": self.url, "insecure-skip-tls-verify": True}
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "tests", "cluster": cluster}],
                "users": [{"name": "admin", "user": {"token": TOKEN}}],
                "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "admin"}}],
                "current-context": "tests",
            }
        )

    def stop(self) -> None:
        self.client.close()
        for process in reversed(self._processes):
            process.kill()
            process.wait(30)
        self._folder.cleanup()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, command: list[str], options: dict[str, str], environment: dict[str, str] | None = None) -> None:
        with (self.root / f"{Path(command[0]).name}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(
                    [*command, *(f"--{name}={value}" for name, value in options.items())],
                    cwd=self.root,
                    env=os.environ | (environment or {}),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + _START_S
        while True:
            with contextlib.suppress(httpx.TransportError):
                if self.client.get("/readyz").is_success:
                    return
            stopped = [process for process in self._processes if process.poll() is not None]
            if stopped or time.monotonic() > end:
                logs = "\n".join(path.read_text()[-3000:] for path in self.root.glob("*.log"))
                raise RuntimeError(f"the API server did not start:\n{logs}")
            time.sleep(0.1)


class Kubelet:
    """Reports each pod as running and ready, and pods that end by themselves as succeeded.

    ``ready``: the names of pods that are ready, at each look; what a rollout must not reduce.
    """

    def __init__(self, cluster: Kubernetes, namespace: str) -> None:
        self.cluster, self.namespace = cluster, namespace
        self.ready: list[frozenset[str]] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _work(self) -> None:
        path = f"/api/v1/namespaces/{self.namespace}/pods"
        with self.cluster.new_client() as client:
            while not self._stopped.wait(0.05):
                pods = client.get(path).json().get("items", [])
                self.ready.append(frozenset(pod["metadata"]["name"] for pod in pods if _is_ready(pod)))
                for pod in pods:
                    name = pod["metadata"]["name"]
                    if "deletionTimestamp" in pod["metadata"]:
                        client.delete(f"{path}/{name}", params={"gracePeriodSeconds": "0"})
                    elif pod["status"].get("phase") == "Pending":
                        client.patch(
                            f"{path}/{name}/status",
                            content=json.dumps({"status": _status_of(pod)}),
                            headers={"Content-Type": "application/merge-patch+json"},
                        )


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _status_of(pod: dict[str, Any]) -> dict[str, Any]:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    if pod["spec"]["restartPolicy"] == "Never":
        return {"phase": "Succeeded", "startTime": now}
    kinds = ("Initialized", "PodScheduled", "ContainersReady", "Ready")
    conditions = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in kinds]
    return {"phase": "Running", "startTime": now, "conditions": conditions}


def _group(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def _private_key() -> bytes:
    """Of which service accounts' tokens are signed."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
