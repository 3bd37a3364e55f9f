"""One render as its steps see it: what is wanted of which picture, with all sizes resolved.

Knows plans, headers and geometry. Must never know a pixel library.
"""

from dataclasses import dataclass, field
from dataclasses import replace as changed

from msgspec.structs import replace

from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.pixels.frame import Area
from pixmill.engine.pixels.turn import Turn, asked_turn
from pixmill.plan.geometry import Box, Geometry, Size, resolve_all, round_half_up
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Kernel, Plan, Stage
from pixmill.plan.output import Profile
from pixmill.plan.places import Gravity
from pixmill.plan.references import Extras

_NO_FILE = memoryview(b"")


@dataclass(frozen=True, slots=True)
class Job:
    """``geometry`` is that of the turned picture; pixels are turned late, when they are few. ``trimmed`` is what
    is left of the stored picture without its borders, None for all of it.

    ``source`` is the file itself, for a result that tells its facts; ``extras`` are those of overlays and masks. ``later`` are the
    jobs of the stages after this one, each as if what the one before it makes were its original.
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
    later: "tuple[Job, ...]" = ()

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
        wanted = _unmixed(area) if self.plan.resize.kernel is Kernel.NEAREST else self.turn.size(size)
        output = self.plan.output
        return Need(area, wanted, output.encoding.mode, srgb=output.profile is Profile.SRGB)

    @property
    def stages(self) -> "tuple[Job, ...]":
        """The job itself and those after it."""
        return (
            self,
            *(changed(job, source=self.source, animated=self.animated, extras=self.extras) for job in self.later),
        )

    def looking_at(self, gravity: Gravity) -> "Job":
        """The same job with its window where this point or these regions of the turned crop want it."""
        resize = replace(self.plan.resize, gravity=gravity)
        return resolve_job(self.header, replace(self.plan, resize=resize, stages=()), self.limits, self.trimmed)


def _unmixed(area: Area) -> Size:
    """As many pixels as there are: no decoder may then mix some of them into one."""
    return Size(round_half_up(area.width), round_half_up(area.height))


def resolve_job(header: Header, plan: Plan, limits: Limits, trimmed: Box | None = None) -> Job:
    """Raises InvalidParameter for a crop outside the picture, ResultTooLarge beyond the limits."""
    if header.scalable:
        plan = replace(plan, resize=replace(plan.resize, enlarge=True))
    first, *others = resolve_all(header.turn.size(trimmed.size if trimmed else header.size), plan, limits)
    later = tuple(
        _later(header, plan, stage, geometry, limits) for stage, geometry in zip(plan.stages, others, strict=True)
    )
    return Job(plan, limits, header, whole_turn(header, plan), first, trimmed=trimmed, later=later)


def _later(header: Header, plan: Plan, stage: Stage, geometry: Geometry, limits: Limits) -> Job:
    """A stage on a picture that lies as it is seen."""
    done = {name: getattr(stage, name) for name in Stage.__struct_fields__}
    alone = Plan(**done, input=plan.input, output=plan.output, question=plan.question)
    turn = asked_turn(stage.rotate, stage.flip)
    seen = changed(header, size=turn.size(geometry.source), orientation=1, upright=True, scalable=False)
    return Job(alone, limits, seen, turn, geometry)


def whole_turn(header: Header, plan: Plan) -> Turn:
    """From the picture as stored to the one that the plan wants, but for other angles than right ones."""
    return header.turn.then(asked_turn(plan.rotate, plan.flip))
