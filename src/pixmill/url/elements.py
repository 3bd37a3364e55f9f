"""HTML of images. Every value is escaped here, wherever it comes from."""

from __future__ import annotations

import re

from .errors import InvalidParameter, MissingParameter
from .parameters import MEDIA_TYPES
from .quoting import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .responsive import Candidates

STYLES = {"constrained": "max-width:100%;height:auto", "full": "width:100%;height:auto", "none": ""}
_NAME = re.compile("[A-Za-z_@:][A-Za-z0-9_.@:-]*")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{3,8}|[A-Za-z]{3,20}|(?:rgb|hsl|oklch|lab)a?\([0-9.,%/ deg-]{1,64}\)")
_NOT_IN_CSS_URL = re.compile(r"[\s\"'()\\<>]")


class Html(str):
    """Text that is HTML: templates of Django, Jinja and others do not escape it again."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def picture_element(
    sets: Mapping[str, Candidates],
    fallback: Candidates,
    *,
    alt: object,
    size: tuple[int, int | None],
    sizes: str,
    background: str = "",
    layout: str = "constrained",
    attributes: Mapping[str, object],
) -> Html:
    """Return a ``<picture>`` with a source per format; without any, an ``<img>``. Raises UrlError."""
    if not isinstance(alt, str) and not hasattr(alt, "casefold"):  # translations are texts once they are shown
        raise MissingParameter('alt must be a text; alt="" is for decoration', "alt")
    if layout not in [*STYLES]:
        raise InvalidParameter(f"layout must be {', '.join(STYLES)}, not {layout!r}", "layout")
    if not isinstance(sizes, str) or not hasattr(attributes, "items"):
        raise InvalidParameter("sizes must be a text, and attributes a mapping", "attributes")
    own = {_attribute_name(name): value for name, value in attributes.items()}
    loading = own.get("loading", "eager" if own.get("fetchpriority") == "high" else "lazy")
    if sizes and loading == "lazy" and not sizes.startswith("auto"):
        sizes = f"auto, {sizes}"
    width, height = size
    styles = (STYLES[layout], f"background:{background}" if background else "", own.pop("style", ""))
    values: dict[str, object] = {
        "loading": "lazy" if loading == "lazy" else None,  # before src, which starts the download
        "decoding": "async",
        "sizes": sizes or None,
        "srcset": fallback.srcset,
        "src": fallback.src(width),
        "width": width,
        "height": height,
        "alt": alt,
        "style": ";".join([str(part) for part in styles if part]) or None,
    }
    image = f"<img{render({**values, **own, 'loading': values['loading']})}>"
    if not sets:
        return Html(image)
    sources = "".join(
        [
            f"  <source{render({'type': _media_type(form), 'srcset': one.srcset, 'sizes': sizes or None})}>\n"
            for form, one in sets.items()
        ]
    )
    return Html(f"<picture>\n{sources}  {image}\n</picture>")


def render(values: Mapping[str, object]) -> str:
    """Render attributes in order: None and False are left out, True has no value. Raises InvalidParameter."""
    return "".join(
        [
            f" {name}" if value is True else f' {name}="{escape(str(value))}"'
            for name, value in values.items()
            if value is not None and value is not False
        ]
    )


def checked_colour(text: object) -> str:
    """Return a colour of CSS, which can end no style. Raises InvalidParameter."""
    if not isinstance(text, str) or not _COLOUR.fullmatch(text):
        raise InvalidParameter(
            f"placeholder must be blur, a data URI or a CSS colour, not {str(text)[:80]!r}", "placeholder"
        )
    return text


def css_url(url: str) -> str:
    """Return a URL as it stands within ``url()``."""
    return _NOT_IN_CSS_URL.sub(lambda found: f"%{ord(found[0]):02X}", url)


def _attribute_name(name: str) -> str:
    """Return the name of an attribute: ``class_`` is ``class``, ``data_id`` is ``data-id``."""
    written = name.rstrip("_").replace("_", "-")
    if not _NAME.fullmatch(written):
        raise InvalidParameter(f"{name[:80]!r} is no name of an attribute", "attributes")
    return written


def _media_type(form: str) -> str:
    if form not in MEDIA_TYPES:
        raise InvalidParameter(f"formats must be of {', '.join(MEDIA_TYPES)}, not {form!r}", "formats")
    return MEDIA_TYPES[form]
