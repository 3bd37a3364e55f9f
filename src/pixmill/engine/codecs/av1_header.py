"""Reads the colour description of an AV1 sequence header (AV1 bitstream specification, §5.5).

Parses untrusted data: short and bounded; what lies beyond the end of the data reads as zero bits.
"""

from typing import Final

_SEQUENCE_HEADER: Final = 1
_MAX_OBUS: Final = 16
_MAX_HEADER_BYTES: Final = 256
_MAX_LEB128_BYTES: Final = 8
_PROFILE_444, _PROFILE_PROFESSIONAL = 1, 2
_FIRST_LEVEL_WITH_TIER: Final = 8
_MAX_UVLC_ZEROS: Final = 32


def read_av1_colours(data: memoryview) -> tuple[int, int] | None:
    """Return the colour primaries and the transfer of the first sequence header; None if it has none."""
    header = _find_sequence_header(data)
    return None if header is None else _read_colour_description(_Bits(header))


def _find_sequence_header(data: memoryview) -> memoryview | None:
    at = 0
    for _ in range(_MAX_OBUS):
        if at >= len(data):
            return None
        first, has_extension, has_size = data[at], data[at] >> 2 & 1, data[at] >> 1 & 1
        at += 1 + has_extension
        size = len(data) - at
        if has_size:
            size, at = _read_leb128(data, at)
        if first >> 3 & 15 == _SEQUENCE_HEADER:
            return data[at : at + min(size, _MAX_HEADER_BYTES)]
        at += size
    return None


def _read_leb128(data: memoryview, at: int) -> tuple[int, int]:
    """Return the number and the position behind it."""
    value = 0
    for number, byte in enumerate(data[at : at + _MAX_LEB128_BYTES]):
        value |= (byte & 0x7F) << 7 * number
        if not byte & 0x80:
            return value, at + number + 1
    return value, at + _MAX_LEB128_BYTES


class _Bits:
    """Reads bits, most significant first."""

    def __init__(self, data: memoryview) -> None:
        self._value = int.from_bytes(data)
        self._left = 8 * len(data)

    def read(self, count: int) -> int:
        self._left -= count
        shifted = self._value >> self._left if self._left >= 0 else self._value << -self._left
        return shifted & ((1 << count) - 1)

    def skip(self, *counts: int) -> None:
        self._left -= sum(counts)

    def skip_uvlc(self) -> None:
        zeros = 0
        while zeros < _MAX_UVLC_ZEROS and not self.read(1):
            zeros += 1
        self.skip(zeros)


def _read_colour_description(bits: _Bits) -> tuple[int, int] | None:
    profile, _, reduced = bits.read(3), bits.read(1), bits.read(1)
    if reduced:
        bits.skip(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    bits.skip(width_bits, height_bits)
    if not reduced and bits.read(1):  # frame ids
        bits.skip(4, 3)
    bits.skip(3)
    if not reduced:
        _skip_inter_tools(bits)
    bits.skip(3)
    if bits.read(1) and profile == _PROFILE_PROFESSIONAL:  # more than 8 bits
        bits.skip(1)
    if profile != _PROFILE_444:
        bits.skip(1)
    return (bits.read(8), bits.read(8)) if bits.read(1) else None


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    if bits.read(1):  # timing info
        bits.skip(32, 32)
        if bits.read(1):
            bits.skip_uvlc()
        if bits.read(1):  # decoder model
            delay_bits = bits.read(5) + 1
            bits.skip(32, 5, 5)
    has_display_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.skip(12)
        if bits.read(5) >= _FIRST_LEVEL_WITH_TIER:
            bits.skip(1)
        if delay_bits and bits.read(1):
            bits.skip(delay_bits, delay_bits, 1)
        if has_display_delay and bits.read(1):
            bits.skip(4)


def _skip_inter_tools(bits: _Bits) -> None:
    bits.skip(4)
    has_order_hint = bits.read(1)
    if has_order_hint:
        bits.skip(2)
    screen_content = bits.read(1) or bits.read(1)
    if screen_content and not bits.read(1):
        bits.skip(1)
    if has_order_hint:
        bits.skip(3)
