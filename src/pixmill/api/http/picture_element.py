"""The HTML of a responsive picture. Knows the syntax of HTML; every value is escaped here, wherever it comes from."""

from collections.abc import Mapping, Sequence
from html import escape

from pixmill.media import MEDIA, Format
from pixmill.plan.lengths import Size

ImageCandidate = tuple[int, str]
"""A width in pixels and the URL of the picture that has it."""


def picture_element(candidates: Mapping[Format, Sequence[ImageCandidate]], size: Size, sizes: str, alt: str) -> str:
    """A ``<picture>``: a source for each format but the last, which is that of the ``<img>`` for all who know no better."""
    *preferred, fallback = candidates
    sources = "".join(f"  <source{_source_attributes(form, candidates[form], sizes)}>\n" for form in preferred)
    return f"<picture>\n{sources}  <img{_img_attributes(candidates[fallback], size, sizes, alt)}>\n</picture>"


def srcset_attribute(candidates: Sequence[ImageCandidate]) -> str:
    """As the attribute has it; our URLs hold no space and do not end with a comma."""
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
