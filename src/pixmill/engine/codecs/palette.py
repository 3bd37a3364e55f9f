"""Palettes without loss: indexes images of few colours, and corrects entries that a quantiser moved.

Quantisers compute in linear light and round: libimagequant moves most even values by one, Pillow looks colours up in
cubes of four values. Counting is cheap: it ends at the first colour too many, which in a photograph is found within
microseconds; a drawing of 3 megapixels takes 4 ms, its index 150.

Must never know files.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image

Colour = tuple[int, ...]
"""Red, green, blue, alpha."""

TRANSPARENT: Final[Colour] = (0, 0, 0, 0)
_SAMPLE_SIDE: Final = 256
_MAX_COUNTED: Final = 16_384
"""A sample of more colours has hardly any flat areas. Counting that many takes 1 ms, more far longer."""
_MIN_FLAT_SHARE: Final = 0.5
_MIN_COLOUR_SHARE, _MIN_COUNT = 0.001, 4
"""A colour with this share of all pixels is that of a flat area, if such colours cover half of the image."""
_OPAQUE: Final = 255


@dataclass(frozen=True, slots=True)
class IndexedImage:
    """An image in mode P, and the colours of its indices: those that are not opaque first."""

    image: Image.Image
    colours: tuple[Colour, ...]

    @property
    def rgb(self) -> bytes:
        return bytes(value for colour in self.colours for value in colour[:3])

    @property
    def alphas(self) -> bytes:
        """The alpha of the colours that are not opaque."""
        return bytes(alpha for *_, alpha in self.colours if alpha < _OPAQUE)

    def packed(self, bits: int) -> bytes:
        """Return rows of 1, 2, 4 or 8 bits for each index, filled up to whole bytes."""
        return self.image.tobytes("raw", "P" if bits == 8 else f"P;{bits}")  # noqa: PLR2004 - a byte


def index_exactly(image: Image.Image, max_colours: int) -> IndexedImage | None:
    """Index an image without changing a colour; None if it has more than ``max_colours``, alpha included.

    Colours that no alpha shows count as one.
    """
    if not image.mode.endswith("A"):
        return _index_opaque(image, max_colours)
    if image.getchannel("A").getextrema() == (_OPAQUE, _OPAQUE):
        return _index_opaque(image.convert("RGB"), max_colours)
    image = _without_hidden_colours(image.convert("RGBA"))
    if not image.getcolors(max_colours):
        return None
    by_colour = _median_cut(image.convert("RGB"))
    opacity = image.getchannel("A")
    colours = _palette_of(by_colour)
    if len(colours) < max_colours and sum(opacity.histogram()[1:_OPAQUE]) == 0:
        by_colour.paste(len(colours), mask=opacity.point([_OPAQUE, *[0] * 255]))
        return _ordered(by_colour, [*((*colour, _OPAQUE) for colour in colours), TRANSPARENT])
    # Pairs of a colour's index and an alpha, as if these were red and green: median cut takes no alpha.
    pairs = _median_cut(Image.merge("RGB", (_as_grey(by_colour), opacity, opacity)))
    return _ordered(pairs, [(*colours[index], alpha) for index, alpha, _ in _palette_of(pairs)])


def _index_opaque(image: Image.Image, max_colours: int) -> IndexedImage | None:
    if not image.getcolors(max_colours):
        return None
    indexed = _median_cut(image.convert("RGB"))
    return _ordered(indexed, [(*colour, _OPAQUE) for colour in _palette_of(indexed)])


def _without_hidden_colours(image: Image.Image) -> Image.Image:
    hidden = image.getchannel("A").point([_OPAQUE, *[0] * 255])
    image = image.copy()
    image.paste(TRANSPARENT, mask=hidden)
    return image


def _median_cut(image: Image.Image) -> Image.Image:
    """Quantise an image of at most 256 colours: each has a box of its own, so none changes."""
    return image.quantize(256, Image.Quantize.MEDIANCUT)


def _palette_of(image: Image.Image) -> list[Colour]:
    """Return the colours of the indices in use and of those between."""
    values, used = image.getpalette() or [], image.getextrema()[1]
    return [tuple(values[3 * index : 3 * index + 3]) for index in range(int(used) + 1)]  # type: ignore[arg-type]  # one band


def _as_grey(image: Image.Image) -> Image.Image:
    return Image.frombytes("L", image.size, image.tobytes())


def _ordered(image: Image.Image, colours: list[Colour]) -> IndexedImage:
    """Put the colours that are not opaque first, for which a PNG needs the fewest bytes."""
    order = sorted(range(len(colours)), key=lambda index: colours[index][3] == _OPAQUE)
    table = sorted(range(len(order)), key=order.__getitem__) + [0] * (256 - len(order))
    indices = _as_grey(image).point(table)
    ordered = Image.frombytes("P", image.size, indices.tobytes())
    return IndexedImage(ordered, tuple(colours[index] for index in order))


def flat_colours(image: Image.Image, max_colours: int) -> list[Colour]:
    """Return the opaque colours of flat areas, the most frequent first.

    None if these areas cover less than half of the image, or need more than half of ``max_colours``: a gradient does.
    """
    sample = _sample(image).convert("RGBA")
    counted = sample.getcolors(_MAX_COUNTED) or ()
    pixels = sample.width * sample.height
    flat = [(count, colour) for count, colour in counted if count >= max(_MIN_COUNT, _MIN_COLOUR_SHARE * pixels)]
    if sum(count for count, _ in flat) < _MIN_FLAT_SHARE * pixels or 2 * len(flat) > max_colours:
        return []
    opaque = [(count, colour[:3]) for count, colour in flat if isinstance(colour, tuple) and colour[3] == _OPAQUE]
    return [colour for _, colour in sorted(opaque, key=lambda item: (-item[0], item[1]))]


def corrected_palette(palette: bytes, image: Image.Image, encoded: bytes, colours: Sequence[Colour]) -> bytes:
    """Return the palette (RGB) with each entry exact that stands for a colour of a flat area before all others.

    ``encoded`` is the file that the palette is from.
    """
    indices = _sample(Image.open(BytesIO(encoded))).tobytes()
    counts = Counter(zip(indices, zip(*[iter(_sample(image).convert("RGBA").tobytes())] * 4, strict=True), strict=True))
    entries = [tuple(palette[at : at + 3]) for at in range(0, len(palette), 3)]
    totals = Counter(indices)
    for (index, (*colour, alpha)), count in counts.items():
        if 2 * count > totals[index] and alpha == _OPAQUE and tuple(colour) in colours:
            entries[index] = tuple(colour)
    return bytes(value for entry in entries for value in entry)


def _sample(image: Image.Image) -> Image.Image:
    size = min(_SAMPLE_SIDE, image.width), min(_SAMPLE_SIDE, image.height)
    return image.resize(size, Image.Resampling.NEAREST)
