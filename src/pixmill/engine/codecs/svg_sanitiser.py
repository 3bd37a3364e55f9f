"""Sanitises SVGs for renderers and browsers: removes scripts, external references and entity bombs.

Parses with expat, which loads nothing and does not recurse, and serialises an allowlist: SVG graphics and text
elements, attributes without a namespace except ``on…`` and ``ping``, references inside the document, embedded
images. (``svg-hush`` of PyPI crashes on deep nesting, keeps relative URLs, and breaks the style sheet after an
``@import``.) Must never render. Parses untrusted data: one pass, linear, bounded.
"""

import re
from dataclasses import dataclass
from xml.parsers import expat

from pixmill.engine.codecs.svg_cost import DrawingCost, DrawingCostCounter
from pixmill.errors import UndecodableImage

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"
_NAMESPACES = {"xmlns": _SVG, "xmlns:xlink": _XLINK}
_ALLOWED_PREFIXED = {f"{_XML} space": "xml:space", f"{_XML} lang": "xml:lang", f"{_XLINK} href": "xlink:href"}

# Not xml.sax.saxutils: it imports urllib.request, and with it TLS and 3 MiB, into every worker.
_TEXT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_ATTRIBUTE_ESCAPES = _TEXT_ESCAPES | str.maketrans({'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})

_ELEMENT_NAMES = """
    svg g defs symbol use switch title desc style a rect circle ellipse line polyline polygon path image marker pattern
    mask text tspan textPath tref clipPath linearGradient radialGradient stop filter
    animate animateTransform animateMotion mpath set
    feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap
    feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feImage feMerge feMergeNode
    feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence
"""
_ALLOWED_ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_IMAGE_ELEMENTS = ("image", "feImage")
_EMBEDDED_IMAGE = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)

MAX_DEPTH = 200
"""librsvg's parser allows 256."""
MAX_ELEMENTS = 200_000
"""librsvg allows a million; it needs two seconds for these."""
MAX_SELECTOR_MATCHES = 50_000_000
"""Selectors times elements: librsvg tests each pair in 50 to 120 ns, so these take 2 to 6 s."""
_MAX_GROWTH, _MIN_OUTPUT_LENGTH = 8, 2**20
"""The maximum output length, since entities multiply text: this factor of the file length, plus this many bytes."""

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_IMPORT = re.compile(r"@import[^;]*;?", re.IGNORECASE)
_URL = re.compile(r"""url\(\s*["']?\s*(#[^()"'\s]*)?[^)]*\)?""", re.IGNORECASE)
_LOADING_FUNCTION = re.compile(r"(?:-webkit-)?(?:image-set|image|src)\(", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SanitisedSvg:
    """A sanitised SVG: the attributes of its root, its content, its embedded images as data URLs, and its cost."""

    root: dict[str, str]
    content: str
    embedded_images: tuple[str, ...]
    cost: DrawingCost

    def serialise(self, **attributes: str) -> bytes:
        """Encode the file, with these attributes of the root replaced."""
        return f"<svg{_serialise_attributes(_NAMESPACES | self.root | attributes)}>{self.content}</svg>\n".encode()


def sanitise_svg(source: bytes) -> SanitisedSvg:
    """Sanitise a file.

    Raises UndecodableImage if it is no SVG or exceeds a limit, ExpatError if it is no XML.
    """
    sanitiser = _Sanitiser(_MAX_GROWTH * len(source) + _MIN_OUTPUT_LENGTH)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = sanitiser.start
    parser.EndElementHandler = sanitiser.end
    parser.CharacterDataHandler = sanitiser.text
    parser.EntityDeclHandler = sanitiser.entity
    parser.Parse(source, True)
    sanitiser.check_selector_matches()
    return SanitisedSvg(
        sanitiser.root, "".join(sanitiser.output), tuple(sanitiser.embedded_images), sanitiser.costs.cost()
    )


def sanitise_css(css: str) -> str:
    """Sanitise CSS: remove escapes, imports, and references outside the document."""
    css = _IMPORT.sub(" ", _COMMENT.sub(" ", css.replace("\\", "")))
    return _LOADING_FUNCTION.sub("none(", _URL.sub(lambda match: f"url({match[1]})" if match[1] else "none", css))


class _Sanitiser:
    """The expat handlers. ``_dropped_depth`` counts the open elements inside a removed one."""

    def __init__(self, max_length: int) -> None:
        self.root: dict[str, str] = {}
        self.output: list[str] = []
        self.embedded_images: list[str] = []
        self.costs = DrawingCostCounter()
        self._length_left = max_length
        self._prefix = f"{_SVG} "
        self._elements = self._depth = self._dropped_depth = self._selectors = 0
        self._style_text: list[str] | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        self._depth += 1
        if self._elements > MAX_ELEMENTS or self._depth > MAX_DEPTH:
            raise UndecodableImage(detail=f"more than {MAX_ELEMENTS} elements or {MAX_DEPTH} levels")
        if self._depth == 1:
            self._start_root(name, attributes)
            return
        local_name = name.removeprefix(self._prefix)
        if (
            self._dropped_depth
            or local_name not in _ALLOWED_ELEMENTS
            or self._style_text is not None
            or _is_dangerous_animation(local_name, attributes)
        ):
            self._dropped_depth += 1
            return
        if local_name == "style":
            self._style_text = []
        allowed = self._allowed_attributes(local_name, attributes)
        self.costs.start(local_name, allowed)
        self._write(f"<{local_name}{_serialise_attributes(allowed)}>")

    def end(self, name: str) -> None:
        self._depth -= 1
        if self._dropped_depth:
            self._dropped_depth -= 1
        elif self._depth:
            self.costs.end()
            if self._style_text is not None:
                css = sanitise_css("".join(self._style_text))
                self._selectors += css.count("{") + css.count(",")
                self.costs.style(css)
                self._write(css.translate(_TEXT_ESCAPES))
                self._style_text = None
            self._write(f"</{name.removeprefix(self._prefix)}>")

    def text(self, data: str) -> None:
        if self._dropped_depth or not self._depth:
            return
        self._count_output(len(data))
        if self._style_text is None:
            self.costs.text(len(data.strip()))
            self.output.append(data.translate(_TEXT_ESCAPES))
        else:
            self._style_text.append(data)

    def entity(self, _name: str, _parameter: bool, value: str | None, *_where: str | None) -> None:
        """Reject entities that refer to entities: their expansion grows exponentially."""
        if value is not None and "&" in value:
            raise UndecodableImage(detail="entity refers to another entity")

    def check_selector_matches(self) -> None:
        """Bound the cost of selector matching, once styles and elements are counted."""
        if self._selectors * self._elements > MAX_SELECTOR_MATCHES:
            raise UndecodableImage(detail=f"{self._selectors} selectors for {self._elements} elements")

    def _start_root(self, name: str, attributes: dict[str, str]) -> None:
        if name == "svg":  # without a namespace, as in many handwritten files
            self._prefix = ""
        elif name != f"{_SVG} svg":
            raise UndecodableImage(detail="root element is not svg")
        self.root = self._allowed_attributes("svg", attributes)
        self.costs.start("svg", self.root)

    def _allowed_attributes(self, element: str, attributes: dict[str, str]) -> dict[str, str]:
        allowed: dict[str, str] = {}
        for name, value in attributes.items():
            local_name = _ALLOWED_PREFIXED.get(name, name)
            if " " in local_name or local_name[:2].lower() == "on" or local_name == "ping":
                continue
            if local_name in ("href", "xlink:href"):
                if not self._is_allowed_reference(element, value):
                    continue
            elif "(" in value or "\\" in value:
                value = sanitise_css(value)  # noqa: PLW2901 - the same value, sanitised
            allowed[local_name] = value
        return allowed

    def _is_allowed_reference(self, element: str, target: str) -> bool:
        if element in _IMAGE_ELEMENTS and _EMBEDDED_IMAGE.fullmatch(target):
            self.embedded_images.append(target)
            return True
        return target.lstrip().startswith("#")

    def _write(self, text: str) -> None:
        self._count_output(len(text))
        self.output.append(text)

    def _count_output(self, length: int) -> None:
        self._length_left -= length
        if self._length_left < 0:
            raise UndecodableImage(detail="entities expand beyond the length limit")


def _is_dangerous_animation(element: str, attributes: dict[str, str]) -> bool:
    """Whether it animates an attribute that is removed elsewhere."""
    target = attributes.get("attributeName", "").strip().lower().rpartition(":")[2]
    return element in ("animate", "set") and (target in ("href", "style") or target.startswith("on"))


def _serialise_attributes(attributes: dict[str, str]) -> str:
    return "".join(f' {name}="{value.translate(_ATTRIBUTE_ESCAPES)}"' for name, value in attributes.items())
