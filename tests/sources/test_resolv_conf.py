"""The system's configuration of names, in a mount namespace with files of its own."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.servers.names import NameServer

UNSHARE = ("unshare", "--mount", "--map-root-user")


def may_mount() -> bool:
    if not shutil.which("unshare"):
        return False
    tried = subprocess.run([*UNSHARE, "mount", "--bind", "/tmp", "/mnt"], capture_output=True, check=False)
    return tried.returncode == 0


pytestmark = pytest.mark.skipif(not may_mount(), reason="needs a mount namespace")

ASK = """
    import asyncio, json, pathlib, sys
    from pixmill.sources.names.client import DnsClient, NameNotFound

    async def ask(client, name):
        try:
            return list((await client.query(name)).addresses)
        except NameNotFound:
            return []
        except OSError:
            return None

    async def main(later):
        client = DnsClient()
        found = {name: await ask(client, name) for name in sys.argv[1:]}
        if later is not None:
            pathlib.Path("/etc/resolv.conf").write_text(later)
            for name in sys.argv[1:]:
                while (addresses := await ask(client, name)) is None:
                    await asyncio.sleep(0.05)
                found[name] = addresses
        client.close()
        print(json.dumps(found))

    asyncio.run(main(json.loads(sys.stdin.read())))
"""


def resolved(
    folder: Path, *names: str, conf: str, later: str | None = None, hosts: str = "127.0.0.1 localhost\n"
) -> Any:
    """What the client finds of these names; with ``later`` it finds it once that is in ``resolv.conf``."""
    mounts = []
    for name, text in {"resolv.conf": conf, "hosts": hosts, "nsswitch.conf": "hosts: files dns\n"}.items():
        (folder / name).write_text(text)
        if Path("/etc", name).exists():
            mounts.append(f"mount --bind {shlex.quote(str(folder / name))} /etc/{name}")
    ask = shlex.join([sys.executable, "-c", dedent(ASK), *names])
    script = " && ".join([*mounts, f"exec {ask}"])
    ran = subprocess.run(
        [*UNSHARE, "sh", "-c", script], input=json.dumps(later), capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture
def server() -> Any:
    with NameServer() as running:
        running.serve("good.test", "192.0.2.1")
        running.serve("short.search.test", "192.0.2.2")
        yield running


def test_servers_and_search_domains_are_read(server: NameServer, tmp_path: Path) -> None:
    conf = f"nameserver {server.address}\nsearch search.test\n"
    found = resolved(tmp_path, "good.test", "short", "short.", conf=conf)
    assert found == {"good.test": ["192.0.2.1"], "short": ["192.0.2.2"], "short.": []}


def test_the_hosts_file_comes_first(server: NameServer, tmp_path: Path) -> None:
    conf, hosts = f"nameserver {server.address}\n", "192.0.2.9 good.test alias\n"
    assert resolved(tmp_path, "good.test", "alias", conf=conf, hosts=hosts) == {
        "good.test": ["192.0.2.9"],
        "alias": ["192.0.2.9"],
    }
    assert server.count("good.test") == 0


@pytest.mark.parametrize("conf", ["", "nameserver 127.0.0.1:1\n", "nonsense\n"])
def test_a_change_is_seen_also_where_the_file_is_mounted(server: NameServer, tmp_path: Path, conf: str) -> None:
    """A server that starts before its network is up must not need another start."""
    later = f"nameserver {server.address}\n"
    assert resolved(tmp_path, "good.test", conf=conf, later=later) == {"good.test": ["192.0.2.1"]}
