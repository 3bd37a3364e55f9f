"""The average colour, in linear light and weighted by opacity: that of the light which the picture sends out."""

from pixmill.engine.raster.convert import to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.linear_light import from_linear, to_linear


def average_colour(frame: Frame) -> str:
    """As ``#rrggbb``, and ``#rrggbbaa`` with the mean opacity for a picture that one sees through."""
    linear = to_linear(to_vips(frame))
    mean = linear.shrink(frame.width, frame.height)
    values = bytes(from_linear(mean, has_alpha=frame.layout.has_alpha).write_to_memory())
    return css_hex(values[:1] * 3 + values[1:] if frame.is_grey else values)


def css_hex(values: bytes) -> str:
    """Red, green, blue, and the opacity if it is there, as CSS writes them."""
    return f"#{values.hex()}"
