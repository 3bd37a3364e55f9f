"""What templates pass: originals as texts or files, lists as texts, attributes beside parameters.

Knows no template engine; ``django`` and ``jinja`` share it.
"""

from __future__ import annotations

from .errors import InvalidParameter
from .parameters import ALIASES, IMAGE_PARAMS
from .sources import path_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ATTRIBUTES = frozenset(
    (
        *("class", "crossorigin", "decoding", "dir", "draggable", "fetchpriority", "hidden", "id", "itemprop", "lang"),
        *("loading", "referrerpolicy", "role", "style", "tabindex", "title"),
    )
)
"""Attributes of an image that templates write beside parameters; also all of ``data_…`` and ``aria_…``."""
_PREFIXES = ("data_", "aria_", "data-", "aria-")


def source_of(photo: Any) -> str:
    """Return the name of an original: a text, a path, a file of a model, anything with a ``name``; empty for none."""
    if not photo:
        return ""
    if isinstance(photo, str) or hasattr(photo, "__fspath__"):
        return path_text(photo)
    return str(getattr(photo, "name", photo))


def known_size(photo: Any) -> tuple[int, int] | None:
    """Return the size of an image of a model that stores it in fields; the file is not opened."""
    field, instance = getattr(photo, "field", None), getattr(photo, "instance", None)
    names = getattr(field, "width_field", None), getattr(field, "height_field", None)
    if instance is None or not all(names):
        return None
    width, height = (getattr(instance, str(name), None) for name in names)
    return (width, height) if width and height else None


def element_keywords(keywords: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of an element: attributes by themselves, lists and numbers of texts."""
    attributes = dict(keywords.pop("attributes", None) or {})
    for name in [*keywords]:
        plain = name.rstrip("_")
        is_param = ALIASES.get(plain, plain) in IMAGE_PARAMS
        if not is_param and (plain in ATTRIBUTES or name.startswith(_PREFIXES)):
            attributes[name] = keywords.pop(name)
    for name, read in (("widths", int), ("densities", float)):
        if keywords.get(name) is not None:
            keywords[name] = _numbers(name, keywords[name], read)
    return {**keywords, "attributes": attributes}


def _numbers(name: str, value: Any, read: Any) -> list[Any]:
    try:
        return [read(one) for one in (value.split(",") if isinstance(value, str) else value)]
    except (TypeError, ValueError):
        raise InvalidParameter(f"{name} must be numbers separated by commas, not {value!r}", name) from None
