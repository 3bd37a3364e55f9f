"""Reads multipart/form-data (RFC 7578) as it arrives: one file, and fields.

The parser is python-multipart, that of Starlette; this bounds parts, headers and fields, and says what a part is. Must
never hold a file: its bytes are handed on piece by piece.
"""

import logging
from typing import Final
from urllib.parse import quote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from pixmill.errors import ConflictingParameters, MalformedRequest, MissingParameter, UploadTooLarge

MEDIA_TYPE: Final = b"multipart/form-data"
MAX_PARTS: Final = 128
MAX_FIELD_BYTES: Final = 8_192
"""Names and values of all fields together, as those of a query."""

MAX_OVERHEAD_BYTES: Final = 64 * 1024
"""What a form may have besides the file: boundaries, headers of parts, fields."""

_MAX_HEADERS: Final = 8
_MAX_HEADER_BYTES: Final = 2_048
_MAX_BOUNDARY_BYTES: Final = 70
"""RFC 2046 §5.1.1."""

_PLAIN_ENCODINGS: Final = frozenset({"", "binary", "7bit", "8bit"})

_NO_LOG: Final = logging.Logger("none", logging.CRITICAL + 1)  # noqa: LOG001 - one that nothing else can reach
"""Of parsers, which warn of every malformed body: the access log has its error."""


def form_boundary(content_type: str) -> bytes | None:
    """Return the boundary of a form, None if the body is no form. Raises MalformedRequest."""
    media_type, options = parse_options_header(content_type)
    if media_type != MEDIA_TYPE:
        return None
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= _MAX_BOUNDARY_BYTES:
        raise MalformedRequest("The Content-Type of a form has a boundary of 1 to 70 characters")
    return boundary


class FormReader:
    """Reads one form. The first file is the image; a second one is an error.

    A part is a file if it has a file name, or is of the type image/…. Browsers send an empty one if no file was
    chosen, and an empty field for an input that was left empty: both are as good as absent.
    """

    def __init__(self, boundary: bytes) -> None:
        self.fields: list[tuple[str, str]] = []
        self.has_file = False
        self._pieces: list[bytes] = []
        self._part_count = 0
        self._field_bytes = 0
        self._headers: dict[str, str] = {}
        self._header_name, self._header_value = bytearray(), bytearray()
        self._name, self._value = "", bytearray()
        self._is_file = self._is_begun = False
        self._is_complete = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_part_data": self._add_data,
                "on_part_end": self._end_part,
                "on_header_field": lambda data, start, end: self._header_name.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header_value.extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_end": self._end,
            },
            max_header_count=_MAX_HEADERS,
            max_header_size=_MAX_HEADER_BYTES,
        )
        self._parser.logger = _NO_LOG

    def feed(self, chunk: bytes) -> list[bytes]:
        """Parse a chunk of the body; return the bytes of the file in it. Raises BadRequest."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise MalformedRequest("The form is not well-formed multipart/form-data", detail=str(error)) from None
        pieces, self._pieces = self._pieces, []
        return pieces

    def finish(self) -> bytes:
        """Return the fields as a query, after the last chunk. Raises BadRequest."""
        if not self._is_complete:
            raise MalformedRequest("The form ends before its last boundary")
        if not self.has_file:
            raise MissingParameter("The form has no file: choose one, in a field of any name", param="file")
        return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in self.fields).encode()

    def _begin_part(self) -> None:
        self._part_count += 1
        if self._part_count > MAX_PARTS:
            raise UploadTooLarge(f"A form may have at most {MAX_PARTS} fields")
        self._headers = {}

    def _end_header(self) -> None:
        self._headers[self._header_name.decode("latin-1").strip().lower()] = self._header_value.decode("latin-1")
        self._header_name, self._header_value = bytearray(), bytearray()

    def _end_headers(self) -> None:
        kind, options = parse_options_header(self._headers.get("content-disposition", ""))
        if kind != b"form-data" or b"name" not in options:
            raise MalformedRequest("Each part of a form has Content-Disposition: form-data with a name")
        if self._headers.get("content-transfer-encoding", "").strip().lower() not in _PLAIN_ENCODINGS:
            raise MalformedRequest("Parts of a form are sent as they are, without Content-Transfer-Encoding")
        self._name, self._value = _text(options[b"name"]), bytearray()
        media_type = self._headers.get("content-type", "").strip().lower()
        self._is_file = b"filename" in options or media_type.startswith("image/")
        self._is_begun = False
        if not self._is_file:
            self._count_field(len(self._name))
        elif options.get(b"filename"):
            self._begin_file()

    def _begin_file(self) -> None:
        if self.has_file:
            raise ConflictingParameters("The form has more than one file", param=self._name)
        self.has_file = self._is_begun = True

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            if not self._is_begun:
                self._begin_file()
            self._pieces.append(data[start:end])
        else:
            self._count_field(end - start)
            self._value += data[start:end]

    def _end_part(self) -> None:
        if not self._is_file and self._value:
            self.fields.append((self._name, _text(bytes(self._value))))

    def _end(self) -> None:
        self._is_complete = True

    def _count_field(self, size: int) -> None:
        self._field_bytes += size
        if self._field_bytes > MAX_FIELD_BYTES:
            raise UploadTooLarge(f"The fields of a form may have at most {MAX_FIELD_BYTES} bytes together")


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MalformedRequest("The fields of a form are text in UTF-8") from None
