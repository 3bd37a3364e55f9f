"""Handlers that know the picture of a ping besides the commands."""

import time

from pixmill.engine.raster.file_access import NO_RASTER, RasterAccess
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.plan.references import NO_EXTRAS, Extras
from pixmill.ports.values import Rendered
from tests.engine.handlers import inspect, render_all
from tests.engine.handlers import render as obey

__all__ = ["inspect", "render", "render_all"]


def render(
    source: memoryview, plan: Plan, limits: Limits, extras: Extras = NO_EXTRAS, raster: RasterAccess = NO_RASTER
) -> Rendered:
    if bytes(source[:4]) == b"\x89PNG":
        time.sleep(0.01)
        return Rendered(b"pong", Format.JPEG, 1, 1)
    return obey(source, plan, limits, extras)
