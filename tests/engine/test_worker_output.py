"""What workers and their libraries print reaches the log bounded, marked and escaped, and nothing else of the server
is within their reach."""

import json
import logging
import os
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from pixmill.engine.pool import worker_output
from pixmill.engine.pool.worker_output import escape_output
from pixmill.errors import NoWorker, UndecodableImage
from pixmill.plan.ops import Plan
from pixmill.runtime.spool import Spool
from tests.engine.support import ROOT, eventually, obey, pools, workers


@pytest.fixture(autouse=True)
def _workers_find_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def printed(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == worker_output.__name__]


async def test_what_a_worker_prints_is_one_line_that_names_it(caplog: pytest.LogCaptureFixture) -> None:
    forged = json.dumps({"event": "listening", "level": "info"})
    async with pools(workers=1) as pool:
        pid = int((await obey(pool, "pid")).body)
        await obey(pool, f"complain 1 \n{forged}\n\x1b[31m")
        await eventually(lambda: bool(printed(caplog)))
    (line,) = printed(caplog)
    assert line == f"worker {pid} printed {len(forged) + 7} bytes: \\n{forged}\\n\\x1b[31m"


async def test_a_worker_that_prints_without_end_is_neither_blocked_nor_logged_without_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_output, "_INTERVAL_S", 1_000.0)
    async with pools(workers=1) as pool:
        assert int((await obey(pool, "complain 100000 all is lost, again and again and again")).body) < 4_000_000
        assert int((await obey(pool, "complain 100000 all is lost, again and again and again")).body) < 4_000_000
        assert (await obey(pool, "big 3")).body == b"bbb"
    lines = printed(caplog)
    assert len(lines) == 2, "one at once, none for a while, one at the end"
    assert all(len(line) < 2_100 for line in lines)


async def test_why_a_worker_cannot_start_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(NoWorker):
        async with pools(handlers="tests.engine.there_is_no_such_module"):
            pass
    assert any("No module named 'tests.engine.there_is_no_such_module'" in line for line in printed(caplog))


async def test_a_library_that_complains_of_a_file_complains_in_the_log_and_not_on_standard_error(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """libtiff, by Pillow, has something to say of each line of a damaged fax."""
    out = BytesIO()
    Image.effect_noise((400, 400), 90).convert("1").save(out, "TIFF", compression="group4")
    damaged = bytearray(out.getvalue())
    damaged[10_000:20_000:37] = b"\xa5" * len(damaged[10_000:20_000:37])
    caplog.set_level(logging.WARNING)
    async with pools(handlers="", workers=1) as pool:
        with Spool(2**20) as spool:
            spool.write(damaged)
            with suppress(UndecodableImage):
                await pool.render(spool, Plan())
        await eventually(lambda: bool(printed(caplog)))
    assert "Fax4Decode" in printed(caplog)[0]
    assert "Fax4Decode" not in capfd.readouterr().err


async def test_a_worker_has_no_descriptor_of_the_server_but_its_socket() -> None:
    async with pools(handlers="", workers=1):
        (pid,) = workers()
        links = {int(link.name): str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
        modes = {fd: Path(f"/proc/{pid}/fdinfo/{fd}").read_text() for fd in links}
    assert links.pop(0) == links.pop(1) == "/dev/null"
    assert links[2].startswith("pipe:")
    assert links[2] not in {str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if _is_log(int(link.name))}
    del links[2]
    assert sorted(link.partition(":")[0] for link in links.values()) == [f"/proc/{pid}/statm", "socket"]
    assert "flags:\t04001\n" in modes[2], "open for writing, and never blocks"


def _is_log(fd: int) -> bool:
    return fd in (1, 2)


def test_a_line_is_printable_and_bounded_whatever_was_printed() -> None:
    for noise in (
        b"\0\r\n\x1b[2J",
        bytes(range(256)) * 20,
        "é\u2028\u202e😀".encode(),
        b"\xff" * 10_000,
        os.urandom(9_999),
    ):
        line = escape_output(noise)
        assert line.isprintable()
        assert len(line) <= 10 * 2_000
