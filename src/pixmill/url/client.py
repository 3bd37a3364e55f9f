"""The client: makes URLs of one server, signed if it has a key."""

from __future__ import annotations

import re
import time

from . import elements
from .errors import ConflictingParameters, InvalidParameter, InvalidSetting, MissingParameter
from .parameters import IMAGE_PARAMS, INFO_PARAMS, SRCSET_PARAMS
from .quoting import encode_url, quote
from .responsive import (
    DEFAULT_FORMATS,
    TINY_WIDTH,
    Candidates,
    candidate_widths,
    check_size,
    element_size,
    listed,
    pixels,
    sizes_for,
    tiny_params,
)
from .signing import MAX_EXPIRES, rounded_expiry, seconds_of, signature, signing_key
from .sources import base_text, join, path_text, source_text
from .spelling import plain_names, query, texts_of, without_defaults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import Literal

    from typing_extensions import Unpack

    from .elements import Html
    from .param_types import ImageParams, InfoParams
    from .signing import Keys, Seconds

    Expires = int | datetime
    Size = tuple[int, int]

_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_MAX_CACHED = 1_024
_MAX_HASHED_PARAMS = 32


class _Default:
    """Stands for the client's own value; None means none."""

    def __repr__(self) -> str:
        return "the client's"


_CLIENTS = _Default()


class Client:
    """Makes the URLs of a server.

    >>> images = Client("https://images.example.com")
    >>> images.url("photo.jpg", width=400)
    'https://images.example.com/resize?url=photo.jpg&width=400'

    ``base``: what its URLs begin with. ``key``: one of ``PIXMILL_KEYS``, or their text, of which the first one signs.
    ``expires_in``: how long signed URLs work, at least; they end at multiples of ``expires_every`` (default: the same
    time), so that a page has the same URLs for a while. ``source_base``: what names of originals are relative to, such
    as ``s3://photos`` or ``https://example.com/media``. ``defaults``: parameters of every image. ``mount``: the path of
    the dialect, if ``PIXMILL_DIALECTS`` has it at one; unlike the path of ``base``, it is signed. Raises
    InvalidSetting, InvalidParameter.
    """

    def __init__(
        self,
        base: str,
        key: Keys | None = None,
        *,
        expires_in: Seconds | None = None,
        expires_every: Seconds | None = None,
        source_base: str = "",
        defaults: ImageParams | None = None,
        mount: str = "",
    ) -> None:
        self._origin, self._path = _split_base(base)
        self._mount = _checked_path(mount, "mount")
        self._key = None if key is None else signing_key(key)
        self._expires_in = None if expires_in is None else seconds_of(expires_in, "expires_in")
        self._every = None if expires_every is None else seconds_of(expires_every, "expires_every")
        if self._key is None and self._expires_in is not None:
            raise InvalidSetting("expires_in needs a key: without a signature no URL ends", "expires_in")
        self._source_base = base_text(path_text(source_base)) if source_base else ""
        if not hasattr(defaults or {}, "items"):
            raise InvalidSetting("defaults must be parameters by name, such as {'quality': 75}", "defaults")
        self._defaults = plain_names(defaults or {})
        texts_of(self._defaults, IMAGE_PARAMS)
        self._queries: dict[object, str] = {}

    def __repr__(self) -> str:
        signs = ", key=…" if self._key else ""
        return f"Client({self._origin + self._path!r}{signs})"

    def url(
        self,
        source: str,
        *,
        expires: Expires | None = None,
        expires_in: Seconds | _Default | None = _CLIENTS,
        **params: Unpack[ImageParams],
    ) -> str:
        """Return the URL of an image. Raises UrlError.

        ``source``: the path or URL of the original. ``expires``: when the URL ends, as a datetime with its zone, or
        seconds since 1970; ``expires_in``: how long it works, None for ever. Both instead of the client's own.
        """
        return self._url("/resize", source, self._image_query(params), self._expiry(expires, expires_in))

    def info_url(
        self,
        source: str,
        *,
        expires: Expires | None = None,
        expires_in: Seconds | _Default | None = _CLIENTS,
        **params: Unpack[InfoParams],
    ) -> str:
        """Return the URL of information about an original, as JSON."""
        texts = without_defaults(texts_of(params, INFO_PARAMS))
        return self._url("/info", source, query(texts), self._expiry(expires, expires_in))

    def srcset_url(
        self,
        source: str,
        *,
        expires: Expires | None = None,
        expires_in: Seconds | _Default | None = _CLIENTS,
        **params: object,
    ) -> str:
        """Return the URL of ``/srcset``: a set of images as JSON and HTML, which the server fits to the original."""
        texts = texts_of({**self._defaults_for(SRCSET_PARAMS), **plain_names(params)}, SRCSET_PARAMS)
        return self._url("/srcset", source, query(texts), self._expiry(expires, expires_in))

    def candidates(
        self,
        source: str,
        widths: Iterable[int] | None = None,
        densities: Iterable[float] | None = None,
        *,
        size: Size | None = None,
        expires: Expires | None = None,
        expires_in: Seconds | _Default | None = _CLIENTS,
        **params: Unpack[ImageParams],
    ) -> Candidates:
        """Return the URLs of an image in several sizes, each with its descriptor.

        ``widths``: in pixels; ``densities``: device pixels per CSS pixel of an image that is ``width`` wide on the
        page. With neither, widths that fit ``width``. A ``height`` beside ``width`` gives the shape of all of them.
        ``size`` of the original, if it is known: nothing larger is offered.
        """
        return self._candidates(source, plain_names(params), widths, densities, size, self._expiry(expires, expires_in))

    def _candidates(
        self,
        source: str,
        given: dict[str, object],
        widths: Iterable[int] | None,
        densities: Iterable[float] | None,
        size: Size | None,
        ends: int | None,
    ) -> Candidates:
        merged = {**self._defaults, **given}
        check_size(size)
        found = Candidates()
        for width, height, descriptor in candidate_widths(merged, widths, densities, size):
            own = {**given, "width": width, "height": height, "dpr": None}
            found.append((self._url("/resize", source, self._image_query(own), ends), width, descriptor))
        return found

    def srcset(
        self,
        source: str,
        widths: Iterable[int] | None = None,
        densities: Iterable[float] | None = None,
        **keywords: object,
    ) -> str:
        """Return the value of ``srcset``; arguments as of ``candidates``."""
        return self.candidates(source, widths, densities, **keywords).srcset  # type: ignore[arg-type]

    @staticmethod
    def sizes(width: int) -> str:
        """Return the value of ``sizes`` for an image that is ``width`` CSS pixels wide where there is room."""
        return sizes_for(width)

    def img(  # noqa: PLR0913 - keywords
        self,
        source: str,
        *,
        alt: str,
        widths: Iterable[int] | None = None,
        densities: Iterable[float] | None = None,
        sizes: str = "",
        size: Size | None = None,
        placeholder: str = "",
        layout: Literal["constrained", "full", "none"] = "constrained",
        attributes: Mapping[str, object] | None = None,
        expires: Expires | None = None,
        expires_in: Seconds | _Default | None = _CLIENTS,
        **params: Unpack[ImageParams],
    ) -> Html:
        """Return an ``<img>``, as ``picture`` does, in the format that the browser accepts."""
        if "formats" in params:
            raise ConflictingParameters("An <img> has one format: several need a <source> each", "formats")
        return self.picture(
            source,
            alt=alt,
            widths=widths,
            densities=densities,
            formats=(),
            sizes=sizes,
            size=size,
            placeholder=placeholder,
            layout=layout,
            attributes=attributes,
            expires=expires,
            expires_in=expires_in,
            **params,
        )

    def picture(  # noqa: PLR0913 - keywords
        self,
        source: str,
        *,
        alt: str,
        widths: Iterable[int] | None = None,
        densities: Iterable[float] | None = None,
        formats: Sequence[str] | None = None,
        sizes: str = "",
        size: Size | None = None,
        placeholder: str = "",
        layout: Literal["constrained", "full", "none"] = "constrained",
        attributes: Mapping[str, object] | None = None,
        expires: Expires | None = None,
        expires_in: Seconds | _Default | None = _CLIENTS,
        **params: Unpack[ImageParams],
    ) -> Html:
        """Return a ``<picture>`` with a source per format, and an ``<img>`` for other browsers.

        ``alt`` is required; it is empty for decoration. ``formats``: best first, by default AVIF and WebP, unless
        ``format`` names the only one. ``placeholder``: what is seen until the image is there: a CSS colour, a data
        URI, or ``blur`` for a tiny copy. ``layout``: at most as wide as ``width`` (``constrained``), as wide as its
        container (``full``), or as your CSS says (``none``). ``attributes`` of the ``<img>``: ``loading`` and
        ``decoding`` are ``lazy`` and ``async`` unless they are given; None leaves one out.
        """
        given = plain_names(params)
        merged = {**self._defaults, **given}
        if formats is None:
            formats = () if merged.get("format") else DEFAULT_FORMATS
        elif formats and merged.get("format"):
            raise ConflictingParameters("format contradicts formats: one of them is enough", "format")
        formats = formats.split(",") if isinstance(formats, str) else listed("formats", formats) or ()
        several, ratios = listed("widths", widths), listed("densities", densities)
        ends = self._expiry(expires, expires_in)
        sets = {
            form: self._candidates(source, {**given, "format": form}, several, ratios, size, ends) for form in formats
        }
        fallback = self._candidates(source, given, several, ratios, size, ends)
        return elements.picture_element(
            sets,
            fallback,
            alt=alt,
            size=element_size(merged, fallback, size),
            sizes="" if densities is not None else sizes or self._sizes(merged, fallback),
            background=self._background(source, placeholder, merged, ends),
            layout=layout,
            attributes=attributes or {},
        )

    def placeholder_url(
        self,
        source: str,
        *,
        width: int = TINY_WIDTH,
        expires: Expires | None = None,
        expires_in: Seconds | _Default | None = _CLIENTS,
    ) -> str:
        """Return the URL of a tiny blurred copy, of a few hundred bytes."""
        return self._tiny_copy(source, self._defaults, self._expiry(expires, expires_in), width)

    def _tiny_copy(self, source: str, params: Mapping[str, object], ends: int | None, width: int = TINY_WIDTH) -> str:
        own = {**dict.fromkeys(self._defaults), **tiny_params(params, width)}
        return self._url("/resize", source, self._image_query(own), ends)

    def _background(self, source: str, placeholder: str, params: Mapping[str, object], ends: int | None) -> str:
        """Return a value of the CSS property ``background``. Raises InvalidParameter."""
        if placeholder == "blur":
            placeholder = self._tiny_copy(source, params, ends)
        elif placeholder and not str(placeholder).startswith("data:image/"):
            return elements.checked_colour(placeholder)
        return f"url({elements.css_url(placeholder)}) 0 0/100% 100% no-repeat" if placeholder else ""

    @staticmethod
    def _sizes(params: Mapping[str, object], candidates: Candidates) -> str:
        return sizes_for(pixels(params, "width") or candidates[-1][1])

    def _defaults_for(self, accepted: frozenset[str]) -> dict[str, object]:
        return {name: value for name, value in self._defaults.items() if name in accepted}

    def _image_query(self, params: Mapping[str, object]) -> str:
        """Return the query of an image without its source; those that are used often are kept."""
        key = tuple(params.items())
        try:
            found = self._queries.get(key)
        except TypeError:  # a list or a mapping among the values
            return self._build_query(params)
        if found is None:
            found = self._build_query(params)
            if len(self._queries) >= _MAX_CACHED:
                self._queries.clear()
            if len(key) <= _MAX_HASHED_PARAMS:
                self._queries[key] = found
        return found

    def _build_query(self, params: Mapping[str, object]) -> str:
        return query(without_defaults(texts_of({**self._defaults, **plain_names(params)}, IMAGE_PARAMS)))

    def _url(self, endpoint: str, source: str, rest: str, expires: int | None) -> str:
        text = source_text(join(self._source_base, path_text(source)))
        target = f"{self._mount}{endpoint}?url={quote(text)}{'&' if rest else ''}{rest}"
        if expires is not None:
            target += f"&expires={expires}"
        if self._key is not None:
            target += f"&sig={signature(self._key, target)}"
        return f"{self._origin}{self._path}{target}"

    def _expiry(self, expires: Expires | None, expires_in: Seconds | _Default | None) -> int | None:
        """Return when a URL ends, None for never. Raises UrlError."""
        if expires is not None:
            if not isinstance(expires_in, _Default):
                raise ConflictingParameters("expires contradicts expires_in: one of them is enough", "expires")
            end = _timestamp(expires)
        else:
            seconds = self._expires_in if isinstance(expires_in, _Default) else expires_in
            if seconds is None:
                return None
            whole = seconds_of(seconds, "expires_in")
            end = rounded_expiry(time.time(), whole, self._every or whole)
        if self._key is None:
            raise MissingParameter("An expiry needs a key: without a signature no URL ends", "key")
        return end


def _timestamp(expires: Expires) -> int:
    if not isinstance(expires, int) and hasattr(expires, "timestamp"):
        if expires.tzinfo is None:
            raise InvalidParameter(
                "expires must be a datetime with a time zone, such as datetime.now(timezone.utc)", "expires"
            )
        end = int(expires.timestamp())
    elif isinstance(expires, int) and not isinstance(expires, bool):
        end = expires
    else:
        raise InvalidParameter("expires must be a datetime or whole seconds since 1970", "expires")
    if not 0 < end <= MAX_EXPIRES:
        raise InvalidParameter("expires must be seconds since 1970, such as 1924992000", "expires")
    return end


def _split_base(base: str) -> tuple[str, str]:
    """Split an address into what is not signed and the path. Raises InvalidSetting."""
    if not isinstance(base, str):
        raise InvalidSetting(f"base must be a text such as https://images.example.com, not {base!r}", "base")
    scheme, separator, rest = base.partition("//")
    if base and not separator and base[0] == "/":
        return "", _checked_path(base)  # on the same host
    if base == "":
        return "", ""
    host, slash, path = rest.partition("/")
    if scheme.lower() not in ("http:", "https:", "") or not separator or not _HOST.fullmatch(host):
        raise InvalidSetting(
            f"base must be a URL such as https://images.example.com, or a path such as /images, not {base[:200]!r}",
            "base",
        )
    return f"{scheme}//{host}", _checked_path(slash + path)


def _checked_path(path: str, name: str = "base") -> str:
    """Return a path without its last slash, encoded. Raises InvalidSetting."""
    if not isinstance(path, str) or (path and path[0] != "/"):
        raise InvalidSetting(f"{name} must be a path such as /images, not {path!r}", name)
    if path and (not path.isprintable() or any(one in path for one in "?# \\")):
        raise InvalidSetting(f"A path must begin with a slash and have no query, not {path[:200]!r}", name)
    return encode_url(path.rstrip("/"))
