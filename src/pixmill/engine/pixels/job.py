"""One render as its steps see it: what is wanted of which picture, with all sizes resolved.

Knows plans, headers and geometry. Must never know a pixel library.
"""

from dataclasses import dataclass, field

from msgspec.structs import replace

from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.pixels.frame import Area
from pixmill.engine.pixels.turn import Turn, asked_turn
from pixmill.plan.geometry import Box, Geometry, Size, resolve, round_half_up
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Kernel, Plan
from pixmill.plan.places import Gravity
from pixmill.plan.references import Extras

_NO_FILE = memoryview(b"")


@dataclass(frozen=True, slots=True)
class Job:
    """``geometry`` is that of the turned picture; pixels are turned late, when they are few. ``trimmed`` is what
    is left of the stored picture without its borders, None for all of it.

    ``source`` is the file itself, for a result that tells its facts; ``extras`` are those of overlays and masks.
    """

    plan: Plan
    limits: Limits
    header: Header
    turn: Turn
    geometry: Geometry
    source: memoryview = _NO_FILE
    trimmed: Box | None = None
    animated: bool = False
    extras: Extras = field(default_factory=dict)

    @property
    def need(self) -> Need:
        """The part of the stored picture that the result shows; all of the crop while a smart window is not placed."""
        geometry = self.geometry
        whole = geometry.smart
        size = geometry.scaled if whole else geometry.window
        left, top = (0, 0) if whole else geometry.window_at
        across = geometry.crop.width / geometry.scaled.width
        down = geometry.crop.height / geometry.scaled.height
        turned = Area(
            geometry.crop.left + left * across,
            geometry.crop.top + top * down,
            size.width * across,
            size.height * down,
        )
        area = self.turn.stored(turned, geometry.source)
        if self.trimmed:
            area = area.moved(-self.trimmed.left, -self.trimmed.top)
        return Need(area, _unmixed(area) if self.plan.resize.kernel is Kernel.NEAREST else self.turn.size(size))

    def looking_at(self, gravity: Gravity) -> "Job":
        """The same job with its window where this point or these regions of the turned crop want it."""
        resize = replace(self.plan.resize, gravity=gravity)
        return resolve_job(self.header, replace(self.plan, resize=resize), self.limits, self.trimmed)


def _unmixed(area: Area) -> Size:
    """As many pixels as there are: no decoder may then mix some of them into one."""
    return Size(round_half_up(area.width), round_half_up(area.height))


def resolve_job(header: Header, plan: Plan, limits: Limits, trimmed: Box | None = None) -> Job:
    """Raises InvalidParameter for a crop outside the picture, ResultTooLarge beyond the limits."""
    if header.scalable:
        plan = replace(plan, resize=replace(plan.resize, enlarge=True))
    geometry = resolve(header.turn.size(trimmed.size if trimmed else header.size), plan, limits)
    return Job(plan, limits, header, whole_turn(header, plan), geometry, trimmed=trimmed)


def whole_turn(header: Header, plan: Plan) -> Turn:
    """From the picture as stored to the one that the plan wants, but for other angles than right ones."""
    return header.turn.then(asked_turn(plan.rotate, plan.flip))
