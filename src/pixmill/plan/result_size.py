"""The size of a result, from the facts of its original: pure arithmetic, no pixel is decoded.

Knows facts and plans; must never know who asks.
"""

from typing import Final

from msgspec.structs import replace

from pixmill.media import VECTOR_FORMATS
from pixmill.plan.facts import Facts, exact_size
from pixmill.plan.fit_rules import drawing_resize
from pixmill.plan.geometry import resolve_all
from pixmill.plan.lengths import RealSize, Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import DEFAULT_INPUT, Plan, Stage
from pixmill.plan.passthrough import is_delivered_unchanged

_FIRST_TRANSPOSED: Final = 5
"""EXIF orientations from this one on swap the sides."""


def result_size(facts: Facts, plan: Plan, limits: Limits) -> Size | None:
    """Return the size of the result of a plan; None if it depends on pixels, or on another page than the first.

    Raises InvalidParameter, ResultTooLarge.
    """
    source, exact_source = Size(facts.width, facts.height), exact_size(facts)
    if is_delivered_unchanged(plan, facts.format, is_animation=facts.frames > facts.pages):
        return source
    other_page = plan.input.page != DEFAULT_INPUT.page or plan.input.dpi != DEFAULT_INPUT.dpi
    is_vector = facts.format in VECTOR_FORMATS
    if (other_page and (is_vector or facts.pages > 1)) or any(map(_depends_on_pixels, (plan, *plan.stages))):
        return None
    source, exact_source = reoriented(source, exact_source, facts.orientation, plan)
    if is_vector:
        plan = replace(plan, resize=drawing_resize(plan.resize))
    return resolve_all(source, plan, limits, exact_source)[-1].output


def _depends_on_pixels(stage: Stage) -> bool:
    return stage.trim is not None or any(overlay.placement.may_grow for overlay in stage.overlays)


def reoriented(
    source: Size, exact_source: RealSize | None, orientation: int, plan: Plan
) -> tuple[Size, RealSize | None]:
    """Return the sizes in the orientation of the plan, which may replace the recorded ``orientation``."""
    given = plan.input.orientation or orientation
    if (given >= _FIRST_TRANSPOSED) is (orientation >= _FIRST_TRANSPOSED):
        return source, exact_source
    return source.transposed, exact_source and exact_source.transposed
