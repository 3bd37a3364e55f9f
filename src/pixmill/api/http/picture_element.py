"""HTML of a responsive ``<picture>``. Every value is escaped here, wherever it comes from.

Without a script: the box has its final shape before the image is there (``width``, ``height``), is never wider than its
container, and has the placeholder as its background.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from pixmill.api.http.placeholder_style import PlaceholderView
from pixmill.dialects.native.element_options import ElementOptions, Layout
from pixmill.media import MEDIA, Format
from pixmill.plan.lengths import Size

_STYLES: Final = {
    Layout.CONSTRAINED: ("max-width:100%", "height:auto"),
    Layout.FULL: ("width:100%", "height:auto"),
    Layout.NONE: (),
}

_MAX_DEFAULT_WIDTH: Final = 1_080
"""Browsers that do not know ``srcset`` get an image of about this width, enough for a page of their time."""


@dataclass(frozen=True, slots=True)
class ImageCandidate:
    """One image of a set. ``descriptor`` is its width or its density: ``640w``, ``2x``."""

    url: str
    size: Size
    descriptor: str


@dataclass(frozen=True, slots=True)
class PictureElement:
    """An image in several formats, best first, and how the page shows it.

    ``size`` is that of the element in CSS pixels. ``has_densities``: the candidates are for this size alone.
    """

    candidates: Mapping[Format, Sequence[ImageCandidate]]
    size: Size
    options: ElementOptions
    placeholder: PlaceholderView
    has_densities: bool

    @property
    def sizes(self) -> str:
        """The value of ``sizes``, empty for densities."""
        return "" if self.has_densities else self.options.sizes_for(self.size.width)

    def html(self) -> str:
        """Return a ``<picture>``: a source per format, except the last one, which is the fallback ``<img>``."""
        *preferred, fallback = self.candidates
        sources = "".join(f"  <source{self._source_attributes(form)}>\n" for form in preferred)
        return f"<picture>\n{sources}  <img{self._img_attributes(fallback)}>\n</picture>"

    def preload(self) -> str:
        """Return a ``<link>`` for the head of the page, of the best format: other browsers ignore it."""
        form = next(iter(self.candidates))
        sizes = "" if self.has_densities else self.options.known_sizes_for(self.size.width)
        priority = self.options.fetch_priority
        return "<link{}>".format(
            _render_attributes(
                rel="preload",
                as_="image",
                href=self.default_url(form),
                imagesrcset=self._srcset(form),
                imagesizes=sizes or None,
                type=MEDIA[form].mime,
                fetchpriority=None if priority == "auto" else priority,
            )
        )

    def default_url(self, form: Format | None = None) -> str:
        """Return the URL of the middle-sized candidate in a format, by default the last one."""
        width = min(self.size.width, _MAX_DEFAULT_WIDTH)
        candidates = self.candidates[form or list(self.candidates)[-1]]
        return min(candidates, key=lambda one: (abs(one.size.width - width), one.size.width)).url

    def _srcset(self, form: Format) -> str:
        """Return the value of ``srcset``; our URLs contain no space and do not end with a comma."""
        return ", ".join(f"{one.url} {one.descriptor}" for one in self.candidates[form])

    def _source_attributes(self, form: Format) -> str:
        return _render_attributes(type=MEDIA[form].mime, srcset=self._srcset(form), sizes=self.sizes or None)

    def _img_attributes(self, form: Format) -> str:
        options = self.options
        styles = _STYLES[options.layout]
        background = (f"background:{self.placeholder.background}",) if styles and self.placeholder.background else ()
        return _render_attributes(
            # before src, as browsers start to load an image as soon as they have read its URL
            loading=options.loading if options.loading == "lazy" else None,
            fetchpriority=None if options.fetch_priority == "auto" else options.fetch_priority,
            decoding=None if options.decoding == "auto" else options.decoding,
            sizes=self.sizes or None,
            srcset=self._srcset(form),
            src=self.default_url(form),
            width=str(self.size.width),
            height=str(self.size.height),
            alt=options.alt,
            class_=options.css_class or None,
            style=";".join((*styles, *background)) or None,
            **self.placeholder.data,
        )


def _render_attributes(**values: str | None) -> str:
    """Render attributes in order; None for one that is left out."""
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for name, value in values.items()
        if value is not None
    )
