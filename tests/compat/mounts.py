"""Where the dialects are mounted on the server of the cases: one entry of ``PIXMILL_DIALECTS`` for each name.

An entry without ``host`` and ``mount`` answers on the host ``NAME.test``. In its texts ``{origin}`` stands for the
URL of the origin (``http://127.0.0.1:PORT``), which has the originals of ``sources.py`` at its root; relative sources
are the same files. Entries with other keys or options get names of their own, such as ``emgr-signed``.
"""

from typing import Any, Final

KEYS: Final = "0123456789abcdef"

_PATTERNS: Final = [{"protocol": "http", "hostname": "127.0.0.1"}, {"hostname": "example.com"}]
_NEXT: Final = {
    "formats": ["image/avif", "image/webp"],
    "qualities": [75, 50, 100],
    "remotePatterns": _PATTERNS,
    "dangerouslyAllowLocalIP": True,
}
_NEXT_SITE: Final = {
    "dangerouslyAllowSVG": True,
    "contentDispositionType": "inline",
    "contentSecurityPolicy": "sandbox;",
    "localPatterns": [{"pathname": "/*.*"}],
    "dev": True,
}
_VERCEL: Final = {"sizes": [640, 1200], "formats": ["image/avif", "image/webp"], "remotePatterns": _PATTERNS}

MOUNTS: Final[dict[str, dict[str, Any]]] = {
    "emgr": {"dialect": "emgr"},
    "emgr-signed": {
        "dialect": "emgr",
        "mount": "/emgr",
        "source": "{origin}",
        "keys": KEYS,
        "options": {"cdn_base_url": "https://cdn.example/emgr/api/images/files/"},
    },
    "native-at-a-host": {"dialect": "native"},
    "nextjs": {"dialect": "nextjs", "options": _NEXT},
    "nextjs-site": {"dialect": "nextjs", "mount": "/docs", "source": "{origin}", "options": _NEXT_SITE},
    "vercel": {"dialect": "vercel", "source": "{origin}", "options": _VERCEL},
    "amplify": {"dialect": "amplify", "source": "{origin}", "options": {"sizes": [640], "domains": ["127.0.0.1"]}},
}
