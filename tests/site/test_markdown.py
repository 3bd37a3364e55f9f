"""Pages of the repository become pages of the site: lists, links and anchors are what its renderer understands."""

import pytest
from docs.site import markdown
from docs.site.navigation import Group, Page, navigation, pages


@pytest.mark.parametrize(
    ("text", "site"),
    [
        ("a\n- b\n- c\n", "a\n\n- b\n- c\n"),
        ("| a |\n- b\n", "| a |\n\n- b\n"),
        ("1. a\n   - b\n   - c\n2. d\n", "1. a\n    - b\n    - c\n2. d\n"),
        ("- a\n  goes on\n- b\n", "- a\n    goes on\n- b\n"),
        ("```\na\n- b\n```\n", "```\na\n- b\n```\n"),
    ],
    ids=["after a paragraph", "after a table", "nested", "continued", "in code"],
)
def test_lists_are_separated_and_indented(text: str, site: str) -> None:
    assert markdown.with_lists(text) == site


def test_links_and_images_are_replaced_but_not_in_code() -> None:
    text = '[a](x.md#y) ![b](z.webp) `[c](x.md)` <img src="i.png">\n\n```\n[d](x.md)\n```\n'
    assert markdown.with_links(text, lambda target: f"<{target}>") == (
        '[a](<x.md#y>) ![b](<z.webp>) `[c](x.md)` <img src="<i.png>">\n\n```\n[d](x.md)\n```\n'
    )


def test_comments_go_but_not_in_code() -> None:
    assert markdown.without_comments("<!-- a -->\nb\n```\n<!-- c -->\n```\n") == "b\n```\n<!-- c -->\n```\n"
    assert markdown.without_comments("`<!-- a -->` and <!-- `b` -->`c`\n") == "`<!-- a -->` and `c`\n"


def test_rows_have_anchors_by_their_name() -> None:
    assert (
        markdown.with_anchors("| `not_found` | 404 |\n| `a`, `b` | |\n")
        == "| `not_found`{ #not_found } | 404 |\n| `a`, `b` | |\n"
    )


def test_a_new_page_is_found_without_a_change_of_the_navigation() -> None:
    tree = navigation(["docs/README.md", "docs/how-to/new.md", "docs/newer.md", "docs/errors.md"])
    assert tree[0] == Page("docs/README.md")
    tasks = next(item for item in tree if isinstance(item, Group) and item.title == "How-to")
    assert pages(tasks.items) == ["docs/how-to/new.md", "docs/newer.md"]


def test_a_title_and_a_summary_are_plain_text() -> None:
    text = "# The `fit`\n\n```sh\nx\n```\n\nSee [a](b.md) or `c`. More.\n"
    assert markdown.title(text) == "The fit"
    assert markdown.summary(text) == "See a or `c`."
