"""Storages whose ``url`` is that of a resized image: ``{{ article.photo.url }}`` needs no other template."""

from __future__ import annotations

from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible

from ..parameters import IMAGE_PARAMS, IMAGE_SUFFIXES
from ..spelling import texts_of
from .conf import client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class PixmillStorageMixin:
    """Gives images of a storage URLs of Pixmill, and leaves other files their own.

    ``params``: parameters of every image, such as ``{"width": 1600}``. The server must find the names of files below
    its folder or bucket, or below ``SOURCE_BASE``.
    """

    def __init__(self, *args: Any, params: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Raises UrlError for parameters that are not valid."""
        texts_of(params or {}, IMAGE_PARAMS)
        self.pixmill_params = dict(params or {})
        super().__init__(*args, **kwargs)

    def url(self, name: str | None) -> str:
        """Return the URL of an image with the parameters of the storage, or the own URL of another file."""
        return self.image_url(name) if is_image(name) else self.original_url(name)

    def image_url(self, name: str | None, **params: Any) -> str:
        """Return the URL of an image with further parameters: ``photo.storage.image_url(photo.name, width=400)``."""
        return client().url(str(name), **{**self.pixmill_params, **params})

    def original_url(self, name: str | None) -> str:
        """Return the URL of the file itself."""
        return str(super().url(name))  # type: ignore[misc]


@deconstructible
class PixmillStorage(PixmillStorageMixin, FileSystemStorage):
    """Files in a folder, ``MEDIA_ROOT`` by default, that Pixmill serves resized."""


def is_image(name: str | None) -> bool:
    """Whether the ending of a name is that of an image which browsers show, or which becomes one."""
    return f".{str(name).rpartition('.')[2].lower()}" in IMAGE_SUFFIXES
