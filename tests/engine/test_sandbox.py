"""What a worker can still do when somebody has taken it over, and that the kernel is what stops it."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pixmill.engine import protocol
from pixmill.engine.pool.pool import EnginePool
from pixmill.engine.sandbox import seccomp
from pixmill.engine.sandbox.policy import SandboxLayer, missing_layers
from pixmill.engine.sandbox.syscalls import ALLOWED, CONDITIONAL, DENIED, FATAL
from pixmill.errors import RenderCrashed
from pixmill.media import Format
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.runtime.spool import Spool
from tests.engine.support import PLAN, ROOT, eventually, obey, original, pools, restarts, workers
from tests.engine.test_worker import hear, send_render, worker
from tests.pixels.images import encode_image, photo

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


OLDER_LANDLOCK = """
from pixmill.engine.sandbox import landlock
from tests.engine.intruder import inspect, render, render_all

def forbidden(_):
    raise OSError(38, "as a kernel without Landlock would say")

if {abi}:
    landlock.abi_version = lambda: {abi}
else:
    landlock.restrict = forbidden
"""
KERNELS = [None, 0, 1, 2, 3, 4, 5]
"""What workers believe of Landlock's version: as it is here, none, or one that restricts less than this kernel can."""


@asynccontextmanager
async def intruders(abi: int | None, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EnginePool]:
    """One worker in the sandbox of a kernel with this version of Landlock."""
    handlers = INTRUDER
    if abi is not None:
        handlers = f"intruder_abi_{abi}"
        (folder / f"{handlers}.py").write_text(OLDER_LANDLOCK.format(abi=abi))
        monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{folder}")
    async with pools(workers=1, handlers=handlers) as pool:
        yield pool
        assert restarts(pool) == 0


@filtered
@pytest.mark.parametrize("abi", KERNELS)
async def test_a_worker_has_the_kernel_signal_nobody(
    abi: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal would come from the kernel, which asks no more than the same user, or root."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as victim:
        assert victim.stdin
        assert victim.stdout
        async with intruders(abi, tmp_path, monkeypatch) as pool:
            assert (await obey(pool, f"signal_by_descriptor {victim.pid}")).body == b"EPERM EPERM EPERM"
            assert (await obey(pool, f"signal_by_descriptor {os.getpid()}")).body == b"EPERM EPERM EPERM"
        victim.stdin.write(b"alive")
        victim.stdin.close()
        assert victim.stdout.read() == b"alive"


SYSTEM_CALLS = {name: numbers[0] for table in (ALLOWED, CONDITIONAL, DENIED, FATAL) for name, numbers in table.items()}
UNKNOWN = {
    "pidfd_open": 434,
    "rt_tgsigqueueinfo": 297,
    "process_madvise": 440,
    "process_mrelease": 448,
    "kcmp": 312,
    "sched_setaffinity": 203,
    "sched_setscheduler": 144,
    "sched_setattr": 314,
    "ioprio_set": 251,
    "prlimit": 302,
    "timer_create": 222,
    "mq_open": 240,
    "mq_notify": 244,
    "shmget": 29,
    "msgget": 68,
    "semget": 64,
    "shmat": 30,
    "personality": 135,
    "seccomp": 317,
    "getsockopt": 55,
    "getsockname": 51,
    "setsockopt": 54,
    "get_robust_list": 274,
    "splice": 275,
    "vmsplice": 278,
    "tee": 276,
    "sendfile": 40,
    "copy_file_range": 326,
    "fallocate": 285,
    "inotify_init1": 294,
    "fanotify_init": 300,
    "signalfd4": 289,
    "timerfd_create": 283,
    "userfaultfd_": 1022,
    "flock": 73,
    "fchdir": 81,
    "chdir": 80,
    "sync": 162,
    "syslog": 103,
    "acct": 163,
    "sethostname": 170,
    "migrate_pages": 256,
    "move_pages": 279,
    "mbind": 237,
    "set_mempolicy": 238,
    "mlock": 149,
    "mlockall": 151,
    "remap_file_pages": 216,
    "memfd_secret": 447,
    "pkey_alloc": 330,
    "map_shadow_stack": 453,
    "futex_wait": 455,
    "membarrier": 324,
    "mincore": 27,
    "futex_waitv": 449,
    "epoll_create1": 291,
    "statfs": 137,
    "statmount": 457,
    "arch_prctl": 158,
    "capset": 126,
    "setuid": 105,
    "setgid": 106,
    "setpgid": 109,
    "setsid": 112,
    "vhangup": 153,
}
FCNTL = "fcntl channel"
MMAP = "mmap 0 4096"
REFUSED = {
    **{
        f"{FCNTL} {command} {value}": "EPERM"
        for command, value in (
            *((5, "buffer"), (6, "buffer"), (7, "buffer"), (8, "server"), (9, 0), (10, 9), (11, 0), (15, "buffer")),
            *((16, "buffer"), (17, "buffer"), (36, "buffer"), (37, "buffer"), (38, "buffer"), (1024, 1), (1025, 0)),
            *((1026, 1), (1027, 0), (1028, 0), (1031, 2**20), (1032, 0), (1033, 1), (1034, 0), (1036, "buffer")),
            *((4, 0o20000), (4, 0o20000 | 0o4000), (4, 0o40000), (4, 0o1000000)),
        )
    },
    **{
        f"ioctl {fd} {request:#x} buffer": "ENOTTY"
        for fd in ("channel", 0, 2)
        for request in (
            *(0x5452, 0x8901, 0x8902, 0x8903, 0x8904, 0x5421, 0x541B, 0x5412, 0x5410, 0x5413, 0x541C, 0x8933, 0x660B),
            *(0xC0FF, 0x40086602),
        )
    },
    **{f"prctl {option} 1 0 0 0": "EPERM" for option in (*range(1, 15), *range(17, 80), 0x59616D61)},
    "kill server 9": "EPERM",
    "kill 0 9": "EPERM",
    "kill -1 9": "EPERM",
    "kill -2 9": "EPERM",
    "tgkill server server 9": "EPERM",
    "tgkill -1 self 9": "EPERM",
    "tkill server 9": "EPERM",
    "rt_sigqueueinfo server 9 buffer": "EPERM",
    "pidfd_send_signal 0 9 0 0": "EPERM",
    "prlimit64 server 7 0 buffer": "EPERM",
    "prlimit64 server 0 buffer 0": "EPERM",
    "prlimit64 self 2 buffer 0": "EPERM",
    "prlimit64 0 7 buffer 0": "EPERM",
    "sched_getaffinity server 128 buffer": "EPERM",
    "sched_getparam server buffer": "EPERM",
    "sched_getscheduler server": "EPERM",
    "getpriority 0 server": "EPERM",
    "getpriority 1 0": "EPERM",
    "setpriority 0 server 19": "EPERM",
    **{f"futex buffer {operation} 1 0 0 0": "ENOSYS" for operation in (2, 6, 7, 8, 11, 12, 13, 134, 141, 1024)},
    f"{MMAP} 3 0x21 -1 0": "EPERM",
    f"{MMAP} 1 0x23 -1 0": "EPERM",
    f"{MMAP} 3 0x122 -1 0": "EPERM",
    f"{MMAP} 3 0x40022 -1 0": "EPERM",
    f"{MMAP} 3 0x2022 -1 0": "EPERM",
    f"{MMAP} 3 0x1 channel 0": "EPERM",
    "mremap page 0 4096 5 0": "EPERM",
    "mprotect page 0 0x1000001": "EPERM",
    "mprotect page 0 0x2000001": "EPERM",
    **{f"madvise page 0 {advice}": "EINVAL" for advice in (9, 10, 11, 12, 13, 18, 19, 20, 21, 22, 25, 100, 101, 102)},
    "pipe2 buffer 0o200": "EPERM",
    "pipe2 buffer 0o40000": "EPERM",
    "clone 0x11 0 0 0 0": "EPERM",
    "clone 0x50b00 0 0 0 0": "EPERM",
    "clone 0x51f00 0 0 0 0": "EPERM",
    "clone 0x20050f00 0 0 0 0": "EPERM",
    "clone 0x80050f00 0 0 0 0": "EPERM",
    "fork": "EPERM",
    "vfork": "EPERM",
    "socketpair 1 1 0 buffer": "EPERM",
    "ftruncate 2 0": "EPERM",
    "truncate buffer 0": "EPERM",
    "sendto 2 buffer 1 0 0 0": "EPERM",
    "recvfrom 2 buffer 1 0 0 0": "EPERM",
    "recvmsg 0 buffer 0": "EPERM",
    "openat -100 buffer 0o20000": "EACCES",
    "openat -100 buffer 0o10000000": "EACCES",
    "open buffer 0o10000000": "EACCES",
    **{f"{name} 0 0 0 0": "ENOSYS" for name in UNKNOWN if name != "prlimit"},
}
"""System calls with arguments that reach a signal, another process, uncounted memory or kernel code that no decoder
needs, and how the filter refuses each."""


@filtered
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86_64")
@pytest.mark.parametrize("abi", KERNELS)
async def test_every_way_around_is_closed_by_the_filter_alone(
    abi: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = UNKNOWN | SYSTEM_CALLS
    async with intruders(abi, tmp_path, monkeypatch) as pool:
        for attempt, refusal in REFUSED.items():
            name, _, arguments = attempt.partition(" ")
            said = (await obey(pool, f"system_call {numbers[name]} {arguments}")).body.decode()
            assert said == refusal, attempt


@filtered
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86_64")
async def test_what_libraries_do_with_descriptors_and_memory_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = [
        *(
            f"{FCNTL} 1 0",
            f"{FCNTL} 2 1",
            f"{FCNTL} 3 0",
            f"{FCNTL} 1030 0",
            "fcntl 1 4 0o104001",
            "fcntl 1 4 0o100001",
        ),
        *(f"{MMAP} 3 0x22 -1 0", f"{MMAP} 0 0x20022 -1 0", "futex buffer 129 1", "pipe2 buffer 0o2004000"),
        *(
            "sched_getaffinity self 128 buffer",
            "sched_getaffinity 0 128 buffer",
            "getpriority 0 0",
            "prlimit64 0 0 0 buffer",
        ),
        *("madvise page 0 4", "mprotect page 0 3", "kill self 0"),
    ]
    async with intruders(None, tmp_path, monkeypatch) as pool:
        for attempt in allowed:
            name, _, arguments = attempt.partition(" ")
            said = (await obey(pool, f"system_call {SYSTEM_CALLS[name]} {arguments}")).body.decode()
            assert said == "done", attempt


@filtered
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="32-bit programs run on x86_64 only")
async def test_a_system_call_of_a_32_bit_program_ends_the_worker() -> None:
    async with pools(workers=1, handlers=INTRUDER) as pool:
        with pytest.raises(RenderCrashed):
            await obey(pool, "old_machine")


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
        send_render(channel, 1, job)
        assert process.wait(60) == -signal.SIGXCPU


async def test_a_worker_cannot_change_the_original_for_others() -> None:
    async with pools(workers=1, handlers=INTRUDER, sandbox="off") as pool:
        with original("original") as spool:
            assert (await pool.render(spool, PLAN)).body == b"EBADF EINVAL", "it is open for reading only"
            assert spool.read() == b"original"


async def test_what_a_worker_keeps_of_a_job_is_empty_once_the_server_lets_go() -> None:
    """So it holds no memory that the budget has given to others."""
    async with pools(workers=1, handlers=INTRUDER) as pool:
        with original("keep" + " " * 900) as spool:
            assert (await pool.render(spool, PLAN)).body == b"kept"
            before = await obey(pool, "kept")
        assert before.body == b"[8, 0] EPERM", "the original is still the server's"
        assert (await obey(pool, "kept")).body == b"[0, 0] EPERM"
        assert restarts(pool) == 0


async def test_a_worker_does_not_move_the_position_of_the_server_in_an_original() -> None:
    async with pools(workers=1, handlers=INTRUDER, sandbox="off") as pool:
        with original("seek") as spool:
            position = os.lseek(spool.fd, 0, os.SEEK_CUR)
            assert (await pool.render(spool, PLAN)).body == b"3"
            assert os.lseek(spool.fd, 0, os.SEEK_CUR) == position


@filtered
async def test_a_worker_makes_no_files_and_sends_none() -> None:
    async with pools(workers=1, handlers=INTRUDER) as pool:
        assert await tried(pool, "memory_file", "send_file") == {"memory_file": "EPERM", "send_file": "EPERM"}


async def test_a_worker_with_hundreds_of_threads_is_ended() -> None:
    async with pools(workers=1) as pool:
        with pytest.raises(RenderCrashed) as caught:
            await obey(pool, "thrive 150")
        assert "threads" in caught.value.detail
        assert (await obey(pool, "big 3")).body == b"bbb"


async def test_a_worker_with_a_stack_beyond_all_need_is_ended() -> None:
    async with pools(workers=1, sandbox="off") as pool:
        with pytest.raises(RenderCrashed) as caught:
            await obey(pool, f"tower {2**30}")
        assert "stacks of" in caught.value.detail


async def test_a_worker_that_works_without_a_job_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixmill.engine.pool.process_audit._MAX_IDLE_CPU_S", 0.2)
    async with pools(workers=1) as pool:
        assert (await obey(pool, "busy")).body == b"done"
        await eventually(lambda: restarts(pool) == 1, within_s=60)


# ---------------------------------------------------------------- how it is held


@filtered
async def test_every_thread_of_a_worker_is_held() -> None:
    plan = Plan(resize=Resize(width=5), output=Output((Format.TIFF,)))
    data = bytes(encode_image(photo(), "TIFF"))
    async with pools(workers=1, handlers="", sandbox="strict") as pool:
        with Spool(len(data)) as spool:
            spool.write(data)
            await pool.render(spool, plan)
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
