"""Log lines are written in order, and logging never waits for the reader."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from pixmill.telemetry.log_writer import BufferedLogWriter


class Reader:
    """The other end of a pipe, which reads on request, in parts."""

    def __init__(self) -> None:
        self._end, self.writable = os.pipe()
        self._stream = os.fdopen(self.writable, "wb", buffering=0)

    def write(self, data: memoryview, /) -> int | None:
        return self._stream.write(data[:1_000])

    def isatty(self) -> bool:
        return False

    def read(self) -> bytes:
        """Reads everything up to the end; nothing may be written any more."""
        with os.fdopen(self._end, "rb") as end:
            self._stream.close()
            return end.read()

    def drain(self, until: bytes) -> bytes:
        """Reads everything up to a line."""
        with os.fdopen(self._end, "rb", closefd=False) as end:
            return b"".join(iter(end.readline, until))

    def close(self) -> None:
        self._stream.close()


@pytest.fixture
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.close()


def test_lines_arrive_in_their_order(reader: Reader) -> None:
    writer = BufferedLogWriter(reader)
    for number in range(2_000):
        writer.msg(b"%d" % number)
    assert writer.flush()
    assert reader.read().split() == [b"%d" % number for number in range(2_000)]


def test_lines_of_many_threads_stay_whole(reader: Reader) -> None:
    writer = BufferedLogWriter(reader)
    line = b"x" * 200

    def write() -> None:
        for _ in range(50):
            writer.msg(line)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.flush()
    assert reader.read().split() == [line] * 200


def test_a_reader_that_does_not_read_holds_nobody_up_and_learns_what_it_missed(reader: Reader) -> None:
    writer = BufferedLogWriter(reader, max_bytes=20_000)
    writer.on_dropped(lambda lines: writer.msg(b"lost %d" % lines))
    added = 0
    while writer.flush(0.1):  # until the pipe is full
        for _ in range(150):
            writer.msg(b"x" * 100)
            added += 1
    for _ in range(1_000):  # more than the buffer holds
        writer.msg(b"x" * 100)
        added += 1
    received: list[bytes] = []
    reading = threading.Thread(target=lambda: received.append(reader.drain(until=b"the end\n")))
    reading.start()
    assert writer.flush(10)
    writer.msg(b"the end")
    reading.join(10)
    lines = received[0].split(b"\n")[:-1]
    (lost,) = [line for line in lines if line.startswith(b"lost")]
    assert len(lines) - 1 + int(lost.split()[1]) == added


def test_a_reader_that_is_gone_costs_its_lines_only(reader: Reader) -> None:
    writer = BufferedLogWriter(reader)
    os.close(reader._end)
    writer.msg(b"to nobody")
    assert writer.flush()
    writer.msg(b"to nobody again")
    assert writer.flush()


class Busy:
    """A non-blocking descriptor (O_NONBLOCK) whose buffer is full at first."""

    def __init__(self) -> None:
        self.refusals = 2
        self.written = b""

    def write(self, data: memoryview, /) -> int | None:
        if self.refusals:
            self.refusals -= 1
            return None
        self.written += data
        return len(data)

    def isatty(self) -> bool:
        return False


def test_a_descriptor_without_room_is_tried_again() -> None:
    busy = Busy()
    writer = BufferedLogWriter(busy)
    writer.msg(b"patience")
    assert writer.flush()
    assert busy.written == b"patience\n"


def test_the_last_lines_of_a_process_are_written() -> None:
    code = "from pixmill.telemetry.log_writer import stderr_writer\nfor n in range(999): stderr_writer().msg(b'%d' % n)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=30)
    assert done.stderr.split() == [b"%d" % number for number in range(999)]


def test_a_process_whose_log_nobody_reads_still_ends() -> None:
    code = (
        "from pixmill.telemetry.log_writer import stderr_writer\nfor n in range(9999): stderr_writer().msg(b'x' * 99)"
    )
    end, writable = os.pipe()
    try:
        process = subprocess.Popen([sys.executable, "-c", code], stderr=writable)
        assert process.wait(30) == 0
    finally:
        os.close(end)
        os.close(writable)


def test_a_process_without_a_standard_error_writes_to_nobody_else() -> None:
    code = (
        "import os; from pixmill.telemetry.log_writer import stderr_writer\n"
        "fd = os.memfd_create('x'); assert fd == 2; stderr_writer().msg(b'secret'); stderr_writer().flush()\n"
        "print(os.fstat(fd).st_size)"
    )
    done = subprocess.run(["sh", "-c", '"$0" -c "$1" 2>&-', sys.executable, code], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"0\n"
