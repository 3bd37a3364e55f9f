"""Reads URLs that users name, for the commands that work on URLs."""

from urllib.parse import SplitResult, urlsplit

from pixmill.cli.usage import WrongUsage
from pixmill.dialects.native.spelling import native_info_url, native_url
from pixmill.dialects.port import FactsRequest, Outcome
from pixmill.dialects.registry import DialectMatch
from pixmill.dialects.signing import Keyring
from pixmill.errors import PixmillError
from pixmill.plan.request import ImageRequest
from pixmill.settings import Settings


def split(url: str) -> SplitResult:
    """Return the parts of a path with its query, or of a whole URL."""
    try:
        return urlsplit(url)
    except ValueError as error:
        raise WrongUsage(f"{url[:64]!r} is no URL; one is /resize?url=a.jpg, or https://example.com/a.jpg") from error


def match_of(settings: Settings, keyring: Keyring | None, parts: SplitResult) -> DialectMatch:
    """Return the dialect of a URL, which may begin with PIXMILL_PATH_PREFIX. Raises RouteNotFound."""
    dialects = settings.dialect_registry(keyring)
    host = parts.netloc.encode()
    path = settings.prefix_for(dialects).local_path(parts.path.encode(), host)
    return dialects.require(dialects.known_host(host), path)


def below_prefix(settings: Settings, target: str, host: str = "") -> str:
    """Return path and query as clients request them: below PIXMILL_PATH_PREFIX, if it applies to this host."""
    if not settings.url_prefix() or not target.startswith("/") or target.startswith("//"):
        return target
    return settings.prefix_for(settings.dialect_registry(None)).for_host(host.encode()) + target


def native_url_of(outcome: Outcome, image_request: ImageRequest) -> str | None:
    """Return the native URL of a request, None if there is none."""
    if isinstance(outcome, FactsRequest):
        return native_info_url(image_request)
    try:
        return native_url(image_request)
    except PixmillError:
        return None
