"""HTML of a responsive ``<picture>``. Every value is escaped here, wherever it comes from."""

from collections.abc import Mapping, Sequence
from html import escape

from pixmill.media import MEDIA, Format
from pixmill.plan.lengths import Size

ImageCandidate = tuple[int, str]
"""A width in pixels, and the URL of the image."""


def picture_element(candidates: Mapping[Format, Sequence[ImageCandidate]], size: Size, sizes: str, alt: str) -> str:
    """Return a ``<picture>``: a source per format, except the last one, which is the fallback ``<img>``."""
    *preferred, fallback = candidates
    sources = "".join(f"  <source{_source_attributes(form, candidates[form], sizes)}>\n" for form in preferred)
    return f"<picture>\n{sources}  <img{_img_attributes(candidates[fallback], size, sizes, alt)}>\n</picture>"


def srcset_attribute(candidates: Sequence[ImageCandidate]) -> str:
    """Return the value of ``srcset``; our URLs contain no space and do not end with a comma."""
    return ", ".join(f"{url} {width}w" for width, url in candidates)


def _source_attributes(form: Format, candidates: Sequence[ImageCandidate], sizes: str) -> str:
    return _render_attributes(type=MEDIA[form].mime, srcset=srcset_attribute(candidates), sizes=sizes)


def _img_attributes(candidates: Sequence[ImageCandidate], size: Size, sizes: str, alt: str) -> str:
    return _render_attributes(
        src=candidates[-1][1],
        srcset=srcset_attribute(candidates),
        sizes=sizes,
        width=str(size.width),
        height=str(size.height),
        alt=alt,
        loading="lazy",
        decoding="async",
    )


def _render_attributes(**values: str) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in values.items())
