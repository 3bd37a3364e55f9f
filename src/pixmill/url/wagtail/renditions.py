"""Renditions that are URLs: unsaved rows whose file is that URL.

What Pixmill has no parameters for stays with Wagtail: drawings (SVG), and operations of the site's own.
"""

from __future__ import annotations

from functools import wraps
from urllib.request import urlopen

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from wagtail.images.models import AbstractImage, Filter

from ..django.conf import client
from ..templates import source_of
from .filters import native_params

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TIMEOUT_S = 60
_MARK = "pixmill_original"


class UrlStorage(Storage):
    """Stands for a file that is nowhere but at a URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, name: str | None) -> str:
        del name
        return self._url

    def _open(self, name: str, mode: str = "rb") -> ContentFile:
        """Fetch the image, for what reads a rendition: the serve view, feeds, mails. Raises OSError, ValueError."""
        del mode
        with urlopen(self._url, timeout=TIMEOUT_S) as answer:  # noqa: S310 - the base is that of the settings
            return ContentFile(answer.read(), name)


def install() -> None:
    """Let images of all models, also of the site's own, have such renditions."""
    if hasattr(AbstractImage.get_rendition, _MARK):
        return
    own_one, own_several = AbstractImage.get_rendition, AbstractImage.get_renditions

    @wraps(own_one)
    def get_rendition(self: Any, filter: Any) -> Any:  # noqa: A002 - Wagtail's name
        return _rendition(self, _cleaned(self, filter)) or own_one(self, filter)

    @wraps(own_several)
    def get_renditions(self: Any, *filters: Any) -> dict[str, Any]:
        cleaned = {one.spec: one for one in (_cleaned(self, each) for each in filters)}
        found = {spec: _rendition(self, one) for spec, one in cleaned.items()}
        others = own_several(self, *[spec for spec, rendition in found.items() if rendition is None])
        return {spec: rendition or others[spec] for spec, rendition in found.items()}

    setattr(get_rendition, _MARK, own_one)
    AbstractImage.get_rendition = get_rendition
    AbstractImage.get_renditions = get_renditions


def _cleaned(image: Any, one: Any) -> Any:
    """Return the filter without what concerns drawings only, as Wagtail does."""
    return image.clean_filter_for_svg(Filter(spec=one) if isinstance(one, str) else one)


def _rendition(image: Any, chosen: Any) -> Any:
    """Return a rendition, or None for what Wagtail has to do itself."""
    if image.is_svg():
        return None
    found = native_params(image, chosen)
    if found is None:
        return None
    params, (width, height) = found
    rendition = image.get_rendition_model()(image=image, filter_spec=chosen.spec, width=width, height=height)
    rendition.focal_point_key = chosen.get_cache_key(image)
    rendition.file.name = source_of(image.file)
    rendition.file.storage = UrlStorage(client().url(source_of(image.file), **params))
    return rendition
