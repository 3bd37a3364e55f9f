"""What a batch is to do, as plain data that can be sent to other machines.

Knows texts. Must never know stores, engines or command lines.
"""

from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from pixmill.batch.locations import Item
from pixmill.batch.patterns import Pattern, parse_pattern
from pixmill.batch.template import Namer, Target, parse_target
from pixmill.batch.variants import Variant, compile_variants
from pixmill.errors import InvalidParameter
from pixmill.plan.key import canonical_json
from pixmill.settings import Settings

DEFAULT_SHARD_SIZE: Final = 64
"""Originals of a shard: a few seconds of work for a worker, which is what a kill can cost it."""

MAX_SHARD_SIZE: Final = 10_000


class Job(Struct, frozen=True):
    """A batch. ``params`` has the values of each parameter; ``files_from`` is a file with one name a line, or ``-``."""

    target: str
    inputs: tuple[str, ...] = ()
    params: dict[str, tuple[str, ...]] = {}
    exclude: tuple[str, ...] = ()
    files_from: str = ""
    null_separated: bool = False
    skip_existing: bool = False
    journal: str = ""
    """URL or folder; empty: beside the results, and removed when nothing is left to do."""
    shard_size: int = DEFAULT_SHARD_SIZE


class Shard(Struct, frozen=True):
    """Some originals of a batch: what one worker does at a time. Plain data: it can be pickled and sent."""

    job: Job
    items: tuple[Item, ...]


class Failure(Struct, frozen=True):
    """Why an original, or one of its results, was not made; ``output`` is empty if it concerns them all."""

    input: str
    code: str
    message: str
    param: str | None = None
    output: str = ""
    detail: str = ""


class ShardResult(Struct, frozen=True):
    """What became of a shard. ``done`` has the digests of originals that need nothing any more.

    ``stopped_by`` is a failure that every other original would meet too: the rest of the shard was not begun.
    """

    done: tuple[bytes, ...] = ()
    failures: tuple[Failure, ...] = ()
    originals: int = 0
    skipped: int = 0
    failed: int = 0
    outputs: int = 0
    output_bytes: int = 0
    stopped_by: Failure | None = None


class CompiledJob:
    """A job with its patterns, target and plans. Raises BadRequest for what makes no sense."""

    def __init__(self, job: Job, settings: Settings) -> None:
        self.job = job
        self.target: Target = parse_target(job.target)
        self.variants: tuple[Variant, ...] = compile_variants(
            self._params(), settings.render_mode, settings.parsed_presets()
        )
        self.namer = Namer(self.target, self.variants)
        if job.skip_existing and self.namer.has_late_names:
            raise InvalidParameter(
                "skip_existing needs names that are known beforehand: give --format one format or more, not auto or "
                "original",
                param="format",
            )

    def _params(self) -> dict[str, tuple[str, ...]]:
        if "format" in self.job.params:
            return self.job.params
        form = self.target.format_of_extension()
        if form is None:
            raise InvalidParameter(
                "The format of the results is not known: give --format, or a target that ends with the ending of one, "
                "such as .webp",
                param="format",
            )
        return {**self.job.params, "format": (form.value,)}

    def patterns(self) -> tuple[Pattern, ...]:
        return tuple(map(parse_pattern, self.job.inputs))

    def fingerprint(self) -> str:
        """Return what a journal is bound to: originals, names and plans, however they are spelt."""
        plans = [canonical_json(variant.plan).decode() for variant in self.variants]
        text = msgspec.json.encode(
            [
                sorted(pattern.text for pattern in self.patterns()),
                sorted(self.job.exclude),
                self.job.files_from,
                self.target.text,
                plans,
                [variant.params for variant in self.variants],
            ]
        )
        return sha256(text).hexdigest()[:16]
