"""What a page says of an image element besides its URLs: attributes, layout, placeholder.

Knows words and texts of HTML and CSS. Must never know a URL or a size of an original; nothing here is escaped.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

Loading = Literal["lazy", "eager"]
FetchPriority = Literal["high", "low", "auto"]
Decoding = Literal["async", "sync", "auto"]


class Layout(StrEnum):
    """How wide the element is: at most its own width, the whole container, or as the page's own CSS says."""

    CONSTRAINED = "constrained"
    FULL = "full"
    NONE = "none"


class Placeholder(StrEnum):
    """What is shown while the image loads."""

    LQIP = "lqip"
    BLURHASH = "blurhash"
    THUMBHASH = "thumbhash"
    COLOUR = "color"
    NONE = "none"


_AUTO: Final = "auto"


@dataclass(frozen=True, slots=True)
class ElementOptions:
    """The attributes of an ``<img>`` that do not depend on the image.

    ``sizes`` is empty for the default of the layout. It begins with ``auto`` only if ``loading`` is lazy: of others
    browsers do not know the width in time (HTML, section 4.8.4.2.2).
    """

    alt: str = ""
    css_class: str = ""
    loading: Loading = "lazy"
    fetch_priority: FetchPriority = "auto"
    decoding: Decoding = "async"
    layout: Layout = Layout.CONSTRAINED
    sizes: str = ""

    def sizes_for(self, width: int) -> str:
        """Return ``sizes`` of an image that is shown ``width`` CSS pixels wide where there is room."""
        if self.sizes and not is_auto(self.sizes):
            return self.sizes
        fallback = self.known_sizes_for(width)
        return f"{_AUTO}, {fallback}" if self.loading == "lazy" else fallback

    def known_sizes_for(self, width: int) -> str:
        """Return ``sizes`` without ``auto``, for what has no layout: a preload, and browsers that do not know it."""
        if self.sizes and not is_auto(self.sizes):
            return self.sizes
        given = self.sizes.partition(",")[2].strip()
        if given or self.layout is not Layout.CONSTRAINED:
            return given or "100vw"
        return f"(min-width: {width}px) {width}px, 100vw"


def is_auto(sizes: str) -> bool:
    """Whether the browser is to take the width that the element has in the layout."""
    return sizes.partition(",")[0].strip().lower() == _AUTO
