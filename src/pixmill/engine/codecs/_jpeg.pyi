able: int

def decode(
    file: bytes | memoryview, width: int, height: int, shrink: int, /
) -> tuple[int, int, bytearray, int] | None: ...
