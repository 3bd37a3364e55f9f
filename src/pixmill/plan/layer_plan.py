"""The plan of an overlay image: how it is processed before it is placed on its canvas.

Knows plans and sizes; must never know pixels.
"""

from pixmill.plan.lengths import Size
from pixmill.plan.ops import Fit, ImageOverlay, Output, Plan, ResampleSpace, Resize, Stage
from pixmill.plan.output import Profile


def layer_plan(
    overlay: ImageOverlay,
    canvas: Size,
    profile: Profile = Profile.SRGB,
    space: ResampleSpace = ResampleSpace.AUTO,
) -> Plan:
    """Return the plan: the stages before the box, the box in pixels of the canvas, the stages after it."""
    sides = ((overlay.width, canvas.width), (overlay.height, canvas.height))
    width, height = (max(1, length.pixels(side)) if length else 0 for length, side in sides)
    resize = Resize(width, height, Fit(overlay.fit.value), enlarge=True)
    box = (Stage(resize=resize, resample_space=space),) if width or height else ()
    first, *others = (*overlay.prepare, *box, *overlay.stages) or (Stage(),)
    operations = {name: getattr(first, name) for name in Stage.__struct_fields__}
    return Plan(**operations, stages=tuple(others), output=Output(profile=profile))
