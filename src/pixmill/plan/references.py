"""The images that a plan refers to besides the original: overlays and masks.

Knows where plans refer to images; must never know who fetches them.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple, TypeVar

from msgspec import structs

from pixmill.plan.geometry import stage_name
from pixmill.plan.ops import ImageOverlay, Plan, Stage
from pixmill.plan.shapes import ImageMask
from pixmill.plan.source import SourceRef

Extras = Mapping[SourceRef, memoryview]
"""The bytes of each referenced image."""

NO_EXTRAS: Final[Extras] = {}

MAX_REFERENCES: Final = 40
"""Maximum of all stages together: each is fetched and takes a file descriptor of a worker (``sandbox/policy.py``)."""


class Reference(NamedTuple):
    """A referenced image, its parameter, and its name in messages."""

    source: SourceRef
    param: str
    name: str


def references(*plans: Plan) -> tuple[Reference, ...]:
    """List each referenced image once, by its first reference, in order."""
    by_source: dict[SourceRef, Reference] = {}
    for plan in plans:
        if plan.overlays or plan.shape.mask or plan.stages:
            for reference in _plan_references(plan):
                by_source.setdefault(reference.source, reference)
    return tuple(by_source.values())


def overlay_name(number: int) -> str:
    """Return the name of an overlay in messages, counted from 1."""
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
            for stage_of_overlay in (*overlay.prepare, *overlay.stages):
                for source, _, name in _stage_references(stage_of_overlay):
                    yield Reference(source, "overlay", f"{overlay_name(number)}: {name}")


AnyStage = TypeVar("AnyStage", bound=Stage)


def map_sources(plan: Plan, resolve: Callable[[SourceRef], SourceRef]) -> Plan:
    """Return the plan with ``resolve`` applied to the source of each image that it refers to."""
    if not references(plan):
        return plan
    mapped = _map_stage(plan, resolve)
    return structs.replace(mapped, stages=tuple(_map_stage(stage, resolve) for stage in plan.stages))


def _map_stage(stage: AnyStage, resolve: Callable[[SourceRef], SourceRef]) -> AnyStage:
    overlays = tuple(
        _map_overlay(overlay, resolve) if isinstance(overlay, ImageOverlay) else overlay for overlay in stage.overlays
    )
    mask = stage.shape.mask
    shape = (
        structs.replace(stage.shape, mask=structs.replace(mask, source=resolve(mask.source)))
        if isinstance(mask, ImageMask)
        else stage.shape
    )
    return structs.replace(stage, overlays=overlays, shape=shape)


def _map_overlay(overlay: ImageOverlay, resolve: Callable[[SourceRef], SourceRef]) -> ImageOverlay:
    return structs.replace(
        overlay,
        source=resolve(overlay.source),
        prepare=tuple(_map_stage(stage, resolve) for stage in overlay.prepare),
        stages=tuple(_map_stage(stage, resolve) for stage in overlay.stages),
    )
