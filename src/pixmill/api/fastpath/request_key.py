"""The key of a request: everything that the checks of a request look at, as raw bytes."""

from starlette.types import Scope

RequestKey = tuple[bytes, bytes, bytes]
"""Path, query and Accept, as they came."""


def read_request_key(scope: Scope, tag_header: bytes) -> tuple[RequestKey, bytes, bytes, bytes | None]:
    """Return the request key, If-None-Match, If-Modified-Since and the requested id, in one pass over the headers.

    The header that adds tags, if one is configured, is appended to Accept behind a NUL, which no header contains.
    """
    accept, if_none_match, if_modified_since, requested_id = b"", b"", b"", None
    for header, value in scope["headers"]:
        if header == b"accept":
            accept = accept + b"\n" + value if accept else value
        elif header == b"if-none-match":
            if_none_match = value
        elif header == b"if-modified-since":
            if_modified_since = value
        elif header == b"x-request-id" and requested_id is None:
            requested_id = value
        elif header == tag_header:
            accept += b"\0" + value
    return (scope["raw_path"], scope["query_string"], accept), if_none_match, if_modified_since, requested_id
