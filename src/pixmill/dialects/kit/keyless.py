"""What dialects share whose URLs have no signatures and whose routes are templates. Must never know a dialect."""

from pixmill.dialects.kit.query import check_path_length
from pixmill.dialects.port import UrlRoute, template_matcher
from pixmill.errors import RouteNotFound


class Keyless:
    """Matches paths with the templates of ``routes``, and verifies nothing."""

    routes: tuple[UrlRoute, ...]

    def __init__(self) -> None:
        self._match = template_matcher(self.routes)

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        del path, query, now
        return None

    def _check_path(self, path: bytes, *, upload: bool) -> None:
        """Raise RouteNotFound for a path that is no image's, or an upload, and RequestTooLarge for a long path."""
        if upload or self.match(path) is None:
            raise RouteNotFound
        check_path_length(path)
