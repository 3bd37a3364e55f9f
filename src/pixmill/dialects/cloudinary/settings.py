"""``options`` of an entry: what a Cloudinary account has as settings. Knows names and values only."""

from typing import Annotated, Literal

from msgspec import Meta, Struct


class CloudinaryOptions(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings of one mount; the API secrets are the ``keys`` of the entry.

    ``cloud_name``: the only one that is answered; empty for any. ``use_root_path``: paths without resource and type are
    images too. ``transformations``: named ones. ``auto_upload``: beginnings of public ids, and the URL that each stands
    for. ``id_extension``: of the originals of public ids without one, and of all if ``replace_extension``.
    ``layer_extension``: of layers without one; None for ``id_extension``. ``video_extension``: of the originals of
    frames of videos. ``default_image``: public id of the image that is sent for a missing one.
    ``protected_folders``: beginnings of public ids that only ``private`` and ``authenticated`` URLs may name.
    """

    cloud_name: str = ""
    use_root_path: bool = False
    transformations: dict[str, str] = {}
    auto_upload: dict[str, str] = {}
    protected_folders: tuple[str, ...] = ()
    id_extension: str = ""
    replace_extension: bool = False
    layer_extension: str | None = None
    video_extension: str = "mp4"
    default_image: str = ""
    signature_algorithm: Literal["sha1", "sha256"] = "sha1"
    require_signature: bool = False
    strict_transformations: bool = False
    auth_token_key: str = ""
    require_token: bool = False
    quality: Annotated[int, Meta(ge=1, le=100)] = 80
    auto_formats: tuple[Literal["avif", "webp", "jxl"], ...] = ("avif", "webp")
    max_age: Annotated[int, Meta(ge=0, le=31_536_000)] | None = 2_592_000
