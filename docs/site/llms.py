"""Writes the pages for language models: an index of links, and all text in one file (https://llmstxt.org)."""

from collections.abc import Callable, Iterable

from docs.site import markdown
from docs.site.navigation import Group, Page

INTRODUCTION = """\
# Pixmill

> Pixmill is an image resize service in Python: `GET /resize?url=photo.jpg&width=400&format=auto` fetches an original, renders it in
> sandboxed workers and caches the result. It also answers the URLs of other image services, such as imgproxy, thumbor and Cloudinary.

Every page is Markdown under the name that is linked here. `llms-full.txt` has all of them in one file.
"""


def index(items: Iterable[Page | Group], texts: dict[str, str], place: Callable[[str], str]) -> str:
    """Return llms.txt: a section for each of the navigation, a line for each page."""
    lines = [INTRODUCTION]
    for item in items:
        if isinstance(item, Group):
            lines += [f"## {item.title}", "", *_links(item.items, texts, place), ""]
    return "\n".join(lines)


def full(texts: dict[str, str]) -> str:
    """Return llms-full.txt."""
    return "\n\n".join(text.strip() for text in texts.values()) + "\n"


def _links(items: Iterable[Page | Group], texts: dict[str, str], place: Callable[[str], str]) -> Iterable[str]:
    for item in items:
        if isinstance(item, Group):
            yield from _links(item.items, texts, place)
        else:
            text = texts[item.path]
            yield f"- [{markdown.title(text)}]({place(item.path)}): {markdown.summary(text)}".rstrip(": ")
