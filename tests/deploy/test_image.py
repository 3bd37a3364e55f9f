"""The Dockerfile: a linter's findings, and what the other files rely on."""

import http.server
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pixmill.settings import Settings, env_name
from tests.deploy.chart import DEPLOY, OPEN, release

ROOT = DEPLOY.parent
DOCKERFILE = DEPLOY / "Dockerfile"
TEXT = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ")
FINAL = TEXT.rpartition("\nFROM ")[2]
HADOLINT = Path(sys.executable).with_name("hadolint")


def instruction(name: str) -> str:
    """What follows it in the stage that becomes the image."""
    [found] = re.findall(rf"^{name} (.*)$", FINAL, re.MULTILINE)
    return str(found)


def test_hadolint_finds_nothing() -> None:
    done = subprocess.run([HADOLINT, DOCKERFILE], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_image_installs_nothing_when_it_is_put_together_last() -> None:
    """Compiler, package lists and installers stay in the build stage."""
    assert not re.search(r"\b(apt|apt-get|pip|uv|gcc)\b", FINAL)


def test_what_is_downloaded_is_checked_against_the_lock_files() -> None:
    installs = re.findall(r"pip install [^&\n]*", TEXT)
    assert len(installs) == 3
    assert all("--require-hashes -r requirements/" in one or "--no-deps wheels/*.whl" in one for one in installs)


def test_everything_that_is_copied_passes_the_ignore_file() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [path for line in re.findall(r"^COPY (?!--from)(.*)$", TEXT, re.MULTILINE) for path in line.split()[:-1]]
    assert "*" in ignored
    assert "src" in copied
    for path in copied:
        assert (ROOT / path).exists(), path
        assert f"!{path}" in ignored, path


def test_the_wheel_has_what_its_build_reads() -> None:
    reads = re.findall(r"license-files = \[\"([^\"]+)\"", (ROOT / "pyproject.toml").read_text("utf-8"))
    reads += re.findall(r"Path\(\"(README.md|pyproject.toml)\"\)", (ROOT / "setup.py").read_text("utf-8"))
    assert {"LICENSE", "README.md"} <= set(reads)
    assert all(re.search(rf"^COPY .*\b{re.escape(path)}\b", TEXT, re.MULTILINE) for path in reads)


def test_the_chart_runs_the_image_as_the_user_that_the_image_is_made_for() -> None:
    context = release(OPEN).pod["spec"]["securityContext"]
    assert instruction("USER") == f"{context['runAsUser']}:{context['runAsGroup']}"
    assert f"-o {context['runAsUser']} -g {context['runAsGroup']}" in FINAL


def test_the_volume_is_the_folder_of_the_disk_tier() -> None:
    [mount] = release(OPEN).container["volumeMounts"]
    assert instruction("VOLUME") == mount["mountPath"] == "/var/cache/pixmill"
    assert "XDG_CACHE_HOME=/var/cache " in FINAL


def test_variables_of_the_image_are_settings() -> None:
    names = set(re.findall(r"\b(PIXMILL_[A-Z_]+)", TEXT))
    assert names
    assert names <= {env_name(name) for name in Settings.model_fields}


def test_it_is_started_and_stopped_as_a_server() -> None:
    assert json.loads(instruction("ENTRYPOINT")) == ["pixmill"]
    assert json.loads(instruction("CMD")) == ["serve"]
    assert instruction("STOPSIGNAL") == "SIGTERM"


@pytest.fixture(params=[200, 503])
def answering(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """A server that is live or not: its port and its status."""
    status: int = request.param

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/live" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it overrides
            """Do not log."""

    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, status
        server.shutdown()
        thread.join()


def test_the_health_check_says_whether_it_lives(answering: tuple[int, int]) -> None:
    """The health check command runs as it stands and ignores proxies of the environment."""
    port, status = answering
    command = json.loads(re.split(r"\bCMD\b", instruction("HEALTHCHECK"))[1])
    environment = {"PIXMILL_PORT": str(port), "http_proxy": "http://127.0.0.1:1"}
    done = subprocess.run([sys.executable, *command[1:]], env=environment, timeout=30, check=False)
    assert command[0] == "python"
    assert done.returncode == (0 if status == 200 else 1)
