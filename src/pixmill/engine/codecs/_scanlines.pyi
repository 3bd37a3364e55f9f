from pixmill.engine.raster.frame import PixelBuffer

instructions: str

def filter(  # noqa: A001 - only with the module in front
    pixels: PixelBuffer, width: int, height: int, stored: int, kept: int, bits: int, strategy: int, use_avx2: bool, /
) -> bytearray: ...
def index(
    pixels: PixelBuffer, width: int, height: int, stored: int, channels: int, max_colours: int, /
) -> tuple[bytearray, bytes] | None: ...
def survey(pixels: PixelBuffer, width: int, height: int, stored: int, channels: int, /) -> tuple[int, int, float]: ...
