"""Originals that go out without becoming pixels: a drawing as a drawing, and a file of which nothing is to change.

- An SVG stays one where ``format`` is svg, auto or original and nothing but its size is asked for: sanitised, and saying the
  size of the result.
- With ``format=original`` any picture goes out byte for byte, metadata and all, where nothing is asked for that would change it.

Knows plans and geometry. Must never decode.
"""

from typing import Final, Protocol, runtime_checkable

from msgspec.structs import replace

from pixmill.engine.codecs.picture import Header, Picture
from pixmill.engine.pixels.boundary import decoding
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.writing import check_size
from pixmill.errors import UnsupportedOutput
from pixmill.media import OUTPUT_FORMATS, Format
from pixmill.plan.geometry import Size
from pixmill.plan.ops import Colour, Output, Plan, Resize
from pixmill.ports import Rendered

_NOTHING: Final = Plan()
_ANY: Final = Output(original=True)
_NEEDS_PIXELS: Final = "Only an SVG can be written as svg, and only where nothing but its size changes"


@runtime_checkable
class Vector(Protocol):
    """A picture made of shapes that can be written as such."""

    def vector(self, size: Size) -> bytes | None:
        """The file, safe, to be seen at this size; None if that is not its shape."""


def may_stay(header: Header, plan: Plan) -> bool:
    """Whether it is worth asking ``untouched``."""
    return plan.output.original or Format.SVG in (header.format, *plan.output.formats)


def untouched(picture: Picture, job: Job) -> Rendered | None:
    """The result, if no pixels are needed for it. Raises UnsupportedOutput for an SVG that would need some."""
    if not may_stay(job.header, job.plan):
        return None
    size = job.geometry.output
    body = _body(picture, job, size) if _only_sized(job) else None
    if body is not None:
        return Rendered(body, job.header.format, size.width, size.height)
    if job.plan.output.formats[:1] == (Format.SVG,):
        raise UnsupportedOutput(_NEEDS_PIXELS, param="format")
    return None


def _body(picture: Picture, job: Job, size: Size) -> bytes | None:
    output = job.plan.output
    if isinstance(picture, Vector):
        wanted = output.negotiated or output.formats in ((), (Format.SVG,))
        with decoding():
            body = picture.vector(size) if wanted else None
        if body and Format.SVG in output.formats:
            check_size(body, output)
        return body if body and not 0 < output.max_bytes < len(body) else None
    changes = job.geometry.resamples or replace(output, quality=_ANY.quality) != _ANY
    return None if changes or job.header.format not in OUTPUT_FORMATS else bytes(job.source)


def _only_sized(job: Job) -> bool:
    """Nothing is asked for but a size, and nothing is cut off or put around."""
    said = replace(job.plan, resize=Resize(), output=Output(), background=Colour())
    return said == _NOTHING and job.geometry.window == job.geometry.scaled == job.geometry.output
