"""``options`` of an entry: what thumbor and imagor have as settings, in lower case. Knows names and values only."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from pixmill.dialects.thumbor.grammar import Flavour
from pixmill.plan.ops import ResampleSpace


class ThumborOptions(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings of one mount. None is the default of the flavour.

    ``smart``: what ``smart/`` looks for. ``allow_unsafe_url``: answer ``unsafe/`` although there are keys.
    ``resampling``: what resizing mixes, sRGB values as the services, or light.
    """

    flavour: Flavour = Flavour.THUMBOR
    allow_unsafe_url: bool = False
    signer_type: Literal["sha1", "sha256", "sha512"] = "sha1"
    signer_truncate: Annotated[int, Meta(ge=0, le=88)] = 0
    smart: Literal["auto", "attention", "entropy", "face", "center"] = "attention"
    resampling: ResampleSpace = ResampleSpace.SRGB
    respect_orientation: bool | None = None
    quality: int | None = None
    webp_quality: int | None = None
    avif_quality: int | None = None
    heif_quality: int | None = None
    max_width: int = 0
    max_height: int = 0
    max_age: int | None = None
    auto_webp: bool = False
    auto_avif: bool = False
    auto_jpg: bool = False
    auto_png: bool = False
    auto_heif: bool = False
    auto_png_to_jpg: bool = False
    progressive_jpeg: bool | None = None
    preserve_exif_info: bool = False
    strip_metadata: bool = False
    fit_in_enlarges: bool = False
    base_params: str = ""
    base_path_redirect: str = ""
    disable_params_endpoint: bool = False
    disable_error_body: bool = False
    disable_filters: tuple[str, ...] = ()
    meta_callback_name: str = ""
