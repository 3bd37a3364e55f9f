"""What a cache folder held when it was last added up, so that a start need not wait for the first scan.

Adding up two million files takes ten seconds; until then nothing could be written. Each process keeps a small file with
the total it knows and the bytes it has written since its last scan, and renews it with each scan and each
``step_bytes`` written. The sum over all files is never less than what the folder holds by more than that step for each
process that was killed; a scan corrects it in the background. A record that is missing or damaged makes a start wait,
as an unknown folder does.

    PATH/1f2e3d4c.usage    ``pixmill-usage 1 TOTAL SINCE_SCAN open|closed CRC``
"""

import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"[0-9a-f]{8}\.usage")
_TEMPORARY_NAME: Final = re.compile(r"[0-9a-f]{8}\.usage\.tmp")
_LINE: Final = re.compile(rb"(pixmill-usage 1 ([0-9]{1,18}) ([0-9]{1,18}) (open|closed)) ([0-9a-f]{8})\n")
_MAX_LINE_BYTES: Final = 100
_MAX_RECORDS: Final = 1_000
"""More than processes share a folder: in such a folder the files are not read."""

_MIN_STEP_BYTES: Final = 1 << 20
_STEPS_PER_MARGIN: Final = 8


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes in the folder as a process knows them, and those it has written since its last scan began."""

    total_bytes: int
    since_scan_bytes: int
    closed: bool = False


class UsageRecord:
    """The record of this process. Every method may be called from any thread, and ignores a folder it cannot use."""

    def __init__(self, folder: Path, writer_id: str, margin_bytes: int) -> None:
        self._folder = folder
        self._path = folder / f"{writer_id}.usage"
        self._step_bytes = max(margin_bytes // _STEPS_PER_MARGIN, _MIN_STEP_BYTES)
        self._unsaved_bytes = 0

    def restore(self) -> int | None:
        """Return the bytes that the folder holds at most, as far as its processes have said; None if none has."""
        paths = self._paths()
        found = [_parse(path) for path in paths[:_MAX_RECORDS]]
        usages = [usage for usage in found if usage is not None]
        if not usages or len(usages) < len(paths):
            return None
        largest = max(usages, key=lambda usage: usage.total_bytes)
        written_by_others = sum(usage.since_scan_bytes for usage in usages if usage is not largest)
        unsaved_bytes = sum(not usage.closed for usage in usages) * self._step_bytes
        return largest.total_bytes + written_by_others + unsaved_bytes

    def is_due(self, written_bytes: int) -> bool:
        """Count bytes written; whether the record must be renewed."""
        self._unsaved_bytes += written_bytes
        return self._unsaved_bytes >= self._step_bytes

    def save(self, usage: Usage) -> None:
        """Renew the record of this process."""
        self._unsaved_bytes = 0
        text = f"pixmill-usage 1 {max(usage.total_bytes, 0)} {max(usage.since_scan_bytes, 0)} "
        line = (text + ("closed" if usage.closed else "open")).encode()
        temporary = self._path.with_name(f"{self._path.name}.tmp")
        with suppress(OSError):
            temporary.write_bytes(b"%s %08x\n" % (line, zlib.crc32(line)))
            temporary.replace(self._path)

    def forget_others(self, before_ns: int) -> None:
        """Remove records that were renewed last before a time: a scan that began then has seen all they tell of."""
        for path in [*self._paths(), *self._paths(_TEMPORARY_NAME)]:
            with suppress(OSError):
                if path != self._path and path.stat().st_mtime_ns < before_ns:
                    path.unlink()

    def _paths(self, name: re.Pattern[str] = _NAME) -> list[Path]:
        with suppress(OSError):
            return [path for path in self._folder.iterdir() if name.fullmatch(path.name)]
        return []


def _parse(path: Path) -> Usage | None:
    try:
        with path.open("rb") as file:
            found = _LINE.fullmatch(file.read(_MAX_LINE_BYTES))
    except OSError:
        return None
    if found is None or zlib.crc32(found[1]) != int(found[5], 16):
        return None
    return Usage(int(found[2]), int(found[3]), closed=found[4] == b"closed")
