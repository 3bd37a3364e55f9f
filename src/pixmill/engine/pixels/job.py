"""One render as its steps see it: what is wanted of which picture, with all sizes resolved.

Knows plans, headers and geometry. Must never know a pixel library.
"""

from dataclasses import dataclass

from msgspec.structs import replace

from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.pixels.frame import Area
from pixmill.engine.pixels.turn import Turn, asked_turn
from pixmill.plan.geometry import Geometry, resolve
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan, Point


@dataclass(frozen=True, slots=True)
class Job:
    """``geometry`` is that of the turned picture; pixels are turned late, when they are few."""

    plan: Plan
    limits: Limits
    header: Header
    turn: Turn
    geometry: Geometry

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
        return Need(self.turn.stored(turned, geometry.source), self.turn.size(size))

    def looking_at(self, point: Point) -> "Job":
        """The same job with its window centred on a point of the turned crop."""
        resize = replace(self.plan.resize, gravity=point)
        return resolve_job(self.header, replace(self.plan, resize=resize), self.limits)


def resolve_job(header: Header, plan: Plan, limits: Limits) -> Job:
    """Raises InvalidParameter for a crop outside the picture, ResultTooLarge beyond the limits."""
    geometry = resolve(header.turn.size(header.size), plan, limits)
    return Job(plan, limits, header, header.turn.then(asked_turn(plan.rotate, plan.flip)), geometry)
