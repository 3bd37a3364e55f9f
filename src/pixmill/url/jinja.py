"""Jinja: ``{{ photo | pixmill_url(width=400) }}`` and ``{{ pixmill_picture(photo, alt="…", width=400) }}``.

For Flask, FastAPI, Starlette and every other user of an ``Environment``.
"""

from __future__ import annotations

from functools import partial

from .elements import Html
from .templates import element_keywords, known_size, source_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .client import Client


def install(environment: Any, client: Client) -> None:
    """Add ``pixmill_url``, ``pixmill_srcset``, ``pixmill_img`` and ``pixmill_picture`` as filters and functions.

    ``environment``: ``app.jinja_env`` of Flask, ``templates.env`` of Starlette and FastAPI.
    """
    for name, function in (
        ("pixmill_url", partial(_text, client.url)),
        ("pixmill_srcset", partial(_set, client)),
        ("pixmill_img", partial(_element, client.img)),
        ("pixmill_picture", partial(_element, client.picture)),
    ):
        environment.filters[name] = function
        environment.globals[name] = function


def _text(write: Any, photo: Any, **keywords: Any) -> str:
    source = source_of(photo)
    return str(write(source, **keywords)) if source else ""


def _set(client: Client, photo: Any, **keywords: Any) -> str:
    source = source_of(photo)
    keywords = element_keywords(keywords)
    del keywords["attributes"]
    return client.srcset(source, **keywords) if source else ""


def _element(write: Any, photo: Any, **keywords: Any) -> Html:
    source = source_of(photo)
    if not source:
        return Html("")
    return Html(write(source, **{"size": known_size(photo), **element_keywords(keywords)}))
