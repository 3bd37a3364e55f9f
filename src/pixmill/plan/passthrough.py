"""Which originals are delivered as they are, whatever the plan asks for. Knows plans and formats only."""

from pixmill.media import Format
from pixmill.plan.ops import Plan


def is_delivered_unchanged(plan: Plan, kind: Format, *, is_animation: bool) -> bool:
    """Return whether an original of this format is delivered as it is, by ``passthrough``.

    An animation counts as one if the plan does not select a still of it.
    """
    options = plan.input
    keeps_frames = is_animation and options.animated and options.page == 1
    return kind in plan.output.passthrough or (plan.output.passthrough_animations and keeps_frames)
