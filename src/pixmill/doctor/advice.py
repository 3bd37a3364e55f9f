"""What to change when a step of a request fails, by the code of the error and the step."""

from typing import Final

from pixmill.settings import Settings

ADVICE: Final[dict[str, str]] = {
    "source_forbidden": "add the source to PIXMILL_ALLOWED_SOURCES, now {allowed_sources}",
    "source_denied": "the source wants credentials, which requests do not carry: make the image public there, or serve "
    "it from a store (PIXMILL_STORES)",
    "source_not_found": "check the path: case, escapes such as %20, and the extension count",
    "source_too_large": "PIXMILL_MAX_SOURCE_BYTES is {max_source_bytes} bytes",
    "source_timeout": "PIXMILL_SOURCE_TIMEOUT_S is {source_timeout_s} s for the whole fetch, "
    "PIXMILL_SOURCE_CONNECT_TIMEOUT_S {source_connect_timeout_s} s, PIXMILL_SOURCE_IDLE_TIMEOUT_S "
    "{source_idle_timeout_s} s, PIXMILL_SOURCE_MIN_RATE {source_min_rate} bytes per second",
    "source_bad_response": "the origin's own log says why; `curl -v` shows the response as it is",
    "too_many_redirects": "name the URL at the end of the redirects; PIXMILL_MAX_REDIRECTS is {max_redirects}",
    "source_credentials": "check the credentials of the store in PIXMILL_STORES",
    "source_unreachable": "check that this machine reaches the source: firewall, proxy, name",
    "memory_exhausted": "PIXMILL_MEMORY_BUDGET_BYTES is too small for this original",
    "unsupported_image": "`pixmill doctor` lists the formats of this installation, and the extras that add some",
    "undecodable_image": "the file is damaged, or cut off: compare its size with that at the source",
    "image_too_large": "PIXMILL_MAX_PIXELS is {max_pixels}",
    "render_timeout": "PIXMILL_DEADLINE_S is {deadline_s} s",
    "no_worker": "`pixmill doctor` shows why no worker starts",
    "render_crashed": "send the image with a report of this bug",
}
"""By code; the values of settings are filled in."""


def advice_for(code: str, settings: Settings) -> tuple[str, ...]:
    """Return what to change; empty if nothing is known."""
    text = ADVICE.get(code)
    return () if text is None else (text.format_map(settings.model_dump(include=_FIELDS)),)


_FIELDS: Final = {
    "allowed_sources",
    "max_source_bytes",
    "source_timeout_s",
    "source_connect_timeout_s",
    "source_idle_timeout_s",
    "source_min_rate",
    "max_redirects",
    "max_pixels",
    "deadline_s",
}
