"""Writes an image request in the grammars of other services: the same image, as a URL of each of them.

A dialect proposes URLs (``WritesUrls``); here each is parsed by that dialect, and returned only if it means the same.
``dialects/meaning.py`` says what that is. Must never know a grammar.
"""

from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple

from msgspec.structs import replace

from pixmill.dialects.catalogue import services_of
from pixmill.dialects.factory import DIALECTS, NATIVE, ad_hoc_registry
from pixmill.dialects.meaning import Comparison, compare, without_habits
from pixmill.dialects.native.spelling import native_url
from pixmill.dialects.port import ImageRedirect, ImmutableImage, RequiresSignatures, SignsUrls, WritesUrls
from pixmill.dialects.registry import DialectMatch, DialectRegistry, MountedDialect
from pixmill.errors import PixmillError
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind

_MAX_PROPOSALS: Final = 12
"""Of one dialect for one name of a source; each costs a parse."""
_LOCALHOST: Final = "localhost"
_ANY_WIDTH: Final = Resize(width=640)
"""One that services with a list of widths have in it."""


class DialectUrl(NamedTuple):
    """A request in the grammar of a mount: its URL, or the reason why there is none.

    ``url`` is a path with its query; with the host in front, ``//host/…``, if the mount has one. With a URL, ``reason``
    says what the service decides by its own defaults, since the request does not name it; it may be empty.
    """

    name: str
    url: str | None
    reason: str


class _Proposal(NamedTuple):
    """A URL and how it differs from the request."""

    url: str
    comparison: Comparison
    match: DialectMatch
    query: bytes


def write(registry: DialectRegistry, image_request: ImageRequest, *, sign: bool = False) -> list[DialectUrl]:
    """Return the request in the grammar of each mount but native ones, in the order of the registry.

    ``sign``: with the keys of mounts that require signatures. Any request gives a list; nothing is raised.
    """
    return [
        _write(registry, mounted, image_request, sign=sign) for mounted in registry.mounted if mounted.name != NATIVE
    ]


def write_as(name: str, image_request: ImageRequest) -> DialectUrl:
    """Return the request in the grammar of a service that is not mounted, as an entry without options reads it.

    Raises ValueError if there is no such dialect.
    """
    if name == NATIVE:
        return _write_native(image_request)
    registry = _registry(name)
    return _write(registry, registry.mounted[0], image_request, sign=False)


def write_everywhere(image_request: ImageRequest) -> list[DialectUrl]:
    """Return the request in the grammar of every service, mounted or not, in the order of the catalogue."""
    return [write_as(service.name, image_request) for service in services_of(DIALECTS)]


def named_request(match: DialectMatch, image_request: ImageRequest) -> ImageRequest:
    """Return what a URL names, without the habits of its service, so that it can be written in another grammar.

    A native request names what it says.
    """
    dialect = match.mounted.dialect
    if match.mounted.name == NATIVE or not isinstance(dialect, WritesUrls):
        return image_request
    bare = ImageRequest(image_request.source, Plan(resize=_ANY_WIDTH, output=Output(source_format=True)))
    for source in match.mounted.sources.names_of(image_request.source):
        for target in islice(dialect.write(replace(bare, source=source)), _MAX_PROPOSALS):
            path, _, query = target.partition("?")
            try:
                outcome = dialect.parse(path.encode(), query.encode())
            except PixmillError:
                continue
            if isinstance(outcome, ImageRequest):
                plan = without_habits(image_request.plan, outcome.plan)
                return ImageRequest(image_request.source, plan, tags=image_request.tags)
    return image_request


@lru_cache(maxsize=64)
def _registry(name: str) -> DialectRegistry:
    return ad_hoc_registry(name)


def _write_native(image_request: ImageRequest) -> DialectUrl:
    try:
        return DialectUrl(NATIVE, native_url(image_request), "")
    except PixmillError as error:
        return DialectUrl(NATIVE, None, error.message)


def _write(registry: DialectRegistry, mounted: MountedDialect, request: ImageRequest, *, sign: bool) -> DialectUrl:
    if request.source.kind is SourceKind.UPLOAD:
        return DialectUrl(mounted.name, None, "an upload has no URL")
    if not isinstance(mounted.dialect, WritesUrls):
        return DialectUrl(mounted.name, None, "its URLs are not written")
    best, reason = _best_proposal(registry, mounted, mounted.dialect, request)
    if best is None:
        return DialectUrl(mounted.name, None, reason)
    if best.comparison.differences:
        return DialectUrl(mounted.name, None, best.comparison.differences[0])
    return _signed(mounted, best, sign=sign)


def _best_proposal(
    registry: DialectRegistry, mounted: MountedDialect, dialect: WritesUrls, request: ImageRequest
) -> tuple[_Proposal | None, str]:
    """Return the first URL that means the request, else the one that comes nearest; and the reason if there is none."""
    best: _Proposal | None = None
    reason = "source has no equivalent"
    for source in mounted.sources.names_of(request.source):
        for target in islice(dialect.write(replace(request, source=source)), _MAX_PROPOSALS):
            proposal = _parsed(registry, mounted, target, request)
            if isinstance(proposal, str):
                reason = proposal
            elif best is None or len(proposal.comparison.differences) < len(best.comparison.differences):
                best = proposal
                if not best.comparison.differences:
                    return best, ""
    return best, reason


def _parsed(registry: DialectRegistry, mounted: MountedDialect, target: str, request: ImageRequest) -> _Proposal | str:
    """Return what a URL means as this server would parse it, or why it is refused."""
    path, _, query = target.partition("?")
    full_path = mounted.mount + path
    match = registry.match((mounted.host or _LOCALHOST).encode(), full_path.encode())
    if match is None or match.mounted is not mounted:
        return "another mount answers its URLs" if match else "its URLs have no such path"
    try:
        outcome = match.parse(query.encode())
    except PixmillError as error:
        return f"{error.param}: {error.message}" if error.param else error.message
    if isinstance(outcome, ImmutableImage | ImageRedirect):
        outcome = outcome.request
    if not isinstance(outcome, ImageRequest):
        return "source has no equivalent"
    url = mounted.mount + target
    return _Proposal(url, compare(request, outcome), match, query.encode())


def _signed(mounted: MountedDialect, best: _Proposal, *, sign: bool) -> DialectUrl:
    """Return the URL of a proposal, signed if that is asked for, needed and possible."""
    dialect, url = mounted.dialect, best.url
    if sign and isinstance(dialect, RequiresSignatures) and dialect.requires_signature:
        if not isinstance(dialect, SignsUrls):
            return DialectUrl(mounted.name, None, "its URLs cannot be signed here")
        try:
            url = best.match.sign(best.query)
        except PixmillError as error:
            return DialectUrl(mounted.name, None, error.message)
    return DialectUrl(mounted.name, f"//{mounted.host}{url}" if mounted.host else url, best.comparison.remark)
