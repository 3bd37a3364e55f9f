"""The pictures that a plan needs beside the original.

Knows where plans name pictures. Must never know who fetches them.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from pixmill.plan.geometry import stage_name
from pixmill.plan.ops import Plan, Stage
from pixmill.plan.overlays import ImageOverlay
from pixmill.plan.shapes import ImageMask
from pixmill.plan.source import SourceRef

Extras = Mapping[SourceRef, memoryview]
"""The bytes of each of these pictures."""

NO_EXTRAS: Final[Extras] = {}

MAX_REFERENCES: Final = 40
"""That all stages may refer to together: each is fetched, from wherever the request says, and takes a descriptor of a worker (``sandbox/policy.py``)."""


class Reference(NamedTuple):
    """A picture, the parameter that asks for it, and what it is called in messages."""

    source: SourceRef
    param: str
    name: str


def references(*plans: Plan) -> tuple[Reference, ...]:
    """Each picture once, by the first that asks for it, in order."""
    by_source: dict[SourceRef, Reference] = {}
    for plan in plans:
        if plan.overlays or plan.shape.mask or plan.stages:
            for reference in _plan_references(plan):
                by_source.setdefault(reference.source, reference)
    return tuple(by_source.values())


def overlay_name(number: int) -> str:
    """What the overlay of this index is called: people count from 1."""
    return f"Overlay {number + 1}"


def _plan_references(plan: Plan) -> Iterator[Reference]:
    yield from _stage_references(plan)
    for number, stage in enumerate(plan.stages, 2):
        for source, _, name in _stage_references(stage):
            yield Reference(source, "then", f"{stage_name(number)}: {name}")


def _stage_references(stage: Stage) -> Iterator[Reference]:
    if isinstance(stage.shape.mask, ImageMask):
        yield Reference(stage.shape.mask.source, "mask", "The mask")
    for number, overlay in enumerate(stage.overlays):
        if isinstance(overlay, ImageOverlay):
            yield Reference(overlay.source, "overlay", overlay_name(number))
