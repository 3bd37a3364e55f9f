"""An error as an HTML page, for the address bar of a browser: a string of escaped text, without scripts or requests.

Must never show a private detail; what is meant for developers is left out unless it is given.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import unquote_plus

from pixmill.dialects.native.params import PARAMS

_MAX_URL_CHARS: Final = 2_000
_MAX_PIECES: Final = 60
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Control characters, and those that change the order in which others are shown."""

_CANONICAL_NAMES: Final = {name: param.name for param in PARAMS for name in param.names}

_STYLE: Final = """
:root{color-scheme:light dark;--bg:#f6f5f3;--card:#fff;--fg:#1d1b19;--soft:#6a645d;--line:#e2ddd6;--hot:#b3261e;
--mark:#ffe2dd;--link:#0b57a8}
@media(prefers-color-scheme:dark){:root{--bg:#161514;--card:#211f1d;--fg:#efebe6;--soft:#a79f96;--line:#3a3632;
--hot:#ff9d8f;--mark:#5c211a;--link:#8cbcff}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:clamp(16px,4vw,48px);background:var(--bg);
color:var(--fg);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif}
main{width:100%;max-width:46rem;min-width:0;padding:clamp(20px,4vw,44px);background:var(--card);
border:1px solid var(--line);border-top:4px solid var(--hot);border-radius:10px}
.status{margin:0;display:flex;flex-wrap:wrap;gap:0 12px;align-items:baseline;color:var(--soft)}
.status b{font-size:1.5rem;color:var(--hot);font-variant-numeric:tabular-nums}
h1{margin:6px 0 0;font-size:clamp(1.35rem,4.6vw,1.9rem);line-height:1.22;letter-spacing:-.01em;overflow-wrap:anywhere;
text-wrap:balance}
p{margin:10px 0 0;overflow-wrap:anywhere}
h2{margin:28px 0 8px;font-size:.8rem;letter-spacing:.06em;text-transform:uppercase;color:var(--soft)}
code,pre{font:.875rem/1.6 ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace}
pre{margin:0;padding:12px 14px;border:1px solid var(--line);border-radius:8px;background:var(--bg);
white-space:pre-wrap;overflow-wrap:anywhere}
mark{padding:1px 3px;border-radius:4px;background:var(--mark);color:inherit;
box-shadow:inset 0 -2px var(--hot)}
ul{margin:0;padding-left:1.2em}li{margin:4px 0;overflow-wrap:anywhere}
a{color:var(--link);text-underline-offset:3px}a:focus-visible{outline:3px solid var(--link);outline-offset:3px}
footer{margin-top:28px;padding-top:14px;border-top:1px solid var(--line);display:flex;flex-wrap:wrap;gap:4px 20px;
font-size:.875rem;color:var(--soft);overflow-wrap:anywhere}
""".strip()

CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class PageText:
    """What the page says. ``advice`` are sentences on what to try, ``links`` titles and addresses."""

    status: int
    code: str
    title: str
    message: str
    param: str | None = None
    advice: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    request_id: str = ""


def error_page(text: PageText, path: bytes = b"", query: bytes = b"") -> str:
    """Return the page; ``path`` and ``query`` are those of the request, as it was sent."""
    title = f"{text.status} {text.code}"
    message = "" if text.message == text.title else f"<p>{_show(text.message)}</p>"
    request = f"<h2>The request</h2><pre>{_marked_url(path, query, text.param)}</pre>" if path else ""
    items = "".join(f"<li>{_show(one)}</li>" for one in text.advice)
    links = "".join(f'<a href="{escape(url)}">{escape(name)}</a>' for name, url in text.links)
    request_id = f"<span>Request ID <code>{_show(text.request_id)}</code></span>" if text.request_id else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        'content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{_show(title)}</title><style>{_STYLE}</style></head><body><main>"
        f'<p class="status"><b>{text.status}</b> <code>{_show(text.code)}</code></p><h1>{_show(text.title)}</h1>'
        + message
        + request
        + (f"<h2>What to try</h2><ul>{items}</ul>" if items else "")
        + (f"<footer>{links}{request_id}</footer>" if links or request_id else "")
        + "</main></body></html>"
    )


def _marked_url(path: bytes, query: bytes, param: str | None) -> str:
    """Return the URL decoded, one parameter a line, with that of the error marked."""
    pieces = query[: 2 * _MAX_URL_CHARS].split(b"&") if query else []
    lines = [_show(unquote_plus(path[:_MAX_URL_CHARS].decode("latin-1").replace("+", "%2B")))]
    for number, piece in enumerate(pieces[:_MAX_PIECES]):
        shown = _show(unquote_plus(piece.decode("latin-1"))[:_MAX_URL_CHARS])
        is_marked = param is not None and _name(piece) == param
        lines.append(("&amp;" if number else "?") + (f"<mark>{shown}</mark>" if is_marked else shown))
    if len(pieces) > _MAX_PIECES:
        lines.append("…")
    return "\n".join(lines)


def _name(piece: bytes) -> str:
    """Return the name of a parameter; that of native parameters for their aliases."""
    name = unquote_plus(piece.partition(b"=")[0].decode("latin-1"))
    return _CANONICAL_NAMES.get(name, name)


def _show(text: str) -> str:
    """Escape, and replace what cannot be seen."""
    return escape(_UNPRINTABLE.sub("\ufffd", text))
