"""SVG as we let it near a renderer or a browser: drawing and text, and nothing that runs, loads or explodes.

Read by expat, which loads nothing and does not recurse, and written anew from what is allowed: elements of SVG that draw,
attributes without a namespace except ``on…`` and ``ping``, references within the document, embedded pictures. (The ``svg-hush`` of
PyPI dies of deep nesting, leaves relative URLs, and spoils the style sheet behind an ``@import``.)
Knows XML and CSS. Must never render. Reads what strangers wrote: one pass, linear, bounded.
"""

import re
from dataclasses import dataclass
from xml.parsers import expat

from pixmill.errors import UndecodableImage

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"
_DECLARED = {"xmlns": _SVG, "xmlns:xlink": _XLINK}
_KEPT_PREFIXED = {f"{_XML} space": "xml:space", f"{_XML} lang": "xml:lang", f"{_XLINK} href": "xlink:href"}

# Not xml.sax.saxutils: it brings urllib.request, with it TLS, and 3 MiB, into every worker.
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_IN_QUOTES = _IN_TEXT | str.maketrans({'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})

_ELEMENTS = """
    svg g defs symbol use switch title desc style a rect circle ellipse line polyline polygon path image marker pattern mask
    text tspan textPath tref clipPath linearGradient radialGradient stop filter animate animateTransform animateMotion mpath set
    feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight
    feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feImage feMerge feMergeNode feMorphology feOffset
    fePointLight feSpecularLighting feSpotLight feTile feTurbulence
"""
_DRAWS = frozenset(_ELEMENTS.split())
_SHOWS = ("image", "feImage")
_EMBEDDED = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)

MAX_DEPTH = 200
"""librsvg's parser takes 256."""
MAX_ELEMENTS = 200_000
"""librsvg takes a million; these take it two seconds."""
MAX_MATCHES = 50_000_000
"""Selectors times elements: librsvg tries each with each, at 50 to 120 ns: this many take 2 to 6 s."""
_GROWTH, _ROOM = 8, 2**20
"""How much longer than the file the result may become, since entities repeat themselves: so many times, and bytes on top."""

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_IMPORT = re.compile(r"@import[^;]*;?", re.IGNORECASE)
_URL = re.compile(r"""url\(\s*["']?\s*(#[^()"'\s]*)?[^)]*\)?""", re.IGNORECASE)
_LOADING = re.compile(r"(?:-webkit-)?(?:image-set|image|src)\(", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SafeSvg:
    """A drawing made safe: the attributes of its root, what is in it, and the pictures embedded, as data URLs."""

    root: dict[str, str]
    inside: str
    embedded: tuple[str, ...]

    def text(self, **attributes: str) -> bytes:
        """The file, with these attributes on its root in place of its own."""
        return f"<svg{_written(_DECLARED | self.root | attributes)}>{self.inside}</svg>\n".encode()


def sanitised(source: bytes) -> SafeSvg:
    """Raises UndecodableImage for what is no SVG or beyond the bounds, ExpatError for what is no XML."""
    copy = _Copy(_GROWTH * len(source) + _ROOM)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = copy.start
    parser.EndElementHandler = copy.end
    parser.CharacterDataHandler = copy.text
    parser.EntityDeclHandler = copy.entity
    parser.Parse(source, True)
    copy.check_matches()
    return SafeSvg(copy.root, "".join(copy.out), tuple(copy.embedded))


def inert(css: str) -> str:
    """A style that loads nothing: without escapes and imports, and with references into its own document only."""
    css = _IMPORT.sub(" ", _COMMENT.sub(" ", css.replace("\\", "")))
    return _LOADING.sub("none(", _URL.sub(lambda found: f"url({found[1]})" if found[1] else "none", css))


class _Copy:
    """What expat's handlers write. ``dropped`` counts how deep we are in something left out."""

    def __init__(self, room: int) -> None:
        self.root: dict[str, str] = {}
        self.out: list[str] = []
        self.embedded: list[str] = []
        self._room = room
        self._prefix = f"{_SVG} "
        self._elements = self._depth = self._dropped = self._selectors = 0
        self._style: list[str] | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        self._depth += 1
        if self._elements > MAX_ELEMENTS or self._depth > MAX_DEPTH:
            raise UndecodableImage(detail=f"more than {MAX_ELEMENTS} elements, or {MAX_DEPTH} in each other")
        if self._depth == 1:
            self._begin(name, attributes)
            return
        plain = name.removeprefix(self._prefix)
        if self._dropped or plain not in _DRAWS or self._style is not None or _dangerous(plain, attributes):
            self._dropped += 1
            return
        if plain == "style":
            self._style = []
        self._write(f"<{plain}{_written(self._allowed(plain, attributes))}>")

    def end(self, name: str) -> None:
        self._depth -= 1
        if self._dropped:
            self._dropped -= 1
        elif self._depth:
            if self._style is not None:
                css = inert("".join(self._style))
                self._selectors += css.count("{") + css.count(",")
                self._write(css.translate(_IN_TEXT))
                self._style = None
            self._write(f"</{name.removeprefix(self._prefix)}>")

    def text(self, data: str) -> None:
        if self._dropped or not self._depth:
            return
        self._spend(len(data))
        if self._style is None:
            self.out.append(data.translate(_IN_TEXT))
        else:
            self._style.append(data)

    def entity(self, _name: str, _parameter: bool, value: str | None, *_where: str | None) -> None:
        """Entities are texts; those made of others grow without end."""
        if value is not None and "&" in value:
            raise UndecodableImage(detail="an entity made of entities")

    def check_matches(self) -> None:
        """What the styles ask of the elements, once both are known."""
        if self._selectors * self._elements > MAX_MATCHES:
            raise UndecodableImage(detail=f"{self._selectors} selectors for {self._elements} elements")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "svg":  # without a namespace, as many are written by hand
            self._prefix = ""
        elif name != f"{_SVG} svg":
            raise UndecodableImage(detail="its root is no svg")
        self.root = self._allowed("svg", attributes)

    def _allowed(self, element: str, attributes: dict[str, str]) -> dict[str, str]:
        kept: dict[str, str] = {}
        for name, value in attributes.items():
            plain = _KEPT_PREFIXED.get(name, name)
            if " " in plain or plain[:2].lower() == "on" or plain == "ping":
                continue
            if plain in ("href", "xlink:href"):
                if not self._refers(element, value):
                    continue
            elif "(" in value or "\\" in value:
                value = inert(value)  # noqa: PLW2901 - the same value made safe
            kept[plain] = value
        return kept

    def _refers(self, element: str, target: str) -> bool:
        if element in _SHOWS and _EMBEDDED.fullmatch(target):
            self.embedded.append(target)
            return True
        return target.lstrip().startswith("#")

    def _write(self, text: str) -> None:
        self._spend(len(text))
        self.out.append(text)

    def _spend(self, length: int) -> None:
        self._room -= length
        if self._room < 0:
            raise UndecodableImage(detail="its entities make it too long")


def _dangerous(element: str, attributes: dict[str, str]) -> bool:
    """An animation of what we take out elsewhere."""
    target = attributes.get("attributeName", "").strip().lower().rpartition(":")[2]
    return element in ("animate", "set") and (target in ("href", "style") or target.startswith("on"))


def _written(attributes: dict[str, str]) -> str:
    return "".join(f' {name}="{value.translate(_IN_QUOTES)}"' for name, value in attributes.items())
