"""What imgix, Prismic, Sanity, Gumlet and Kontent.ai do each in their own way. Knows tables; parses nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pixmill.dialects.imgix.options import GUMLET_ROWS, KONTENT_ROWS, ROWS, SANITY_ROWS, Row
from pixmill.dialects.kit.options import by_name

_ASSET: Final = re.compile(r"[A-Za-z0-9_]{1,128}-[0-9]{1,6}x[0-9]{1,6}\.[a-z0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class Service:
    """A service.

    ``default_fit`` is that without ``fit``; ``enlarges``: whether fits enlarge without being told to. ``quality`` is
    the default one. ``turns_clockwise``: ``rot`` does. ``blur_scale``: sigma for a blur of 1. ``needs_focal_word``:
    a focal point counts only with ``crop=focalpoint``. ``has_base64``: names that end with 64. ``asset_names``: what
    follows the name of an asset in a path is only for readers. ``error_header`` repeats the text of an error.
    """

    name: str
    rows: tuple[Row, ...] = ROWS
    default_fit: str = "clip"
    enlarges: bool = True
    quality: int = 75
    turns_clockwise: bool = False
    blur_scale: float = 0.1
    needs_focal_word: bool = True
    has_base64: bool = True
    asset_names: bool = False
    error_header: str = ""
    by_name: Mapping[str, Row] = field(init=False)

    def __post_init__(self) -> None:
        table = dict(by_name(self.rows))
        if self.has_base64:
            table |= {f"{name}64": row for name, row in table.items() if row.key not in ("auto", "ch")}
        object.__setattr__(self, "by_name", table)

    def source_path(self, path: str) -> str:
        """Return the path of the original: up to the name of an asset, where there is one."""
        if not self.asset_names:
            return path
        segments = path.split("/")
        last = next((number for number, one in enumerate(segments) if _ASSET.fullmatch(one)), len(segments))
        return "/".join(segments[: last + 1])


SERVICES: Final[Mapping[str, Service]] = {
    service.name: service
    for service in (
        Service("imgix", error_header="X-Imgix-Error"),
        Service("prismic", error_header="X-Imgix-Error"),
        Service("sanity", SANITY_ROWS, needs_focal_word=False, has_base64=False, asset_names=True),
        Service(
            "gumlet",
            GUMLET_ROWS,
            default_fit="max",
            enlarges=False,
            quality=80,
            turns_clockwise=True,
            blur_scale=1.0,
            needs_focal_word=False,
        ),
        Service("kontent", KONTENT_ROWS, needs_focal_word=False, has_base64=False),
    )
}
