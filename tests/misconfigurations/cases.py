"""Settings with which a server must not start, and what `pixmill serve` then prints."""

import asyncio
import json
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from pixmill.errors import PixmillError
from pixmill.server import resolve_listen_address
from pixmill.settings import Settings, SettingsError, env_name, load
from pixmill.wiring import build_services

KEY = "a-key-of-sixteen-characters"


@dataclass(frozen=True)
class Case:
    """Variables, flags and lines of ``.env``; ``prepare`` changes the empty folder in which the server starts."""

    environment: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)
    env_file: bytes = b""
    prepare: Callable[[Path], object] = Path.exists


def env(**variables: object) -> Case:
    return Case(
        {env_name(name): value if isinstance(value, str) else json.dumps(value) for name, value in variables.items()}
    )


def a_file(folder: Path) -> None:
    (folder / "file").touch()


def a_config(text: str) -> Case:
    """A configuration file with this text."""
    return Case(flags={"config": "pixmill.toml"}, prepare=lambda folder: (folder / "pixmill.toml").write_text(text))


CASES: dict[str, Case] = {
    "peers without a port": env(peers="dns:pixmill-peers", admin_token=KEY),
    "peers without a token": env(peers="dns:pixmill-peers:8080"),
    "a configuration file that is not there": Case(flags={"config": "pixmill.toml"}),
    "a configuration file that is no TOML": a_config("port = 8080\ncache = memory://\n"),
    "a configuration file with a value that is wrong": a_config('port = "many"\n'),
    "a configuration file with a name that is misspelt": a_config("prot = 8080\n"),
    "a configuration file with a date": a_config("cache_ttl_s = 2026-01-01\n"),
    "a configuration file with a name twice": a_config("port = 8080\nPIXMILL_PORT = 8081\n"),
    "headers of an origin that are no JSON": env(source_headers="Authorization: Bearer secret"),
    "headers of what is no web origin": env(source_headers={"s3://photos/": {"X-Key": "secret"}}),
    "a header that belongs to the connection": env(source_headers={"https://a.example/": {"Host": "secret"}}),
    "a header of two lines": env(source_headers={"https://a.example/": {"X-Key": "secret\r\nX-Other: 1"}}),
    "a user agent of two lines": env(source_user_agent="Images\r\nX-Other: 1"),
    "a secret twice": Case({"PIXMILL_KEYS": KEY, "PIXMILL_KEYS_FILE": "file"}, prepare=a_file),
    "a secret in a file that is not there": env(keys_file="absent"),
    "a secret in a file that is empty": Case({"PIXMILL_KEYS_FILE": "file"}, prepare=a_file),
    "a secret in a folder": env(keys_file="."),
    "a secret in a pipe": Case({"PIXMILL_KEYS_FILE": "pipe"}, prepare=lambda folder: os.mkfifo(folder / "pipe")),
    "a secret in a file that is too large": Case(
        {"PIXMILL_KEYS_FILE": "file"}, prepare=lambda folder: (folder / "file").write_bytes(b"k" * 1_048_577)
    ),
    "a key in a file that can be guessed": Case(
        {"PIXMILL_KEYS_FILE": "file"}, prepare=lambda folder: (folder / "file").write_text("short")
    ),
    "a file for what is no secret": env(port_file="absent"),
    "a port that is no number": env(port="many"),
    "a number of processes that is none": env(processes="0"),
    "a playground of several processes": env(processes="2", playground="on"),
    "a port that does not exist": Case(env_file=b"PIXMILL_PORT=80800\n"),
    "a number that is empty": env(port=""),
    "a number below its bound": Case(flags={"max_frames": "0"}),
    "a rate that is no number": env(rate_limit="fast"),
    "a name that is misspelt": env(queues="3"),
    "a name that is unlike all others": env(nonsense="3"),
    "a name of an earlier version": env(confinement="strict"),
    "a size that means two things": env(max_source_bytes="64M"),
    "a size in an unknown unit": env(memory_budget_bytes="1GiBs"),
    "a negative size": env(worker_memory_bytes="-1"),
    "a duration in words": env(cache_ttl_s="12 hours"),
    "a negative duration": env(drain_timeout_s="-5s"),
    "a duration out of bounds": env(send_timeout_s="2d"),
    "a duration of nothing": env(deadline_s="0"),
    "a duration that never ends": env(source_timeout_s="inf"),
    "a switch that is neither on nor off": env(http2="maybe"),
    "a word that is almost right": env(log_level="warn"),
    "a word that is none of the choices": env(sandbox="yes"),
    "a key that can be guessed": env(keys="short"),
    "a list of keys without keys": env(keys=" , "),
    "a second key that can be guessed": env(keys=f"{KEY},short"),
    "an administrator's token that can be guessed": env(admin_token="short"),
    "an address without a port": env(admin_listen="127.0.0.1"),
    "two listeners on one port": env(admin_listen="127.0.0.1:8080"),
    "an open proxy for everybody": env(host="0.0.0.0"),
    "signed URLs without keys": env(unsigned="deny"),
    "presets that are no JSON": env(presets="{card: width=300}"),
    "presets with a mistake": env(presets={"card": "width=300&hight=200"}),
    "presets only, but none": env(presets_only="true"),
    "stores whose quotes are gone": env(stores="{photos: {url: s3://photos}}"),
    "stores that end too early": env(stores='{"photos": {"url": "s3://photos", "secret_access_key": "hidden"'),
    "a store of an unknown kind": env(stores={"photos": {"url": "ftp://photos"}}),
    "a store with an unknown field": env(stores={"photos": {"url": "s3://photos", "secret": "hidden"}}),
    "a store without a URL": env(stores={"photos": {"endpoint": "https://s3.example.com"}}),
    "a store with half of its credentials": env(stores={"photos": {"url": "s3://photos", "access_key_id": "me"}}),
    "dialects that are no list": env(dialects={"dialect": "imgproxy"}),
    "a dialect that does not exist": env(dialects=[{"dialect": "imgprox", "mount": "/i"}]),
    "an entry with a misspelt field": env(dialects=[{"dialect": "imgproxy", "mounts": "/i"}]),
    "an option that does not exist": env(dialects=[{"dialect": "imgproxy", "mount": "/i", "options": {"quality_": 3}}]),
    "an option that is no duration": env(
        dialects=[{"dialect": "imgproxy", "mount": "/i", "options": {"ttl": "1 year"}}]
    ),
    "an entry that is an open proxy": env(keys=KEY, dialects=[{"dialect": "native", "mount": "/m", "keys": ""}]),
    "a cache that is no URL": env(cache="disk"),
    "a tier with a misspelt option": env(cache="memory://?max_size=1GiB"),
    "a tier whose size means two things": env(cache="memory://?max_bytes=1G"),
    "a tier that is too small": env(cache="memory://?max_bytes=10kB"),
    "a tier with a wrong port and a password": env(cache="redis://me:hidden@cache:port"),
    "a tier with credentials of a bucket": env(cache="s3://me:hidden@photos"),
    "memory behind another tier": env(cache="redis://cache,memory://"),
    "originals in a tier that has none": env(originals_cache="redis://cache"),
    "one folder for two caches": env(cache="file:///var/cache/a", originals_cache="file:///var/cache/a"),
    "lifetimes that exclude each other": env(cache_min_ttl_s="1d", cache_max_ttl_s="1h"),
    "a memory budget for less than one original": env(memory_budget_bytes="16MiB"),
    "a source that is no pattern": env(allowed_sources="example.com"),
    "sources that are nothing but commas": env(allowed_sources=",,"),
    "a network that is an address": env(allowed_networks="10.0.0.1/8"),
    "a proxy that is a name": env(trusted_proxies="proxy.internal"),
    "a prefix that is no NAT64": env(nat64_prefixes="64:ff9b::/95"),
    "a name server that is a name": env(dns_servers="dns.internal"),
    "a fallback without an image root": env(fallback_image="missing.png"),
    "a fallback that is not allowed": env(
        fallback_image="https://b.example/x.png", allowed_sources="https://a.example/"
    ),
    "a fallback with a status of its own": env(fallback_status="302"),
    "a format that cannot be negotiated": env(auto_formats="avif,png"),
    "widths with an empty one": env(client_hint_widths="320,,640"),
    "a public URL with a query": env(public_url="https://images.example.com?a=1"),
    "a header that has a meaning": env(tag_header="Accept"),
    "origins of traces that are no patterns": env(trace_origins="example.com"),
    "a collector that takes gRPC alone": Case(
        {"PIXMILL_TRACES": "true", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "otel:4317"}
    ),
    "a share of traces above all": Case({"PIXMILL_TRACES": "true", "OTEL_TRACES_SAMPLER_ARG": "10"}),
    "a sampler that there is not": Case({"PIXMILL_TRACES": "true", "OTEL_TRACES_SAMPLER": "parentbased_ratio"}),
    "a queue of traces without a bound": Case({"PIXMILL_TRACES": "true", "OTEL_BSP_MAX_QUEUE_SIZE": "1e9"}),
    "metrics every tenth of a second": Case({"PIXMILL_OTLP_METRICS": "true", "OTEL_METRIC_EXPORT_INTERVAL": "100"}),
    "much at once": Case(
        {
            "PIXMILL_PORT": "many",
            "PIXMILL_QUEUES": "1",
            "PIXMILL_CACHE_MIN_TTL_S": "1d",
            "PIXMILL_CACHE_MAX_TTL_S": "1h",
        },
        {"http2": "maybe"},
        b"PIXMILL_MAX_SOURCE_BYTES=64M\n",
    ),
    "a value with a control character": env(images_hidden="\x1b[2Jyes"),
    "a file that is not UTF-8": Case(env_file=b"PIXMILL_PORT=8080\nPIXMILL_KEYS=\xff\n"),
    "a variable of the file without a value": Case(env_file=b"PIXMILL_PORT\n"),
    "a line of the file that cannot be read": Case(env_file=b"# mine\nPIXMILL_PORT: 8080\n"),
    "an image root that is not there": env(images="photos"),
    "an image root that is a file": Case({"PIXMILL_IMAGES": "file"}, prepare=a_file),
    "an image root in an unknown kind of store": env(images="ftp://photos"),
    "an image root in a bucket that is not named": env(images="s3://photos"),
    "a cache folder that is a file": Case({"PIXMILL_CACHE": "file://{folder}/file"}, prepare=a_file),
    "a cache folder that cannot be made": env(cache="file:///proc/none"),
    "originals in a folder that is a file": Case({"PIXMILL_ORIGINALS_CACHE": "file://{folder}/file"}, prepare=a_file),
    "a cache in a bucket that is not named": env(cache="s3://results"),
    "an address of another machine": env(host="192.0.2.1", unsigned="allow"),
    "a name that has no address": env(host="no.such.host.invalid", unsigned="allow"),
}
"""By what is wrong."""


def message_of(case: Case, folder: Path) -> str:
    """Return what `pixmill serve` prints. The folder is /srv in it."""
    case.prepare(folder)
    if case.env_file:
        (folder / ".env").write_bytes(case.env_file)
    variables = {name: value.replace("{folder}", str(folder)) for name, value in case.environment.items()}
    own = {name: value for name, value in os.environ.items() if not name.upper().startswith("PIXMILL_")}
    with patch.dict(os.environ, own | variables, clear=True):
        try:
            asyncio.run(_start(load(case.flags)))
        except (SettingsError, OSError) as error:
            text = str(error)
        except PixmillError as error:
            text = f"{error.param}: {error.message}"
        else:
            raise AssertionError("the server would start")
    return f"pixmill: {text}".replace(str(folder), "/srv")


async def _start(settings: Settings) -> None:
    """Do what the server does until it would listen; none of the cases gets as far as to its workers."""
    if settings.host != Settings.model_fields["host"].default:
        resolve_listen_address(settings.host, 0)
    async with build_services(settings):
        pass


def port_in_use() -> str:
    """Return what is printed if somebody listens on the port."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        try:
            resolve_listen_address("127.0.0.1", other.getsockname()[1])
        except OSError as error:
            return (
                str(error)
                .replace(str(other.getsockname()[1]), "PORT")
                .replace(str(other.getsockname()[1] + 1), "OTHER")
            )
    return ""
