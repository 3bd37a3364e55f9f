"""What one server process has in common with the others, and where it listens."""

from dataclasses import dataclass

from pixmill.processes.channel import Channel
from pixmill.runtime.shared_rate_limiter import SharedBuckets


@dataclass(frozen=True, slots=True)
class SharedProcess:
    """``is_replacement``: of a process that has died. ``rate_buckets`` are those of all."""

    channel: Channel
    rate_buckets: SharedBuckets
    is_replacement: bool = False
