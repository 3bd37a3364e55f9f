"""The average colour, in linear light and weighted by opacity: that of the light which the picture sends out."""

from pixmill.engine.pixels.bridge import to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.light import from_light, to_light


def average(frame: Frame) -> str:
    """As ``#rrggbb``, and ``#rrggbbaa`` with the mean opacity for a picture that one sees through."""
    light = to_light(to_vips(frame))
    mean = light.shrink(frame.width, frame.height)
    codes = bytes(from_light(mean, alpha=frame.layout.alpha).write_to_memory())
    return hexadecimal(codes[:1] * 3 + codes[1:] if frame.grey else codes)


def hexadecimal(codes: bytes) -> str:
    """Red, green, blue, and the opacity if it is there, as CSS writes them."""
    return f"#{codes.hex()}"
