"""What a worker can still do when somebody has taken it over, and that the kernel is what stops it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pixmill.engine import protocol
from pixmill.engine.pool.pool import EnginePool
from pixmill.engine.sandbox import seccomp
from pixmill.engine.sandbox.policy import SandboxLayer, missing_layers
from pixmill.engine.sandbox.syscalls import ALLOWED, CONDITIONAL, DENIED, FATAL
from pixmill.errors import RenderCrashed
from tests.engine.support import PLAN, ROOT, obey, original, pools, restarts, workers
from tests.engine.test_worker import hear, worker

INTRUDER = "tests.engine.intruder"
filtered = pytest.mark.skipif(SandboxLayer.SECCOMP in missing_layers(), reason="this kernel filters no calls")
landlocked = pytest.mark.skipif(SandboxLayer.LANDLOCK in missing_layers(), reason="this kernel has no Landlock")


@pytest.fixture(autouse=True)
def _workers_find_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


async def tried(pool: EnginePool, *attempts: str) -> dict[str, str]:
    return {attempt: (await obey(pool, attempt)).body.decode() for attempt in attempts}


def status(pid: int) -> dict[str, str]:
    return dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())


def only_child() -> int:
    (pid,) = workers()
    return pid


# ---------------------------------------------------------------- what it cannot do


@filtered
@landlocked
async def test_a_worker_reads_nothing_but_code_and_fonts(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("very secret")
    async with pools(workers=1, handlers=INTRUDER) as pool:
        outside = [
            f"read {secret}",
            "read /etc/passwd",
            f"read /proc/{os.getpid()}/environ",
        ]
        assert set((await tried(pool, *outside)).values()) == {"EACCES"}
        lists = ["listing /", "listing /etc", f"listing {tmp_path}", "listing /proc", f"listing {Path.home()}"]
        assert set((await tried(pool, *lists)).values()) == {"EACCES"}
        assert (await tried(pool, f"read {os.__file__}")).popitem()[1] == "done"


@filtered
@landlocked
async def test_a_worker_changes_no_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("as it was")
    code = Path(os.__file__)
    async with pools(workers=1, handlers=INTRUDER) as pool:
        answers = await tried(
            pool,
            *(f"write {tmp_path}/new", f"write {file}", f"append {file}", f"nameless {tmp_path}", f"write {code}"),
            *(f"append {code}", "nameless /dev/shm", "nameless /tmp", f"remove {file}", f"mode {file}"),
        )
        assert set(answers.values()) <= {"EACCES", "EPERM"}, answers
        assert (await obey(pool, "own_results")).body == b"EFBIG"
    assert file.read_text() == "as it was"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@filtered
async def test_a_worker_reaches_no_network_and_no_other_process() -> None:
    async with pools(workers=1, handlers=INTRUDER) as pool:
        answers = await tried(
            pool,
            *("internet", "local", "pair", "connect", "talk_elsewhere", "threads"),
            *("fork", "execute", "kill_server", "kill_all", "dumpable"),
        )
        assert set(answers.values()) == {"EPERM"}, answers
        assert (await obey(pool, "system")).body in (b"-1", b"32512"), "no shell"
        assert (await obey(pool, "device")).body == b"ENOTTY"
        assert (await obey(pool, "more_memory")).body in (b"PermissionError", b"ValueError")
        assert (await obey(pool, "abort_itself")).body == b"done", "as the C library does it when memory is corrupt"
        assert restarts(pool) == 0


@filtered
@pytest.mark.parametrize("name", ["ptrace", "bpf", "io_uring_setup", "mount", "keyctl", "perf_event_open", "unshare"])
async def test_calls_that_no_decoder_makes_end_the_worker_at_once(name: str) -> None:
    machine = seccomp.current_architecture()
    assert machine
    async with pools(workers=1, handlers=INTRUDER) as pool:
        with pytest.raises(RenderCrashed) as caught:
            await obey(pool, f"system_call {FATAL[name][machine.table_column]}")
        assert "exit status -31" in caught.value.detail, "SIGSYS"


@filtered
@pytest.mark.parametrize(
    "name", ["clone3", "openat2", "memfd_secret", "landlock_create_ruleset", "a call of the future"]
)
async def test_calls_that_are_not_known_are_answered_as_an_older_kernel_would(name: str) -> None:
    number = {"clone3": 435, "openat2": 437, "memfd_secret": 447, "landlock_create_ruleset": 444}.get(name, 1023)
    async with pools(workers=1, handlers=INTRUDER) as pool:
        assert (await obey(pool, f"system_call {number}")).body == b"ENOSYS"


@filtered
@pytest.mark.skipif(sys.platform != "linux" or os.uname().machine != "x86_64", reason="x32 is one of x86_64's ways")
async def test_the_calls_of_another_machine_end_the_worker() -> None:
    async with pools(workers=1, handlers=INTRUDER) as pool:
        with pytest.raises(RenderCrashed):
            await obey(pool, f"system_call {0x40000000 + 41}")


def test_the_kernel_ends_who_works_on_for_ever_even_if_the_server_does_not() -> None:
    with worker(handlers=INTRUDER, cpu_s=0.5) as (channel, process), original("spin") as job:
        assert hear(channel) == protocol.Ready()
        protocol.send(channel, protocol.Render(1, job.size, PLAN), job.fd)
        assert process.wait(60) == -signal.SIGXCPU


async def test_a_worker_cannot_change_the_original_for_others() -> None:
    async with pools(workers=1, handlers=INTRUDER, sandbox="off") as pool:
        with original("original") as spool:
            assert (await pool.render(spool, PLAN)).body == b"EPERM EPERM"
            assert spool.read() == b"original"


# ---------------------------------------------------------------- how it is held


@filtered
async def test_every_thread_of_a_worker_is_held() -> None:
    async with pools(workers=1, handlers="", sandbox="strict"):
        pid = only_child()
        threads = [Path(task, "status").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
        assert len(threads) > 1, "libvips has some"
        assert all("\nSeccomp:\t2\n" in text and "\nNoNewPrivs:\t1\n" in text for text in threads)


async def test_a_worker_has_no_privileges_of_root() -> None:
    """But to read, within what Landlock leaves."""
    async with pools(workers=1, handlers=INTRUDER):
        held = status(only_child())
    assert int(held["CapEff"], 16) | int(held["CapPrm"], 16) | int(held["CapInh"], 16) <= 1 << 2
    assert int(held["CapAmb"], 16) == 0


async def test_the_server_goes_first_and_ctrl_c_is_for_it_alone() -> None:
    """In a session of its own a worker would weigh as much as the server, however nice it is."""
    async with pools(workers=1, handlers=INTRUDER):
        pid = only_child()
        assert os.getsid(pid) == os.getsid(0)
        assert os.getpgid(pid) != os.getpgid(0)
        ours, its = (os.getpriority(os.PRIO_PROCESS, each) for each in (0, pid))
        assert its == min(19, ours + 10)


async def test_off_leaves_the_limits_only(tmp_path: Path) -> None:
    async with pools(workers=1, handlers=INTRUDER, sandbox="off", worker_memory_bytes=2**30) as pool:
        pid = only_child()
        assert status(pid)["NoNewPrivs"] == "1"
        assert status(pid).get("Seccomp", "0") == "0"
        assert (await obey(pool, f"write {tmp_path}/new")).body == b"done"
        limits = Path(f"/proc/{pid}/limits").read_text()
    for name, value in (("Max data size", 2**30), ("Max core file size", 0), ("Max open files", 128)):
        assert f"{name} {value} {value}" in " ".join(limits.split())


async def test_auto_does_without_what_the_kernel_lacks_and_strict_does_not() -> None:
    """In a process that has given up the calls which it would need."""
    code = """
import ctypes, os, sys
from pixmill.engine.sandbox import seccomp
from pixmill.engine.sandbox.policy import SandboxMode, enter_sandbox, missing_layers, set_rlimits
set_rlimits(0, 2**20)
seccomp.restrict(3)
print(*missing_layers())
print(*enter_sandbox(SandboxMode.AUTO, 3))
try:
    enter_sandbox(SandboxMode.STRICT, 3)
except OSError as error:
    print(type(error).__name__)
"""
    if missing_layers():
        pytest.skip("this kernel lacks something anyway")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == ["Landlock seccomp", "Landlock seccomp", "OSError"]


# ---------------------------------------------------------------- the tables


def test_every_call_has_one_verdict() -> None:
    tables = (ALLOWED, CONDITIONAL, DENIED, FATAL)
    names = [name for table in tables for name in table]
    assert len(names) == len(set(names))
    for column in (0, 1):
        numbers = [each[column] for table in tables for each in table.values() if each[column] is not None]
        assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("machine", seccomp.ARCHITECTURES.values(), ids=seccomp.ARCHITECTURES)
def test_the_program_ends_on_every_way_and_jumps_within_itself(machine: seccomp.Architecture) -> None:
    steps = seccomp.build_program(machine, 5, 1234)
    assert len(steps) < 600, "the kernel takes 4,096; each call may run through them all"
    for at, (code, yes, no, value) in enumerate(steps):
        assert 0 <= yes <= 255
        assert 0 <= no <= 255
        assert 0 <= value < 2**32
        if code & 7 == 5:
            assert at + 1 + max(yes, no) < len(steps)
    assert steps[-1][0] == 6
