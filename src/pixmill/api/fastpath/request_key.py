"""The key of a request: everything that the checks of a request look at, as raw bytes."""

from dataclasses import dataclass

from starlette.types import Scope

from pixmill.dialects.registry import DialectMatch, DialectRegistry

RequestKey = tuple[bytes, bytes, bytes, bytes]
"""Path, query and Accept, as they came, and the host if a dialect is mounted on it."""


@dataclass(frozen=True, slots=True)
class RequestKeyReader:
    """Reads request keys.

    ``tag_header``, in lower case, is the header that adds tags; empty if none is configured.
    """

    dialects: DialectRegistry
    tag_header: bytes = b""

    def read(self, scope: Scope) -> tuple[RequestKey, bytes, bytes, bytes | None]:
        """Return the request key, If-None-Match, If-Modified-Since and the requested id.

        Takes one pass over the headers. The tag header is appended to Accept behind a NUL, which no header contains.
        """
        accept, if_none_match, if_modified_since, requested_id, host = b"", b"", b"", None, None
        for header, value in scope["headers"]:
            if header == b"host" and host is None:
                host = value
            elif header == b"accept":
                accept = accept + b"\n" + value if accept else value
            elif header == b"if-none-match":
                if_none_match = value
            elif header == b"if-modified-since":
                if_modified_since = value
            elif header == b"x-request-id" and requested_id is None:
                requested_id = value
            elif header == self.tag_header:
                accept += b"\0" + value
        # Without mounted hosts every hit saves the call.
        known_host = self.dialects.known_host(host) if host and self.dialects.hosts else b""
        request_key = (scope["raw_path"], scope["query_string"], accept, known_host)
        return request_key, if_none_match, if_modified_since, requested_id

    def match(self, request_key: RequestKey) -> DialectMatch | None:
        """Return the match of a request key."""
        return self.dialects.match(request_key[3], request_key[0])
