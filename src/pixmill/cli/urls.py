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
    """Return the dialect of a URL. Raises RouteNotFound."""
    dialects = settings.dialect_registry(keyring)
    return dialects.require(dialects.known_host(parts.netloc.encode()), parts.path.encode())


def native_url_of(outcome: Outcome, image_request: ImageRequest) -> str | None:
    """Return the native URL of a request, None if there is none."""
    if isinstance(outcome, FactsRequest):
        return native_info_url(image_request)
    try:
        return native_url(image_request)
    except PixmillError:
        return None
