"""A sanitised SVG as a value: text, and the images embedded in it, which can be exchanged when it is written.

Must never know what was removed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pixmill.engine.codecs.svg_cost import DrawingCost
from pixmill.engine.codecs.svg_data_url import write_data_url
from pixmill.media import MEDIA, Format

SVG_NAMESPACE = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_NAMESPACES = {"xmlns": SVG_NAMESPACE, "xmlns:xlink": _XLINK}

# Not xml.sax.saxutils: it imports urllib.request, and with it TLS and 3 MiB, into every worker.
TEXT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_ATTRIBUTE_ESCAPES = TEXT_ESCAPES | str.maketrans({'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


@dataclass(frozen=True, slots=True)
class EmbeddedRaster:
    """An embedded image of pixels, and its data URL with the media type of its content.

    ``has_metadata``: some is left that can be removed only by decoding the image.
    """

    format: Format
    data: bytes
    url: str
    has_metadata: bool = False


@dataclass(frozen=True, slots=True)
class EmbeddedDrawing:
    """An SVG embedded as an image, and the fragment of its URL."""

    svg: "SanitisedSvg"
    fragment: str = ""


Part = str | EmbeddedRaster | EmbeddedDrawing
RasterUrl = Callable[[EmbeddedRaster], str]
"""Returns the data URL that is written for an embedded image."""


def _own_url(raster: EmbeddedRaster) -> str:
    return raster.url


@dataclass(frozen=True, slots=True)
class SanitisedSvg:
    """A sanitised SVG: the style sheets before its root, the attributes of the root, its content, and its cost."""

    prolog: str
    root: dict[str, str]
    parts: tuple[Part, ...]
    cost: DrawingCost
    sizes_root_by_css: bool = False
    """Whether a style sheet may set the width or the height of the root."""

    def serialise(
        self, raster_url: RasterUrl = _own_url, attributes: Mapping[str, str] = MappingProxyType({})
    ) -> bytes:
        """Encode the file, with these attributes of the root replaced."""
        content = "".join(_written(part, raster_url) for part in self.parts)
        root = "".join(serialise_attribute(*item) for item in {**_NAMESPACES, **self.root, **attributes}.items())
        return f"{self.prolog}<svg{root}>{content}</svg>\n".encode()

    def rasters(self) -> Iterator[EmbeddedRaster]:
        """Yield all embedded images of pixels, also those of embedded drawings."""
        for part in self.parts:
            if isinstance(part, EmbeddedRaster):
                yield part
            elif isinstance(part, EmbeddedDrawing):
                yield from part.svg.rasters()


def raster_url(form: Format, data: bytes) -> str:
    """Return the canonical data URL of an image."""
    return write_data_url(MEDIA[form].mime, data)


def drawing_url(drawing: EmbeddedDrawing, raster_url: RasterUrl = _own_url) -> str:
    """Return the data URL of an embedded SVG."""
    return write_data_url(MEDIA[Format.SVG].mime, drawing.svg.serialise(raster_url), drawing.fragment)


def serialise_attribute(name: str, value: str) -> str:
    """Write an attribute of an element."""
    return f' {name}="{value.translate(_ATTRIBUTE_ESCAPES)}"'


def _written(part: Part, raster_url: RasterUrl) -> str:
    if isinstance(part, str):
        return part
    url = raster_url(part) if isinstance(part, EmbeddedRaster) else drawing_url(part, raster_url)
    return url.translate(_ATTRIBUTE_ESCAPES)
