"""Which widths of a picture are worth having: pure arithmetic over its size and what is made of it.

Knows plans and geometry. Must never know URLs.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction

from pixmill.plan.geometry import resolve_all, resolve_crop
from pixmill.plan.lengths import Size, round_half_up
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Fit, Plan


def rungs(
    source: Size, widths: Iterable[int], planned: Callable[[int], Plan], limits: Limits
) -> list[tuple[int, Size]]:
    """Each width worth asking for, ascending, with the size of its result; ``planned`` makes the plan of a width.

    None is wider than the picture has pixels for: that width stands for all beyond it. Raises as ``resolve`` does.
    """
    asked = sorted(set(widths))
    most = widest(source, planned(asked[0]))
    found: dict[int, tuple[int, Size]] = {}
    for width in sorted({min(width, most) for width in asked}):
        size = resolve_all(source, planned(width), limits)[-1].output
        found.setdefault(size.width, (width, size))
    return list(found.values())


def widest(source: Size, plan: Plan) -> int:
    """The width of the box at which the picture is neither made smaller nor larger than it is."""
    turned = source.turned if plan.rotate % 180 else source
    crop, box = resolve_crop(turned, plan.crop), plan.resize
    if not box.width or not box.height:
        return crop.width
    choose = max if box.fit in (Fit.INSIDE, Fit.CONTAIN) else min
    return round_half_up(choose(Fraction(crop.width), crop.height * Fraction(box.width, box.height)))
