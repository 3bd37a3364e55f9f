instructions: str

def resample(
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
    light_compensation: float,
    droop_compensation: float,
    linear: int,
    halve: int,
    use_avx2: int,
    /,
) -> bytearray: ...
