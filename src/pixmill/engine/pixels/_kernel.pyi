"""The compiled kernel, which is there when a C compiler was."""

instructions: str

def resample(  # noqa: PLR0913  # the C side of resample.resample, by position
    pixels: bytes | bytearray | memoryview,
    width: int,
    height: int,
    layout: int,
    box: tuple[float, float, float, float],
    out_width: int,
    out_height: int,
    stride: int,
    depth: int,
    out_depth: int,
    fast: int,
    /,
) -> bytearray: ...
