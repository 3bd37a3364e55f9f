"""Sanitises SVGs for renderers and browsers: removes scripts, external references and entity bombs.

Parses with expat, which loads nothing and does not recurse, and serialises an allowlist: SVG graphics and text
elements, attributes without a namespace except those that run or load, references inside the document, embedded images,
fonts and style sheets. Embedded SVGs are sanitised likewise. (``svg-hush`` of PyPI crashes on deep nesting, keeps
relative URLs, and breaks the style sheet after an ``@import``.) Must never render. Parses untrusted data: one pass,
linear, bounded.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from typing import Final
from urllib.parse import unquote
from xml.parsers import expat

from pixmill.engine.codecs.lossless.file_filter import without_metadata
from pixmill.engine.codecs.sniff import sniff
from pixmill.engine.codecs.svg_cost import DrawingCostCounter
from pixmill.engine.codecs.svg_css import sanitise_css
from pixmill.engine.codecs.svg_data_url import DataUrl, read_data_url, write_data_url
from pixmill.engine.codecs.svg_parts import (
    SVG_NAMESPACE,
    TEXT_ESCAPES,
    EmbeddedDrawing,
    EmbeddedRaster,
    Part,
    SanitisedSvg,
    drawing_url,
    raster_url,
    serialise_attribute,
)
from pixmill.engine.codecs.svg_text import check_entities, to_utf8
from pixmill.errors import UndecodableImage
from pixmill.media import MEDIA, Format

_XLINK = "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"
_ALLOWED_PREFIXED = {f"{_XML} space": "xml:space", f"{_XML} lang": "xml:lang", f"{_XLINK} href": "xlink:href"}

_ELEMENT_NAMES = """
    svg g defs symbol use switch title desc style a rect circle ellipse line polyline polygon path image marker pattern
    mask text tspan textPath tref clipPath linearGradient radialGradient stop filter view
    animate animateTransform animateMotion mpath set
    feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap
    feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feImage feMerge feMergeNode
    feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence
"""
_ALLOWED_ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_IMAGE_ELEMENTS = ("image", "feImage")
_CONTAINERS = frozenset({"svg", "g", "defs", "symbol", "a", "marker", "mask", "pattern", "clipPath"})
_LINKS = ("href", "xlink:href")
_REMOVED_ATTRIBUTES = frozenset({"ping", "attributionsrc", "src", "srcset", "requiredfeatures"})
"""In lower case. In a page of HTML, ``<image>`` within a ``<title>`` or ``<desc>`` is an ``<img>``, whose sources load.
The last one is always true in browsers (SVG 2 §5.8); librsvg tests it, and would choose another alternative."""
_SPELLINGS = {name.lower(): name for name in ("href", "style", "attributeName", "values", "from", "to", "by")}
"""Attributes that are checked by name. Others that HTML, which ignores case, would take for them are removed."""
_NAMES = ("id", "class")
"""Attributes that are compared, never interpreted."""

EMBEDDED_FORMATS: Final = frozenset(
    {Format.PNG, Format.JPEG, Format.GIF, Format.WEBP, Format.AVIF, Format.BMP, Format.ICO}
)
"""What browsers show in an ``<image>``, whatever its media type says (WHATWG MIME Sniffing, section 7)."""
_FONT_MAGIC = (b"wOFF", b"wOF2", b"OTTO", b"ttcf", b"true", b"\0\1\0\0")
_CANONICAL_IMAGE = re.compile(r"data:image/[a-z.-]+;base64,[A-Za-z0-9+/]*=*")
_CSS_TYPE = "text/css"
_GZIP = b"\x1f\x8b"

MAX_DEPTH = 200
"""librsvg's parser allows 256."""
MAX_ELEMENTS = 200_000
"""librsvg allows a million; it needs two seconds for these. Those of embedded SVGs count."""
MAX_CSS_NESTING = 256
"""librsvg parses selectors recursively; 5,000 levels overflow its stack."""
MAX_SELECTOR_MATCHES = 50_000_000
"""Selectors times elements: librsvg tests each pair in 50 to 120 ns, so these take 2 to 6 s."""
MAX_NESTING = 3
"""SVGs or style sheets within each other, as data URLs; what is deeper is removed."""
_MAX_GROWTH, _MIN_OUTPUT_LENGTH = 8, 2**20
"""The maximum output length, since entities multiply text: this factor of the file length, plus this many bytes."""

_PSEUDO_ATTRIBUTE = re.compile(r"(?<![A-Za-z])([A-Za-z]++)\s*+=\s*(?:\"([^\"<]*)\"|'([^'<]*)')")
_XML_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_STRUCTURAL = re.compile(r"[+~]|:(?:nth-|first-child|last-child|only-child)", re.IGNORECASE)
"""Selectors that count siblings."""
_REMOVED = "<metadata></metadata>"
"""Stands for a removed element where selectors count siblings."""
_CSS_SIZE = re.compile(r"(?<![-\w])(?:width|height)\s*:|\\|all\s*:", re.IGNORECASE)
_BRACKET = re.compile(r"[()]")
_PERCENT_ID = re.compile(rb"\bid\s*=\s*[\"']([^\"']*%[^\"']*)")
_C0_CONTROL_OR_SPACE = "".join(map(chr, range(0x21)))


class _NoSvg(Exception):
    """Another root element."""


def sanitise_svg(source: bytes) -> SanitisedSvg:
    """Sanitise a file.

    Raises UndecodableImage if it is no SVG or exceeds a limit, ExpatError if it is no XML.
    """
    try:
        return _sanitise(source, _Allowance(_MAX_GROWTH * len(source) + _MIN_OUTPUT_LENGTH))
    except _NoSvg:
        raise UndecodableImage(detail="root element is not svg") from None


@dataclass(slots=True)
class _Allowance:
    """What a file may still produce, together with all that is embedded in it."""

    length_left: int
    elements: int = 0
    nesting: int = 0
    selector_matches: int = 0

    def count_output(self, length: int) -> None:
        self.length_left -= length
        if self.length_left < 0:
            raise UndecodableImage(detail="entities expand beyond the length limit")


def _sanitise(source: bytes, allowance: _Allowance) -> SanitisedSvg:
    source, encoding = to_utf8(source)
    parser = expat.ParserCreate(encoding, " ")
    sanitiser = _Sanitiser(source, allowance, parser)
    parser.buffer_text = True
    parser.StartElementHandler = sanitiser.start
    parser.EndElementHandler = sanitiser.end
    parser.CharacterDataHandler = sanitiser.text
    parser.EntityDeclHandler = sanitiser.entity
    parser.EndDoctypeDeclHandler = sanitiser.end_doctype
    parser.ProcessingInstructionHandler = sanitiser.instruction
    parser.Parse(source, True)
    return sanitiser.run()


class _Sanitiser:
    """The expat handlers. ``_dropped_depth`` counts the open elements inside a removed one."""

    def __init__(self, source: bytes, allowance: _Allowance, parser: expat.XMLParserType) -> None:
        self._source, self._allowance, self._parser = source, allowance, parser
        self._root: dict[str, str] = {}
        self._prolog: list[str] = []
        self._output: list[Part | None] = []
        self._costs = DrawingCostCounter()
        self._entities: dict[str, str] = {}
        self._namespaces: tuple[str, ...] = (SVG_NAMESPACE,)
        self._elements = self._dropped_depth = self._selectors = 0
        self._open: list[str] = []
        self._style_text: list[str] | None = None
        self._counts_siblings = self._sizes_root = False
        self._percent_ids: frozenset[str] | None = None

    def run(self) -> SanitisedSvg:
        """Return the result, once styles and elements are counted: they bound the cost of selector matching."""
        self._allowance.selector_matches += self._selectors * self._elements
        if self._allowance.selector_matches > MAX_SELECTOR_MATCHES:
            raise UndecodableImage(detail=f"{self._selectors} selectors for {self._elements} elements")
        removed = _REMOVED if self._counts_siblings else ""
        parts = _merge_texts([removed if part is None else part for part in self._output])
        return SanitisedSvg("".join(self._prolog), self._root, parts, self._costs.cost(), self._sizes_root)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        self._allowance.elements += 1
        self._allowance.count_output(sum(map(len, attributes.values())))  # also of what is removed: defaults multiply
        if self._allowance.elements > MAX_ELEMENTS or len(self._open) + self._dropped_depth >= MAX_DEPTH:
            raise UndecodableImage(detail=f"more than {MAX_ELEMENTS} elements or {MAX_DEPTH} levels")
        if not self._open:
            self._start_root(name, attributes)
            return
        local_name = self._local_name(name)
        if (
            self._dropped_depth
            or local_name not in _ALLOWED_ELEMENTS
            or self._style_text is not None
            or _is_dangerous_animation(local_name, attributes)
        ):
            self._drop()
        else:
            self._keep(local_name, attributes)

    def _drop(self) -> None:
        if not self._dropped_depth and self._open[-1] in _CONTAINERS:
            self._allowance.count_output(len(_REMOVED))
            self._output.append(None)
        self._dropped_depth += 1

    def _keep(self, name: str, attributes: dict[str, str]) -> None:
        self._open.append(name)
        if name == "style":
            self._style_text = []
        self._write(f"<{name}")
        allowed: dict[str, str] = {}
        embedded: list[EmbeddedRaster | EmbeddedDrawing] = []
        for attribute, value in self._allowed_attributes(attributes).items():
            local = self._local_reference(value) if attribute in _LINKS else value
            if local is not None and (attribute not in _LINKS or name != "image"):  # which loads the document again
                allowed[attribute] = local
                self._write(serialise_attribute(attribute, local))
            elif name in _IMAGE_ELEMENTS and (image := self._embedded_image(value)):
                self._write(f' {attribute}="')
                self._output.append(image)
                self._write('"')
                embedded.append(image)
        self._write(">")
        self._costs.start(name, allowed)
        for image in embedded:
            if isinstance(image, EmbeddedDrawing):
                self._costs.embedded(image.svg.cost)

    def end(self, _name: str) -> None:
        if self._dropped_depth:
            self._dropped_depth -= 1
            return
        name = self._open.pop()
        if not self._open:
            return
        self._costs.end()
        if self._style_text is not None:
            self._write(self._style_sheet("".join(self._style_text)).translate(TEXT_ESCAPES))
            self._style_text = None
        self._write(f"</{name}>")

    def text(self, data: str) -> None:
        self._allowance.count_output(len(data))  # also of what is removed: entities multiply
        if self._dropped_depth or not self._open:
            return
        if self._style_text is None:
            self._costs.text(len(data.strip()))
            self._output.append(data.translate(TEXT_ESCAPES))
        else:
            self._style_text.append(data)

    def entity(self, name: str, parameter: bool, value: str | None, *_where: str | None) -> None:
        """Collect general entities: their expansion can grow exponentially."""
        if value is not None and not parameter:
            self._entities.setdefault(name, value)

    def end_doctype(self) -> None:
        body = self._source[max(0, self._parser.CurrentByteIndex) :] if self._entities else b""
        check_entities(self._entities, body, self._allowance.length_left)

    def instruction(self, target: str, data: str) -> None:
        """Keep embedded style sheets."""
        if target != "xml-stylesheet" or self._open or self._root:
            return
        pseudo_attributes = {name: double or single for name, double, single in _PSEUDO_ATTRIBUTE.findall(data)}
        href = pseudo_attributes.get("href", "")
        for escaped, character in _XML_ENTITIES:
            href = href.replace(escaped, character)
        sheet = self._allowed_import(href) if pseudo_attributes.get("alternate") != "yes" else None
        if sheet is not None:
            media = serialise_attribute("media", pseudo_attributes["media"]) if "media" in pseudo_attributes else ""
            text = f'<?xml-stylesheet type="{_CSS_TYPE}" href="{sheet}"{media}?>\n'
            if "?>" not in media:
                self._allowance.count_output(len(text))
                self._prolog.append(text)

    def _start_root(self, name: str, attributes: dict[str, str]) -> None:
        if name == "svg":  # without a namespace, as in many handwritten files
            self._namespaces = ("", SVG_NAMESPACE)
        if self._local_name(name) != "svg":
            raise _NoSvg
        self._open.append("svg")
        self._root = {
            attribute: value
            for attribute, value in self._allowed_attributes(attributes).items()
            if attribute not in _LINKS
        }
        self._costs.start("svg", self._root)

    def _local_name(self, name: str) -> str:
        namespace, _, local_name = name.rpartition(" ")
        return local_name if namespace in self._namespaces else ""

    def _allowed_attributes(self, attributes: dict[str, str]) -> dict[str, str]:
        allowed: dict[str, str] = {}
        for name, value in attributes.items():
            local_name = _ALLOWED_PREFIXED.get(name, name)
            lower_name = local_name.lower()
            if (
                " " in local_name
                or lower_name.startswith("on")
                or lower_name in _REMOVED_ATTRIBUTES
                or _SPELLINGS.get(lower_name, local_name) != local_name
            ):
                continue
            if local_name not in (*_LINKS, *_NAMES) and ("(" in value or "\\" in value or local_name == "style"):
                parts = value.split(";") if local_name == "values" else [value]  # SMIL splits before CSS is read
                value = ";".join(map(self._sanitise_css, parts))  # noqa: PLW2901 - the same value, sanitised
            allowed[local_name] = value
        return allowed

    def _local_reference(self, target: str) -> str | None:
        """Return a reference inside the document, percent-decoded as librsvg does not; None for another."""
        fragment = target.strip(_C0_CONTROL_OR_SPACE)
        if not fragment.startswith("#"):
            return None
        if "%" not in fragment:
            return fragment
        if self._percent_ids is None:
            ids = _PERCENT_ID.findall(self._source)
            self._percent_ids = frozenset(f"#{id_.decode('utf-8', 'replace')}" for id_ in ids)
        return fragment if fragment in self._percent_ids else unquote(fragment)

    def _embedded_image(self, target: str) -> EmbeddedRaster | EmbeddedDrawing | None:
        data_url = read_data_url(target)
        if data_url is None:
            return None
        form = sniff(memoryview(data_url.data))
        if form in EMBEDDED_FORMATS:
            filtered = without_metadata(data_url.data, form)
            data = data_url.data if filtered is None else filtered
            is_usual = data == data_url.data and _CANONICAL_IMAGE.fullmatch(target) and _has_type(target, form)
            usual = target if is_usual else raster_url(form, data)
            self._allowance.count_output(len(usual))
            return EmbeddedRaster(form, data, usual, has_metadata=filtered is None)
        is_drawing = form is Format.SVG or data_url.media_type == MEDIA[Format.SVG].mime
        return self._embedded_drawing(data_url) if is_drawing else None

    def _embedded_drawing(self, data_url: DataUrl) -> EmbeddedDrawing | None:
        """Sanitise an embedded SVG; None if it is damaged, compressed (as in browsers) or nested too deeply."""
        if self._allowance.nesting >= MAX_NESTING or data_url.data.startswith(_GZIP):
            return None
        self._allowance.nesting += 1
        try:
            with suppress(expat.ExpatError, _NoSvg):
                return EmbeddedDrawing(_sanitise(data_url.data, self._allowance), data_url.fragment)
        finally:
            self._allowance.nesting -= 1
        return None

    def _style_sheet(self, css: str) -> str:
        """Sanitise a style sheet and count what it selects."""
        css = self._sanitise_css(css)
        if _nesting(css) > MAX_CSS_NESTING:
            raise UndecodableImage(detail=f"more than {MAX_CSS_NESTING} brackets within each other in a style sheet")
        self._selectors += css.count("{") + css.count(",")
        self._counts_siblings |= _STRUCTURAL.search(css) is not None
        self._sizes_root |= _CSS_SIZE.search(css) is not None
        self._costs.style(css)
        return css

    def _sanitise_css(self, css: str) -> str:
        return sanitise_css(css, self._allowed_css_url, self._allowed_import)

    def _allowed_css_url(self, url: str) -> str | None:
        """Allow references inside the document, and embedded images and fonts."""
        local = self._local_reference(url)
        if local is not None:
            return local
        data_url = read_data_url(url)
        if data_url is None:
            return None
        if data_url.data.startswith(_FONT_MAGIC):
            return url
        image = self._embedded_image(url)
        if image is None:
            return None
        rasters = [image] if isinstance(image, EmbeddedRaster) else image.svg.rasters()
        if any(raster.has_metadata for raster in rasters):
            return None
        return image.url if isinstance(image, EmbeddedRaster) else drawing_url(image)

    def _allowed_import(self, url: str) -> str | None:
        """Sanitise an embedded style sheet."""
        data_url = read_data_url(url)
        if data_url is None or data_url.media_type != _CSS_TYPE or self._allowance.nesting >= MAX_NESTING:
            return None
        self._allowance.nesting += 1
        css = self._style_sheet(data_url.data.decode("utf-8", "replace"))
        self._allowance.nesting -= 1
        return write_data_url(f"{_CSS_TYPE};charset=utf-8", css.encode())  # counts before an @charset in the sheet

    def _write(self, text: str) -> None:
        self._allowance.count_output(len(text))
        self._output.append(text)


def _nesting(css: str) -> int:
    """Return the maximum number of round brackets within each other, at most."""
    if css.count("(") <= MAX_CSS_NESTING:
        return 0
    return max(accumulate(1 if match[0] == "(" else -1 for match in _BRACKET.finditer(css)))


def _has_type(url: str, form: Format) -> bool:
    media_type = url[len("data:") : url.index(";")]
    return media_type == MEDIA[form].mime or (form is Format.ICO and media_type == "image/x-icon")


def _merge_texts(parts: list[Part]) -> tuple[Part, ...]:
    """Join neighbouring texts."""
    merged: list[Part] = []
    texts: list[str] = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        else:
            merged += ("".join(texts), part)
            texts = []
    return (*merged, "".join(texts))


def _is_dangerous_animation(element: str, attributes: dict[str, str]) -> bool:
    """Whether it animates an attribute that is removed elsewhere, or lets a reference point outside."""
    if element not in ("animate", "set"):
        return False
    target = attributes.get("attributeName", "").strip().lower().rpartition(":")[2]
    if target != "href":
        return target == "style" or target.startswith("on")
    values = [attributes.get(name, "") for name in ("from", "to", "by")] + attributes.get("values", "").split(";")
    return not all(value.strip(_C0_CONTROL_OR_SPACE).startswith("#") for value in values if value.strip())
