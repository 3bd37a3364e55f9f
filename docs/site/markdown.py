"""Rewrites a page of the repository for the site: links, lists and comments. Knows text only, no files.

The pages are GitHub's Markdown. The site's renderer needs an empty line before a list, four spaces for each level of
one, and no comment in front of a table.
"""

import re
from collections.abc import Callable, Iterator

FENCE = re.compile(r"^ *(`{3,}|~{3,})")
ITEM = re.compile(r"^( *)([-*+]|\d+[.)])( +)(?=\S)")
COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
CODE_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
LINK = re.compile(r"(\]\()([^)\s]+)(?=[)\s])|((?:src|srcset|href)=\")([^\"]+)(?=\")")
HEADING = re.compile(r"^(#{1,6}) +(.+?)(?: +#+)?$")


def segments(text: str) -> Iterator[tuple[bool, str]]:
    """Split a page into fenced code blocks (True) and what is between them."""
    lines: list[str] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        found = FENCE.match(line)
        if not fence and found:
            yield False, "".join(lines)
            lines, fence = [line], found[1]
        elif fence and found and found[1].startswith(fence) and not line.strip().strip(fence[0]):
            yield True, "".join([*lines, line])
            lines, fence = [], ""
        else:
            lines.append(line)
    yield bool(fence), "".join(lines)


def without_comments(text: str) -> str:
    """Remove HTML comments that are not in code."""
    either = re.compile(f"{CODE_SPAN.pattern}|{COMMENT.pattern}", re.DOTALL)
    return "".join(
        part if fenced else either.sub(lambda found: found[0] if found[1] else "", part)
        for fenced, part in segments(text)
    )


def with_links(text: str, target: Callable[[str], str]) -> str:
    """Replace the target of each link and image that is not in code."""

    def replaced(found: re.Match[str]) -> str:
        if found[1]:
            return found[1] + target(found[2])
        return found[3] + target(found[4])

    def outside_spans(part: str) -> str:
        spans: list[str] = []

        def hidden(found: re.Match[str]) -> str:
            spans.append(found[0])
            return f"\0{len(spans) - 1}\0"

        linked = LINK.sub(replaced, CODE_SPAN.sub(hidden, part))
        return re.sub(r"\0(\d+)\0", lambda found: spans[int(found[1])], linked)

    return "".join(part if fenced else outside_spans(part) for fenced, part in segments(text))


def with_anchors(text: str) -> str:
    """Give the rows of tables whose first cell is one name in code an anchor of that name."""
    return re.sub(r"^(\| `([A-Za-z_][A-Za-z0-9_]*)`)(?= \|)", r"\1{ #\2 }", text, flags=re.MULTILINE)


def with_drawings(text: str, drawing: Callable[[str], str]) -> str:
    """Replace images of drawings by their elements, so that their colours follow those of the site."""
    pattern = re.compile(r"^!\[[^\]]*\]\(([^)]*drawings/[a-z-]+\.svg)\)$", re.MULTILINE)
    return pattern.sub(lambda found: drawing(found[1]), text)


def with_lists(text: str) -> str:
    """Indent lists by four spaces a level, and separate them from a paragraph or table in front of them."""
    lines: list[str] = []
    offsets: list[int] = []
    fence = ""
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip(" "))
        if line.strip() and not fence:
            offsets = [offset for offset in offsets if offset <= indent]
            if (item := ITEM.match(line)) and not offsets and lines and lines[-1].strip() and not _in_list(lines):
                lines.append("")
        shift = 4 * len(offsets) - (offsets[-1] if offsets else 0)
        lines.append(" " * shift + line if line.strip() else line)
        if found := FENCE.match(line):
            fence = "" if fence and found[1].startswith(fence) else fence or found[1]
        elif not fence and (item := ITEM.match(line)):
            offsets.append(len(item[0]))
    return "\n".join(lines) + "\n"


def _in_list(lines: list[str]) -> bool:
    """Whether the last paragraph of these lines belongs to a list."""
    for line in reversed(lines):
        if not line.strip():
            return False
        if ITEM.match(line):
            return True
    return False


def title(text: str) -> str:
    """Return the first heading, without markup."""
    for fenced, part in segments(text):
        for line in part.splitlines() if not fenced else ():
            if found := HEADING.match(line):
                return found[2].replace("`", "")
    raise ValueError("a page has no heading")


def summary(text: str) -> str:
    """Return the first sentence of the first paragraph, without markup."""
    for fenced, part in segments(without_comments(text)):
        for paragraph in part.split("\n\n") if not fenced else ():
            plain = " ".join(re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", paragraph).split())
            if plain and not re.match(r"[#|>!<`-]|\d+\.", plain):
                return re.split(r"(?<=[.:?!]) (?=[A-Z`])", plain)[0].rstrip(":")
    return ""
