"""The worker program itself: what it loads, what it does alone, and that it never outlives its server."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from pixmill.engine import protocol
from pixmill.engine.pool.call import ResultFile
from pixmill.engine.sandbox.policy import SandboxMode
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.plan.transforms import FreeRotation
from pixmill.runtime.spool import Spool
from tests.engine.support import HANDLERS, PLAN, ROOT, children, is_alive, original

RESULTS: list[ResultFile] = []
"""Once the server lets go of a file, a worker cannot write to it any more."""


@contextmanager
def worker(
    parent: int | None = None, handlers: str = HANDLERS, cpu_s: float = 60
) -> Iterator[tuple[socket.socket, "subprocess.Popen[bytes]"]]:
    """A worker that was told who its parent is, and our end of its socket."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(20)
    command = [sys.executable, "-m", "pixmill.engine.worker", str(theirs.fileno()), handlers]
    with ours, theirs, subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=ROOT) as process:
        theirs.close()
        try:
            protocol.send(
                ours,
                protocol.Configure(os.getpid() if parent is None else parent, 0, cpu_s, SandboxMode.AUTO, Limits()),
            )
            yield ours, process
        finally:
            process.kill()
            RESULTS.clear()


def send_render(channel: socket.socket, id_: int, spool: Spool) -> None:
    RESULTS.append(ResultFile())
    protocol.send(channel, protocol.Render(id_, spool.size, PLAN), spool.fd, RESULTS[-1].fd)


def hear(channel: socket.socket) -> protocol.Reply | None:
    return protocol.receive_reply(channel)


def test_a_worker_answers_in_order_and_skips_what_was_withdrawn_in_time() -> None:
    with worker() as (channel, _), original("sleep 0.3") as slow, original("big 3") as quick:
        assert hear(channel) == protocol.Ready()
        send_render(channel, 1, slow)
        send_render(channel, 2, quick)
        protocol.send(channel, protocol.Inspect(3, quick.size), quick.fd)
        protocol.send(channel, protocol.Cancel(2))
        protocol.send(channel, protocol.Cancel(99))
        replies = [hear(channel) for _ in range(3)]
    assert [type(reply) for reply in replies] == [protocol.RenderedImage, protocol.Cancelled, protocol.Inspected]
    assert [reply.id for reply in replies if reply and not isinstance(reply, protocol.Ready)] == [1, 2, 3]


def test_a_withdrawal_that_comes_too_late_changes_nothing() -> None:
    with worker() as (channel, _), original("big 3") as quick:
        hear(channel)
        send_render(channel, 1, quick)
        assert isinstance(hear(channel), protocol.RenderedImage)
        protocol.send(channel, protocol.Cancel(1))
        send_render(channel, 1, quick)
        assert isinstance(hear(channel), protocol.RenderedImage)


def test_a_worker_reports_a_job_that_it_cannot_decode_and_lives_on() -> None:
    with worker() as (channel, _), original("big 3") as quick:
        hear(channel)
        beyond, file = Plan(rotate_free=FreeRotation(360.0)), ResultFile()
        protocol.send(channel, protocol.Render(7, quick.size, beyond), quick.fd, file.fd)
        channel.send(msgspec.msgpack.encode({"type": "inspect", "id": 8, "size_bytes": "many"}))
        send_render(channel, 9, quick)
        replies = [hear(channel) for _ in range(3)]
    failures = [reply for reply in replies if isinstance(reply, protocol.Failed)]
    assert [(failure.id, failure.code) for failure in failures] == [(7, "invalid_parameter"), (8, "invalid_parameter")]
    assert "degrees" in failures[0].detail
    assert isinstance(replies[2], protocol.RenderedImage)


def test_a_worker_ends_when_its_socket_does() -> None:
    with worker() as (channel, process):
        hear(channel)
        channel.close()
        assert process.wait(10) == 0


def test_a_worker_whose_server_died_before_it_began_does_nothing() -> None:
    with worker(parent=1) as (channel, process):
        assert hear(channel) is None
        assert process.wait(10) == 0


def test_a_worker_outlives_interrupts() -> None:
    with worker() as (channel, process), original("big 3") as quick:
        hear(channel)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        send_render(channel, 1, quick)
        assert isinstance(hear(channel), protocol.RenderedImage)


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        (
            "import pixmill.engine.worker",
            "asyncio pydantic pydantic_settings starlette granian aiohttp obstore click structlog prometheus_client",
        ),
        (
            "from pixmill.engine.worker import _load_handlers; _load_handlers(None)",
            "asyncio pydantic starlette granian aiohttp obstore",
        ),
        ("import pixmill.engine.pool.pool", "pyvips PIL"),
    ],
)
def test_each_side_loads_its_own_libraries_only(statement: str, absent: str) -> None:
    assert modules_after(statement) & set(absent.split()) == set()


SERVER = textwrap.dedent("""
    import asyncio
    from tests.engine.support import children, obey, pools

    async def main():
        async with pools(workers=2) as pool:
            busy = asyncio.create_task(obey(pool, "sleep 60"))
            await asyncio.sleep(0.1)
            print(*children(), flush=True)
            await busy

    asyncio.run(main())
""")


def test_no_worker_survives_a_server_that_is_killed() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    ) as server:
        assert server.stdout
        workers = {int(pid) for pid in server.stdout.readline().split()}
        assert len(workers) == 2
        assert workers == children(server.pid)
        server.kill()
        server.wait()
        deadline = time.monotonic() + 30  # only so that a failure ends
        while (left := {pid for pid in workers if is_alive(pid)}) and time.monotonic() < deadline:
            time.sleep(0.01)
    assert not left


def test_resident_memory_is_a_plausible_number() -> None:
    from pixmill.engine.sandbox.policy import resident_bytes  # noqa: PLC0415 - nothing else here needs it

    told = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    assert resident_bytes() == pytest.approx(int(told.split()[1]) * 1024, rel=0.1)
