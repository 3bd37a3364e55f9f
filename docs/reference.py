"""Writes a page for each group of parameters: an anchor, the values, and examples with original and result for each.

``docs/generate.py`` writes the pages; ``docs/gallery.py`` renders the images that they show.
"""

from collections.abc import Iterable
from pathlib import Path

from docs.examples import EXAMPLES, Example
from PIL import Image

from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.native.tables import srcset

IMAGES = Path(__file__).parent / "gallery"
ALL_PARAMS = (*PARAMS, *srcset.PARAMS, srcset.PRESET)

FILES = {group: group.value.partition(" (")[0].lower().replace(" ", "-") + ".md" for group in Group}

REQUESTS = {
    Group.SOURCE: "/resize?url=photo.jpg&width=400",
    Group.OUTPUT: "/resize?url=photo.jpg&width=400",
    Group.RESPONSE: "/resize?url=photo.jpg&width=400",
    Group.INFO: "/info?url=photo.jpg",
    Group.SRCSET: "/srcset?url=photo.jpg",
    Group.PRESET: "/resize?url=photo.jpg",
    Group.ACCESS: "/resize?url=sunset.jpg&width=400",
}
OTHER_REQUESTS = {
    "url": "/resize?width=400",
    "of": "/srcset?alt=A+mill",
    "palette_colors": "/info?url=photo.jpg&include=palette",
    "fallback_status": "/resize?url=photo.jpg&width=400&fallback=placeholders/missing.png",
    "max_bytes_strict": "/resize?url=photo.jpg&width=400&max_bytes=30000",
    "dither": "/resize?url=photo.jpg&width=400&format=png&colors=16",
}

INDEX = """\
# Gallery

Every parameter that changes what is seen, on the sample photos of `examples/photos`. An image leads to its requests. `make gallery` renders them
again.
"""


def pages() -> dict[str, str]:
    """Return the text of each page by its path in ``docs``."""
    texts = {f"gallery/{FILES[group]}": _page(group) for group in Group}
    return {name: "\n".join(lines).rstrip() + "\n" for name, lines in {**texts, "gallery/README.md": _index()}.items()}


def anchor(param: Param) -> str:
    """Return where a parameter is described, from a page in ``docs``."""
    return f"gallery/{FILES[param.group]}#{param.name}"


def image(name: str, number: int) -> Path:
    """Return the file of an example's result, of the format that it has."""
    return next(
        (path for path in sorted(IMAGES.glob(f"{name}-{number}.*")) if path.suffix != ".md"), IMAGES / "missing.webp"
    )


def original(example: Example) -> Path:
    return IMAGES / f"original-{Path(example.photo).stem}.webp"


def _page(group: Group) -> Iterable[str]:
    yield f"# {group}\n"
    yield f"Rules and the other groups: [Parameters](../parameters.md#{_slug(group.value)}).\n"
    for param in ALL_PARAMS:
        if param.group is group:
            yield from _section(param)


def _section(param: Param) -> Iterable[str]:
    yield f"## `{param.name}`\n"
    yield f"{param.description}\n"
    facts = [f"Values: {param.grammar.expects}."]
    if param.default:
        facts.append(f"Default: `{param.default}`.")
    if param.aliases:
        facts.append(f"Also: {', '.join(f'`{name}`' for name in param.aliases)}.")
    yield " ".join(facts) + "\n"
    for number, example in enumerate(EXAMPLES.get(param.name, ()), 1):
        yield from _example(param, number, example)
    if not EXAMPLES.get(param.name) and param.examples:
        request = OTHER_REQUESTS.get(param.name) or REQUESTS.get(param.group, "/resize?url=photo.jpg&width=400")
        yield "```"
        yield from (f"{request}&{param.name}={value.replace(' ', '+')}" for value in param.examples)
        yield "```\n"


def _example(param: Param, number: int, example: Example) -> Iterable[str]:
    shown = image(param.name, number)
    yield f"{example.caption} *{_facts(shown)}*\n"
    yield "```"
    yield f"/resize?{example.query(param.name)}"
    yield "```\n"
    yield f"| original: `{example.photo}` | result |"
    yield "| --- | --- |"
    yield f"| ![{example.photo}, whole]({original(example).name}) | ![{_alt(example)}]({shown.name}) |\n"


def _facts(path: Path) -> str:
    """Say how large an image is: ``240 × 163 px, WebP, 7.1 kB``."""
    with Image.open(path) as opened:
        width, height = opened.size
        form = opened.format
    name = {"WEBP": "WebP"}.get(str(form), form)
    return f"{width:,} × {height:,} px, {name}, {path.stat().st_size / 1000:.1f} kB"


def _alt(example: Example) -> str:
    return example.caption.replace("`", "").replace("|", "/").rstrip(".")


def _index() -> Iterable[str]:
    yield INDEX
    for group in Group:
        shown = [param for param in ALL_PARAMS if param.group is group and param.name in EXAMPLES]
        if shown:
            yield f"## {group}\n"
            yield "| parameter | result | what it shows |"
            yield "| --- | --- | --- |"
            yield from map(_index_row, shown)
            yield ""


def _index_row(param: Param) -> str:
    example = EXAMPLES[param.name][0]
    link = f"{FILES[param.group]}#{param.name}"
    return (
        f"| [`{param.name}`]({link}) | [![{_alt(example)}]({image(param.name, 1).name})]({link}) | {example.caption} |"
    )


def _slug(heading: str) -> str:
    return "".join(letter for letter in heading.lower().replace(" ", "-") if letter.isalnum() or letter == "-")
