"""Parses small XML documents into a tree with namespaces resolved.

expat loads nothing and does not recurse; a document type declaration is refused, so no entity is ever expanded. Parses
untrusted data: one pass, bounded in depth, elements and namespaces.
"""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

MAX_DEPTH: Final = 60
_MAX_ELEMENTS: Final = 20_000
_MAX_NAMESPACES: Final = 200
_XML_URI: Final = "http://www.w3.org/XML/1998/namespace"
_UTF32: Final = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (b"<\0\0\0", "utf-32-le"))
_UTF32_BIG: Final = (b"\0\0\0<", "utf-32-be")

Name = tuple[str, str]
"""Namespace URI, empty if not declared, and local name."""


class MalformedXml(Exception):
    """A document that is not XML, has a document type, or exceeds a limit."""


@dataclass(slots=True)
class Element:
    """An element; ``text`` is that in front of the first child and between children."""

    name: Name
    attributes: dict[Name, str]
    children: "list[Element]" = field(default_factory=list)
    text: str = ""


def parse_xml(document: bytes, default_prefixes: Mapping[str, str]) -> Element:
    """Return the root of a document in UTF-8, UTF-16 or UTF-32.

    ``default_prefixes`` are the namespaces of prefixes that a document uses without a declaration. Raises MalformedXml.
    """
    builder = _TreeBuilder(default_prefixes)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.document_type
    try:
        parser.Parse(_without_utf32(document), True)
    except (expat.ExpatError, UnicodeError, LookupError, ValueError) as error:
        raise MalformedXml from error
    if builder.root is None:
        raise MalformedXml
    return builder.root


def _without_utf32(document: bytes) -> bytes:
    """Convert a document in UTF-32, which expat does not know, to UTF-8."""
    for mark, encoding in (*_UTF32, _UTF32_BIG):
        if document.startswith(mark):
            return document.decode(encoding).encode()
    return document


class _TreeBuilder:
    """The expat handlers. ``_scopes`` has the prefixes of each open element."""

    def __init__(self, default_prefixes: Mapping[str, str]) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._scopes: list[Mapping[str, str]] = [{**default_prefixes, "xml": _XML_URI}]
        self._defaults = len(self._scopes[0])
        self._elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > _MAX_ELEMENTS or len(self._open) >= MAX_DEPTH:
            raise MalformedXml
        scope = self._scope(attributes)
        self._scopes.append(scope)
        element = Element(
            _expand(name, scope, scope.get("", "")),
            {
                _expand(attribute, scope, ""): value
                for attribute, value in attributes.items()
                if attribute != "xmlns" and not attribute.startswith("xmlns:")
            },
        )
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def end(self, _name: str) -> None:
        self._scopes.pop()
        self._open.pop().text = "".join(self._texts.pop())

    def text(self, data: str) -> None:
        if self._texts:
            self._texts[-1].append(data)

    def document_type(self, *_declaration: object) -> None:
        raise MalformedXml

    def _scope(self, attributes: dict[str, str]) -> Mapping[str, str]:
        declared = {
            attribute[6:]: uri
            for attribute, uri in attributes.items()
            if attribute == "xmlns" or attribute.startswith("xmlns:")
        }
        if not declared:
            return self._scopes[-1]
        scope = {**self._scopes[-1], **declared}
        if len(scope) > self._defaults + _MAX_NAMESPACES:
            raise MalformedXml
        return scope


def _expand(name: str, scope: Mapping[str, str], default: str) -> Name:
    prefix, colon, local_name = name.partition(":")
    return (scope.get(prefix, ""), local_name) if colon else (default, name)
