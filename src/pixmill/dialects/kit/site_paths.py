"""Originals that a parameter names by their path on a site. Knows URLs and sources; must never know a dialect."""

from pixmill.dialects.kit.encodings import percent_decode
from pixmill.errors import InvalidParameter
from pixmill.plan.source import SourceRef, parse_source
from pixmill.plan.url import canonical_url, special_url

_ANY_SITE = "http://n"


def web_site(base: str) -> str:
    """Return the base of sources without its last slash if it is an http(s) URL, else an empty text."""
    return base.rstrip("/") if base.startswith(("http://", "https://")) and "{" not in base else ""


def site_source(text: str, site: str, param: str) -> SourceRef:
    """Return the original at a path of the site, which may lack its slash.

    Its query counts only where the site is asked over HTTP: ``site`` is a result of ``web_site``. Raises BadRequest.
    """
    url = canonical_url(special_url(f"{_ANY_SITE}/{text.lstrip('/')}"))
    path, mark, search = url.removeprefix(_ANY_SITE).partition("?")
    if mark and site:
        return parse_source(site + path + mark + search)
    try:
        return parse_source(f"/{percent_decode(path.encode()).lstrip('/')}")
    except ValueError:
        raise InvalidParameter(f"{param} is not a path", param=param) from None
