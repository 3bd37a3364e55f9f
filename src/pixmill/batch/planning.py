"""Before anything is written: lists all originals, and checks that no two results have the same name.

Knows the index and names. Must never write to a store.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple

from pixmill.batch.index import Index, machine_of, target_digest
from pixmill.batch.job import CompiledJob, Failure
from pixmill.batch.listing import Listing
from pixmill.batch.locations import Item, Locations
from pixmill.batch.template import possible_paths, shown_path
from pixmill.errors import InvalidParameter, SourceNotFound

_NAMES_AT_A_TIME: Final = 1_000

ARRAY_VARIABLES: Final = (
    ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"),
    ("JOB_COMPLETION_INDEX", ""),
    ("CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT"),
    ("BATCH_TASK_INDEX", "BATCH_TASK_COUNT"),
    ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT"),
)
"""Index and count of a task, as AWS Batch, Kubernetes, Cloud Run, Google Cloud Batch and Slurm set them."""


class Part(NamedTuple):
    """The originals of machine ``number`` of ``machines``, counted from 0."""

    number: int = 0
    machines: int = 1


WHOLE: Final = Part()
"""All originals, on one machine."""

_MAX_DIGITS: Final = 6


def parse_part(text: str, environment: Mapping[str, str] = os.environ) -> Part:
    """Parse ``3/8``, ``auto`` or ``auto/8``: of eight machines the one with the number 3. Raises InvalidParameter."""
    if not text:
        return WHOLE
    index, _, count = text.partition("/")
    if index == "auto":
        index, count = _part_of_environment(environment, count)
    if not (_is_number(index) and _is_number(count) and int(index) < int(count)):
        raise InvalidParameter(
            f"{index}/{count} is no part: write INDEX/COUNT, counted from 0, such as 0/8 for the first of eight "
            "machines, or auto",
            param="shard",
        )
    return Part(int(index), int(count))


def _part_of_environment(environment: Mapping[str, str], count: str) -> tuple[str, str]:
    for index_name, count_name in ARRAY_VARIABLES:
        if index := environment.get(index_name, ""):
            found = count or environment.get(count_name, "")
            if not found:
                raise InvalidParameter(f"{index_name} does not say of how many: write auto/COUNT", param="shard")
            return index, found
    names = ", ".join(index_name for index_name, _ in ARRAY_VARIABLES)
    raise InvalidParameter(f"auto needs one of {names} in the environment", param="shard")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


class Plan:
    """All originals of this machine, in the order of their names. ``total`` counts them, ``outputs`` their results."""

    def __init__(self, compiled: CompiledJob, index: Index, part: Part = WHOLE) -> None:
        self.compiled = compiled
        self.index = index
        self.part = part
        self.total = 0
        self.done_before = 0
        self.below_target = 0
        self.listed = 0

    @property
    def remaining(self) -> int:
        return self.total - self.done_before

    @property
    def outputs(self) -> int:
        return self.total * len(self.compiled.variants)

    async def list(
        self,
        locations: Locations,
        on_failure: Callable[[Failure], None],
        on_listed: Callable[[int], None] = lambda _count: None,
    ) -> None:
        """List and check. Raises StoreError, InvalidParameter, SourceNotFound if there is nothing."""
        listing = Listing(self.compiled, locations, on_failure)
        async for item in listing.items():
            self.index.add(item)
            self.listed += 1
            if self.listed % _NAMES_AT_A_TIME == 0:
                on_listed(self.listed)
                await asyncio.sleep(0)  # signals are seen between names
        self.below_target = listing.below_target
        on_listed(self.listed)
        if not self.listed:
            raise SourceNotFound(self._nothing_found(), param="inputs")
        self._check_names()

    def items(self) -> Iterator[Item]:
        """Yield the originals of this machine that are not done."""
        has_done = self.index.count_done() > 0
        for item in self._own_items():
            if not (has_done and self.index.is_done(item)):
                yield item

    def shards(self, size: int) -> Iterator[tuple[Item, ...]]:
        """Yield the originals that are not done, ``size`` at a time."""
        items = self.items()
        while shard := tuple(islice(items, size)):
            yield shard

    def count_done(self) -> None:
        """Count the originals that the journal has, after ``index.add_done``."""
        if self.index.count_done():
            self.done_before = sum(self.index.is_done(item) for item in self._own_items())

    def _own_items(self) -> Iterator[Item]:
        number, machines = self.part
        for item in self.index.items():
            if machines == 1 or machine_of(item, machines) == number:
                yield item

    def _check_names(self) -> None:
        """Count, and look for names that two results would have, or that an original has. Raises InvalidParameter."""
        self.total = 0
        names: list[str] = []
        namer, inside = self.compiled.namer, _Inside(self.compiled)
        number, machines = self.part
        for item in self.index.items():
            self.total += machines == 1 or machine_of(item, machines) == number
            paths = namer.paths(item.name)
            possible = possible_paths(paths) if namer.has_late_names else paths
            inside.check(item, possible)
            if namer.has_late_names:
                self.index.add_possible(possible)
            if own := inside.own_path(item):
                self.index.add_endangered((own,))
            names += paths
            if len(names) >= _NAMES_AT_A_TIME:
                self.index.add_targets(names)
                names.clear()
        self.index.add_targets(names)
        if duplicates := self.index.duplicate_targets():
            self._reject_duplicates(duplicates)
        if overwritten := self.index.overwritten():
            self._reject_overwritten(overwritten, inside)

    def _reject_overwritten(self, digests: set[int], inside: "_Inside") -> None:
        """Raise InvalidParameter with an original and the one whose result has its name."""
        owners = {own: item for item in self.index.items() if target_digest(own := inside.own_path(item)) in digests}
        for item in self.index.items():
            for path in possible_paths(self.compiled.namer.paths(item.name)):
                if path in owners:
                    raise InvalidParameter(
                        f"{owners[path].url} would be overwritten by the result of {item.url}", param="to"
                    )

    def _reject_duplicates(self, digests: set[int]) -> None:
        """Raise InvalidParameter with the two originals; digests of different names may be the same by accident."""
        first: dict[str, str] = {}
        for item in self.index.items():
            for path in self.compiled.namer.paths(item.name):
                if target_digest(path) not in digests:
                    continue
                if path in first:
                    raise InvalidParameter(
                        f"{first[path]} and {item.url} would both become {shown_path(path)}: add {{dir}} or {{name}} "
                        "to the target",
                        param="to",
                    )
                first[path] = item.url

    def _nothing_found(self) -> str:
        shown = ", ".join(self.compiled.job.inputs) or self.compiled.job.files_from
        aside = f"; {self.below_target} files are below the target, and left out" if self.below_target else ""
        return f"No originals: {shown} matches no file{aside}"


class _Inside:
    """Rejects jobs whose results would be originals of the next run, or of this one."""

    def __init__(self, compiled: CompiledJob) -> None:
        self._target = compiled.target.location.rstrip("/") + "/"
        # Results below the folder of a pattern are left out of its listing.
        self._matchers = [
            (f"{pattern.location.rstrip('/')}/"[len(self._target) :], pattern.matcher())
            for pattern in compiled.patterns()
            if pattern.glob and f"{pattern.location.rstrip('/')}/".startswith(self._target)
        ]

    def own_path(self, item: Item) -> str:
        """Return the path of an original where results go; empty if it is elsewhere."""
        is_there = item.location and item.url.startswith(self._target)
        return item.url[len(self._target) :].lstrip("/") if is_there else ""

    def check(self, item: Item, paths: list[str]) -> None:
        if (own := self.own_path(item)) and own in paths:
            raise InvalidParameter(f"{item.url} would be overwritten by its own result", param="to")
        for folder, expression in self._matchers:
            match = next(
                (path for path in paths if path.startswith(folder) and expression.fullmatch(path[len(folder) :])), None
            )
            if match is not None:
                raise InvalidParameter(
                    f"The result {match} would be an original of the next run, as it matches the pattern: write to "
                    "another folder, or one below",
                    param="to",
                )
