"""Template tags: ``{% load pixmill %}{% pixmill_picture article.photo alt=article.title width=400 %}``."""

from __future__ import annotations

from django import template

from ...elements import Html
from ...templates import element_keywords, known_size, source_of
from ..conf import client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

register = template.Library()


@register.simple_tag
def pixmill_url(photo: Any, **params: Any) -> str:
    """Return the URL of an image; nothing for no image."""
    source = source_of(photo)
    return client().url(source, **params) if source else ""


@register.simple_tag
def pixmill_srcset(photo: Any, **keywords: Any) -> str:
    """Return the value of ``srcset``: ``widths="320,640"``, or ``densities="1,2"`` beside ``width``."""
    source = source_of(photo)
    keywords = element_keywords(keywords)
    del keywords["attributes"]
    return client().srcset(source, **keywords) if source else ""


@register.simple_tag
def pixmill_img(photo: Any, **keywords: Any) -> Html:
    """Return an ``<img>``."""
    return _element("img", photo, keywords)


@register.simple_tag
def pixmill_picture(photo: Any, **keywords: Any) -> Html:
    """Return a ``<picture>``."""
    return _element("picture", photo, keywords)


def _element(kind: str, photo: Any, keywords: dict[str, Any]) -> Html:
    source = source_of(photo)
    if not source:
        return Html("")
    write = getattr(client(), kind)
    return Html(write(source, **{"size": known_size(photo), **element_keywords(keywords)}))
