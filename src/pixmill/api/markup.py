"""The HTML of a responsive picture. Knows the syntax of HTML; every value is escaped here, wherever it comes from."""

from collections.abc import Mapping, Sequence
from html import escape

from pixmill.media import MEDIA, Format
from pixmill.plan.lengths import Size

Link = tuple[int, str]
"""A width in pixels and the URL of the picture that has it."""


def picture(links: Mapping[Format, Sequence[Link]], size: Size, sizes: str, alt: str) -> str:
    """A ``<picture>``: a source for each format but the last, which is that of the ``<img>`` for all who know no better."""
    *better, last = links
    sources = "".join(f"  <source{_source(form, links[form], sizes)}>\n" for form in better)
    return f"<picture>\n{sources}  <img{_img(links[last], size, sizes, alt)}>\n</picture>"


def srcset(links: Sequence[Link]) -> str:
    """As the attribute has it; our URLs hold no space and do not end with a comma."""
    return ", ".join(f"{url} {width}w" for width, url in links)


def _source(form: Format, links: Sequence[Link], sizes: str) -> str:
    return _attributes(type=MEDIA[form].mime, srcset=srcset(links), sizes=sizes)


def _img(links: Sequence[Link], size: Size, sizes: str, alt: str) -> str:
    return _attributes(
        src=links[-1][1],
        srcset=srcset(links),
        sizes=sizes,
        width=str(size.width),
        height=str(size.height),
        alt=alt,
        loading="lazy",
        decoding="async",
    )


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in values.items())
