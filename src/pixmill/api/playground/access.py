"""Who may use the playground, and for whom it signs URLs.

A page of another site can send requests to a server on the machine of its reader, and by DNS rebinding read the
answers as if it were of the same origin. It can forge neither the Host nor the Origin of such a request, so both are
checked. Must never decide by a header that anybody but a trusted proxy may have sent.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from pixmill.api.admin_access import authorize
from pixmill.api.context import ApiContext, Playground
from pixmill.api.http.forwarded import (
    ProxyNetwork,
    bears_mark_of_proxy,
    client_address,
    is_local_name,
    is_own_machine,
    is_trusted,
    names_client,
    requested_url,
    unmapped_address,
)
from pixmill.api.middleware.request_context import RequestContext
from pixmill.errors import Forbidden, RouteNotFound

_OWN_SITE: Final = frozenset({"", "same-origin", "none"})
"""Values of Sec-Fetch-Site for requests of the playground's own page, of a person, or of no browser at all."""


@dataclass(frozen=True, slots=True)
class Caller:
    """``is_trusted``: a client on this machine, or one with an admin token. Only these get signatures."""

    is_trusted: bool


async def identify_caller(request: Request, context: ApiContext, *, is_page: bool = False) -> Caller:
    """Check a request, and return who sent it. ``is_page``: links of other sites may lead here.

    Raises RouteNotFound for clients that are to see no playground, Forbidden for pages of other sites and unknown
    hosts, AdminDenied for a wrong token.
    """
    playground = context.playground
    request_context: RequestContext = request.state.request_context
    request_context.restrict_to_own_origin()
    is_local = is_local_client(request, context.config.proxy_networks())
    if playground is None or (playground.local_only and not is_local):
        raise RouteNotFound
    _check_hosts(_requested_hosts(request, context.config.proxy_networks()), playground)
    if not is_page:
        _check_site(request, context)
    if request.headers.get("authorization"):
        await authorize(request)
        return Caller(is_trusted=True)
    return Caller(is_local)


def is_local_client(request: Request, trusted_proxies: tuple[ProxyNetwork, ...]) -> bool:
    """Whether a client on this machine has sent the request, with a name of this machine in its Host.

    A proxy on the same machine forwards requests of remote clients, which bear its mark: of a trusted one it must name
    the client.
    """
    scope = request.scope
    peer = scope["client"][0] if scope.get("client") else ""
    is_named = is_trusted(peer, trusted_proxies) and names_client(scope["headers"])
    if bears_mark_of_proxy(scope) and not is_named:
        return False
    client = unmapped_address(client_address(peer, scope["headers"], trusted_proxies))
    is_own_name = all(map(is_own_machine, _requested_hosts(request, trusted_proxies)))
    return is_own_name and client is not None and client.is_loopback


def _requested_hosts(request: Request, trusted_proxies: tuple[ProxyNetwork, ...]) -> tuple[str, ...]:
    """Return the host that was requested, and that which a trusted proxy was asked for, in lower case."""
    own = f"http://{request.headers.get('host', '')}"
    return tuple({_host_name(url) for url in (own, requested_url(request.scope, trusted_proxies))})


def _host_name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _check_hosts(hosts: Iterable[str], playground: Playground) -> None:
    """Raise Forbidden for a host that anybody could have made to mean this server (DNS rebinding)."""
    known = {_host_name(url) for url in (playground.public_url,) if url}
    unknown = [host for host in hosts if host not in known and not is_local_name(host)]
    if unknown:
        raise Forbidden("The playground answers for addresses, names of this network, and the host of its public URL")


def _check_site(request: Request, context: ApiContext) -> None:
    """Raise Forbidden for a request of another site's page (Fetch Metadata; RFC 6454 §7)."""
    site = request.headers.get("sec-fetch-site", "")
    origin = request.headers.get("origin", "")
    authorities = {
        request.headers.get("host", "").lower(),
        urlsplit(requested_url(request.scope, context.config.proxy_networks())).netloc.lower(),
    }
    is_own = not origin or _authority(origin) in authorities
    if site not in _OWN_SITE or not is_own:
        raise Forbidden("The playground answers to its own page only")


def _authority(origin: str) -> str:
    """Return host and port of an origin in lower case; of an opaque one, such as ``null``, what is no host."""
    scheme, separator, authority = origin.lower().partition("://")
    return authority if separator and scheme in ("http", "https") else "null/"
