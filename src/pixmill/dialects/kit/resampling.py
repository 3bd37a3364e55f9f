"""How a service resamples: a plan of a dialect whose pixels are those of the service. Knows plans only."""

from msgspec.structs import replace

from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import DecodeScaling, ImageOverlay, Overlay, Plan, ResampleSpace, Stage
from pixmill.plan.output import QualityScale


def resampled(plan: Plan, space: ResampleSpace, scaling: DecodeScaling = DecodeScaling.AUTO) -> Plan:
    """Return the normal form of the plan whose stages, also those of overlays, resample in ``space``.

    With sRGB values, as the service, ``scaling`` is that of the service, and so are the qualities of JPEGs; else the
    plan keeps its own.
    """
    if space is ResampleSpace.AUTO:
        return plan
    if space is ResampleSpace.SRGB:
        encoding = replace(plan.output.encoding, quality_scale=QualityScale.JPEG)
        plan = replace(plan, input=replace(plan.input, scaling=scaling), output=replace(plan.output, encoding=encoding))
    return normal_form(
        replace(
            plan,
            resample_space=space,
            overlays=_overlays(plan.overlays, space),
            stages=_stages(plan.stages, space),
        )
    )


def _stages(stages: tuple[Stage, ...], space: ResampleSpace) -> tuple[Stage, ...]:
    return tuple(replace(stage, resample_space=space, overlays=_overlays(stage.overlays, space)) for stage in stages)


def _overlays(overlays: tuple[Overlay, ...], space: ResampleSpace) -> tuple[Overlay, ...]:
    return tuple(
        replace(overlay, prepare=_stages(overlay.prepare, space), stages=_stages(overlay.stages, space))
        if isinstance(overlay, ImageOverlay)
        else overlay
        for overlay in overlays
    )
