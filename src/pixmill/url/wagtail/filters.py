"""Filter specs as parameters: what Wagtail computes for an image, said to the server in numbers.

Region and size are Wagtail's own, to the pixel; formats and qualities follow its settings.
"""

from __future__ import annotations

from django.conf import settings
from wagtail import VERSION
from wagtail.images import image_operations as operations

from ..parameters import MEDIA_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAJOR_WITH_MODERN_FORMATS = 8
_FORMATS = {"jpg": "jpeg", "jpe": "jpeg", "tif": "tiff", "heif": "heic"}
_QUALITIES = {
    "jpeg": ("WAGTAILIMAGES_JPEG_QUALITY", 76),
    "webp": ("WAGTAILIMAGES_WEBP_QUALITY", 80),
    "avif": ("WAGTAILIMAGES_AVIF_QUALITY", 61),
}
_OLD_QUALITIES = {"jpeg": 85, "avif": 80}
_LOSSLESS = ("webp", "avif")


def native_params(image: Any, chosen: Any) -> tuple[dict[str, Any], tuple[int, int]] | None:
    """Return the parameters and the size of a rendition; None if an operation of it is not known."""
    transform = chosen.get_transform(image)
    size = (max(1, int(transform.size[0])), max(1, int(transform.size[1])))
    params = _region_and_size(transform.get_rect().round(), size, (image.width, image.height))
    qualities: dict[str, int] = {}
    target: Any = None
    for operation in chosen.filter_operations:
        if isinstance(operation, operations.FormatOperation):
            target = operation
        elif isinstance(operation, operations.BackgroundColorOperation):
            params.setdefault("flatten", "".join([f"{part:02x}" for part in operation.color]))
        elif isinstance(operation, _QUALITY_OPERATIONS):
            qualities[type(operation).__name__.replace("QualityOperation", "").lower()] = operation.quality
        elif not isinstance(operation, operations.DoNothingOperation):
            return None
    return {**params, **_output(image.file.name, target, qualities)}, size


_QUALITY_OPERATIONS = (
    operations.JPEGQualityOperation,
    operations.WebPQualityOperation,
    operations.AvifQualityOperation,
)


def _region_and_size(rect: Any, size: tuple[int, int], whole: tuple[int, int]) -> dict[str, Any]:
    left, top = max(0, int(rect.left)), max(0, int(rect.top))
    region = (min(int(rect.right), whole[0]) - left, min(int(rect.bottom), whole[1]) - top)
    params: dict[str, Any] = {}
    if region != whole:
        params["crop"] = (left, top, *region)
    if region != size:
        params |= {"width": size[0], "height": size[1], "fit": "fill", "enlarge": True}
    return params


def _output(name: str, target: Any, qualities: dict[str, int]) -> dict[str, Any]:
    """Return the format and what belongs to it."""
    if target is not None:
        form = str(target.format)
        if form in _LOSSLESS and "lossless" in target.options:
            return {"format": form, "lossless": True}
        return {"format": form, **_quality(form, qualities)}
    suffix = name.rpartition(".")[2].lower()
    own = _FORMATS.get(suffix, suffix)
    if own not in MEDIA_TYPES:
        return {"format": "original"}
    form = _conversions().get(own, own)
    return {"format": form, "animated_formats": "gif", **_quality(form, qualities)}


def _conversions() -> dict[str, str]:
    """Return the formats that become others."""
    conversions = {"bmp": "png", "heic": "jpeg", "tiff": "png"}
    if VERSION[0] < _MAJOR_WITH_MODERN_FORMATS:
        conversions |= {"webp": "png", "avif": "png"}
    return conversions | getattr(settings, "WAGTAILIMAGES_FORMAT_CONVERSIONS", {})


def _quality(form: str, qualities: dict[str, int]) -> dict[str, int]:
    if form not in _QUALITIES:
        return {}
    setting, default = _QUALITIES[form]
    if VERSION[0] < _MAJOR_WITH_MODERN_FORMATS:
        default = _OLD_QUALITIES.get(form, default)
    return {"quality": max(1, qualities.get(form, getattr(settings, setting, default)))}
