"""Rewrites XMP: parses a packet and builds a new one of the properties that may stay.

A packet that cannot be parsed is left out. Properties are recognised by namespace and name, in all the ways RDF has of
writing them: attributes and elements, structures, arrays, several descriptions. Nothing else of the packet is copied:
no comments, processing instructions, unknown RDF syntax or text around the properties.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from pixmill.engine.metadata.place_names import places_of_keywords
from pixmill.engine.metadata.xml_tree import Element, MalformedXml, Name, parse_xml
from pixmill.engine.metadata.xmp_properties import (
    ADDRESS_NAMES,
    CREDITS,
    KEYWORD_HIERARCHIES,
    PREFIXES,
    RDF,
    XML,
    XMP_META,
    PropertyKind,
    canonical_uri,
    property_kind,
)

TextFilter = Callable[[str], bool]
"""Whether a text may stay."""

_MAX_BYTES: Final = 2**20
_MAX_VALUE_CHARS: Final = 8_000
"""A longer value, such as an embedded image, is left out."""

_DESCRIPTION: Final = (RDF, "Description")
_RDF_ELEMENTS: Final = frozenset((RDF, name) for name in ("Description", "Bag", "Seq", "Alt", "li", "value"))
_RDF_ATTRIBUTES: Final = frozenset(((RDF, "parseType"), (RDF, "resource"), (XML, "lang")))
_ATTRIBUTE_VALUES: Final = {(RDF, "parseType"): ("Resource",)}
_RDF_SEARCH_DEPTH: Final = 3
_PREFIX_OF: Final = {uri: prefix for prefix, uri in PREFIXES.items()} | {XML: "xml"}

_HEAD: Final = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_TAIL: Final = '<?xpacket end="w"?>'

_TEXT_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_ATTRIBUTE_ESCAPES: Final = _TEXT_ESCAPES | str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})


class XmpContent(Enum):
    """Which properties stay."""

    DETAILS = auto()
    """Those that fit any result and tell no place."""

    DETAILS_AND_PLACE = auto()
    """Also those that tell a place, and those of unknown namespaces."""

    ORIGINAL_WITHOUT_PLACE = auto()
    """Those that describe the original, except the place and unknown ones."""


_KINDS: Final = {
    XmpContent.DETAILS: (PropertyKind.DETAIL,),
    XmpContent.DETAILS_AND_PLACE: (PropertyKind.DETAIL, PropertyKind.PLACE, PropertyKind.UNKNOWN),
    XmpContent.ORIGINAL_WITHOUT_PLACE: (PropertyKind.DETAIL, PropertyKind.FILE),
}


def parse_xmp(packet: bytes) -> list[Element]:
    """Return the properties of a packet as elements; empty if it cannot be parsed."""
    try:
        root = parse_xml(packet if b"\0" in packet[:8] else packet.strip(b"\0 \r\n\t"), PREFIXES)
    except MalformedXml:
        return []
    _canonicalise(root)
    descriptions = list(_descriptions(root, _RDF_SEARCH_DEPTH)) or [root]
    return [prop for description in descriptions for prop in _properties(description)]


def place_names(properties: list[Element]) -> list[str]:
    """Return the names of places that the properties tell."""
    return [name for prop in properties for name in _place_names(prop)]


def property_texts(properties: list[Element], name: Name) -> list[str]:
    """Return the values of a property, without its qualifiers and whatever else is nested in it."""
    return [text for prop in properties if prop.name == name for text in _values(prop)]


def write_xmp(properties: list[Element], content: XmpContent, allow_text: TextFilter) -> str:
    """Build the ``x:xmpmeta`` element of the properties that may stay; empty if there are none."""
    kept = [filtered for prop in properties if (filtered := _filter(prop, content, allow_text)) is not None]
    if not kept:
        return ""
    writer = _Writer()
    body = "".join(writer.element(prop) for prop in kept)
    text = (
        f'<x:xmpmeta xmlns:x="{XMP_META}"><rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about=""'
        f"{writer.declarations()}>{body}</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    return text if len(text) <= _MAX_BYTES else ""


def wrap_packet(text: str) -> bytes:
    """Encode with the packet wrapper (XMP part 1, §7.3); empty for no text."""
    return f"{_HEAD}{text}{_TAIL}".encode() if text else b""


def _canonicalise(root: Element) -> None:
    """Replace namespaces that are known in another spelling."""
    stack = [root]
    while stack:
        element = stack.pop()
        element.name = (canonical_uri(element.name[0]), element.name[1])
        element.attributes = {(canonical_uri(uri), name): value for (uri, name), value in element.attributes.items()}
        stack.extend(element.children)


def _descriptions(element: Element, depth: int) -> Iterator[Element]:
    for child in element.children if element.name != _DESCRIPTION else ():
        if child.name == _DESCRIPTION:
            yield child
        elif depth:
            yield from _descriptions(child, depth - 1)


def _properties(description: Element) -> Iterator[Element]:
    """Yield the properties of a description, those written as attributes too."""
    for name, value in description.attributes.items():
        if name[0] not in (RDF, XML, XMP_META, ""):
            yield Element(name, {}, text=value)
    yield from description.children


def _place_names(element: Element) -> Iterator[str]:
    if element.name[1] in ADDRESS_NAMES:
        yield from _texts(element)
    elif element.name[1] in KEYWORD_HIERARCHIES:
        for text in _texts(element):
            yield from places_of_keywords(text)
    else:
        for (_, name), value in element.attributes.items():
            if name in ADDRESS_NAMES:
                yield value
        for child in element.children:
            yield from _place_names(child)


def _values(element: Element) -> Iterator[str]:
    """Yield the texts of an element and of the RDF in it, without those that are only white space."""
    if element.text.strip():
        yield element.text.strip()
    for child in element.children:
        if child.name in _RDF_ELEMENTS:
            yield from _values(child)


def _texts(element: Element) -> Iterator[str]:
    """Yield all texts inside an element, without those that are only white space."""
    if element.text.strip():
        yield element.text.strip()
    for name, value in element.attributes.items():
        if name[0] not in (RDF, XML) and value.strip():
            yield value.strip()
    for child in element.children:
        yield from _texts(child)


@dataclass(frozen=True, slots=True)
class _Rule:
    content: XmpContent
    allow_text: TextFilter

    def allows(self, name: Name) -> bool:
        is_qualified = bool(name[0]) and ":" not in name[1]
        return is_qualified and property_kind(*name) in _KINDS[self.content]

    def allows_text(self, text: str, *, is_credit: bool) -> bool:
        return len(text) <= _MAX_VALUE_CHARS and (is_credit or not text.strip() or self.allow_text(text))


def _filter(prop: Element, content: XmpContent, allow_text: TextFilter) -> Element | None:
    """Return a copy of what may stay of a property; None if nothing does."""
    rule = _Rule(content, allow_text)
    return _filtered(prop, rule, is_credit=prop.name in CREDITS) if rule.allows(prop.name) else None


def _filtered(element: Element, rule: _Rule, *, is_credit: bool) -> Element | None:
    if not rule.allows_text(element.text, is_credit=is_credit):
        return None
    attributes = {
        name: value
        for name, value in element.attributes.items()
        if _allows_attribute(name, value, rule) and rule.allows_text(value, is_credit=is_credit)
    }
    children = [
        filtered
        for child in element.children
        if (child.name in _RDF_ELEMENTS or rule.allows(child.name))
        and (filtered := _filtered(child, rule, is_credit=is_credit or child.name in CREDITS)) is not None
    ]
    text = element.text.strip() if element.children else element.text
    has_value = bool(children or text or any(name[1] not in ("lang", "parseType") for name in attributes))
    was_empty = not element.children and not element.attributes
    return Element(element.name, attributes, children, "" if children else text) if has_value or was_empty else None


def _allows_attribute(name: Name, value: str, rule: _Rule) -> bool:
    if name in _RDF_ATTRIBUTES:
        return value in _ATTRIBUTE_VALUES.get(name, (value,))
    return name[0] not in (RDF, XML) and rule.allows(name)


class _Writer:
    """Serialises elements with one prefix for each namespace."""

    def __init__(self) -> None:
        self._prefixes: dict[str, str] = {}

    def element(self, element: Element) -> str:
        name = self._qualified(element.name)
        attributes = "".join(
            f' {self._qualified(attribute)}="{value.translate(_ATTRIBUTE_ESCAPES)}"'
            for attribute, value in element.attributes.items()
        )
        content = element.text.translate(_TEXT_ESCAPES) + "".join(self.element(child) for child in element.children)
        return f"<{name}{attributes}>{content}</{name}>" if content else f"<{name}{attributes}/>"

    def declarations(self) -> str:
        """Declare the namespaces of what has been written."""
        return "".join(
            f' xmlns:{prefix}="{uri.translate(_ATTRIBUTE_ESCAPES)}"'
            for uri, prefix in self._prefixes.items()
            if uri not in (RDF, XML)
        )

    def _qualified(self, name: Name) -> str:
        uri, local_name = name
        prefix = self._prefixes.setdefault(uri, _PREFIX_OF.get(uri, f"ns{len(self._prefixes)}"))
        return f"{prefix}:{local_name}"
