"""Converts the colours of a plan, which are sRGB, to the colour space of the pixels that they are drawn on.

Must never know which operation a colour belongs to.
"""

from dataclasses import replace
from operator import is_
from typing import Any

from msgspec import Struct
from msgspec.structs import replace as replace_struct

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.wide_gamut import convert_colour, is_target
from pixmill.plan.colour import Colour


def with_colours_in(job: RenderJob, profile: bytes) -> RenderJob:
    """Return the job with its colours converted to this profile; the same if there are none."""
    plan = _converted(job.plan, profile) if is_target(profile) else job.plan
    return job if plan is job.plan else replace(job, plan=plan)


def _converted(value: Any, profile: bytes) -> Any:
    """Convert all colours in a value; the same object if none of them changes."""
    if isinstance(value, Colour):
        colour = convert_colour(value, profile)
        return value if colour == value else colour
    if isinstance(value, tuple):
        items = tuple(_converted(item, profile) for item in value)
        return value if all(map(is_, items, value)) else items
    if not isinstance(value, Struct):
        return value
    fields = {name: getattr(value, name) for name in value.__struct_fields__}
    converted = {name: _converted(field, profile) for name, field in fields.items()}
    changed = {name: field for name, field in converted.items() if field is not fields[name]}
    return replace_struct(value, **changed) if changed else value
