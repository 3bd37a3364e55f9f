"""The widths of srcset candidates: pure arithmetic over the size of the original and the plan.

Knows plans and geometry; must never know URLs.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction

from msgspec.structs import replace

from pixmill.plan.cropping import resolve_crop
from pixmill.plan.fit_rules import drawing_resize
from pixmill.plan.fitting import oriented_resize
from pixmill.plan.geometry import resolve_all
from pixmill.plan.lengths import RealSize, Size, round_length
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Fit, Plan
from pixmill.plan.relative_sides import absolute_resize
from pixmill.plan.result_size import reoriented


def srcset_widths(
    source: Size,
    widths: Iterable[int],
    plan_for: Callable[[int], Plan],
    limits: Limits,
    *,
    is_vector: bool = False,
    exact_source: RealSize | None = None,
    orientation: int = 1,
    is_unchanged: bool = False,
) -> list[tuple[int, Size]]:
    """List the distinct widths, ascending, with the size of each result; ``plan_for`` compiles the plan of a width.

    ``source`` is the size in the recorded ``orientation``, which plans may replace. Widths larger than the original are
    replaced by its natural width, unless it is a vector drawing. ``is_unchanged``: the original is delivered as it is
    in any case, so that there is one width. Raises as ``resolve`` does.
    """
    requested = sorted(set(widths))
    if is_unchanged:
        return [(min(requested[-1], source.width), source)]
    source, exact_source = reoriented(source, exact_source, orientation, plan_for(requested[0]))
    max_width = requested[-1] if is_vector else natural_width(source, plan_for(requested[0]))
    by_result_width: dict[int, tuple[int, Size]] = {}
    for width in sorted({min(width, max_width) for width in requested}):
        plan = plan_for(width)
        if is_vector:
            plan = replace(plan, resize=drawing_resize(plan.resize))
        size = resolve_all(source, plan, limits, exact_source)[-1].output
        by_result_width.setdefault(size.width, (width, size))
    return list(by_result_width.values())


def natural_width(source: Size, plan: Plan) -> int:
    """Return the width of the box at which the image is neither reduced nor enlarged."""
    oriented = source.transposed if plan.rotate % 180 else source
    crop = resolve_crop(oriented, plan.crop)
    box = oriented_resize(crop.size, absolute_resize(crop.size, plan.resize))
    if not box.width or not box.height:
        return crop.width
    choose = max if box.fit in (Fit.INSIDE, Fit.CONTAIN) else min
    return round_length(choose(Fraction(crop.width), crop.height * Fraction(box.width, box.height)))
