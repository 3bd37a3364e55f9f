"""Files of a responsive image in several widths and formats, and the HTML that shows them: ``/srcset`` in a program.

Knows the parameters of ``/srcset``, names of files and their URLs.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from pixmill.api.http.picture_element import ImageCandidate, PictureElement
from pixmill.api.http.placeholder_style import NO_PLACEHOLDER, PlaceholderView, hash_view, lqip_view
from pixmill.dialects.native.element_options import Placeholder
from pixmill.dialects.native.presets import NO_PRESETS
from pixmill.dialects.native.srcset import SRCSET_PARAMS, SrcsetRequest, parse_srcset
from pixmill.errors import InvalidParameter, PixmillError, UnknownParameter
from pixmill.library.params import is_image_param
from pixmill.library.result import Result
from pixmill.library.targets import write_file
from pixmill.media import BROWSER_FORMATS, MEDIA, VECTOR_FORMATS, Format
from pixmill.plan.facts import HEADER_FACTS_ONLY, Facts, FactSelection, exact_size
from pixmill.plan.lengths import Size, round_length
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.plan.passthrough import is_delivered_unchanged
from pixmill.plan.srcset_widths import srcset_widths
from pixmill.ports.values import Rendered

_SERVER_NAMES: Final = frozenset(("of", "variants", "warm"))
_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_MAX_FILES: Final = 256


def is_srcset_param(name: str) -> bool:
    """Return whether a parameter of ``/srcset`` has a meaning without a server."""
    return name not in _SERVER_NAMES and any(name in param.names for param in SRCSET_PARAMS if is_image_param(param))


LOCAL_SRCSET_PARAMS: Final = tuple(param for param in SRCSET_PARAMS if is_srcset_param(param.name))
"""The parameters of ``srcset``."""


@dataclass(frozen=True, slots=True)
class Srcset:
    """The files of a responsive image. ``html`` is a ``<picture>`` with all of them.

    ``images`` are the results, each with its ``path``, by format and then by width. ``sizes`` is that attribute's
    value; ``preload`` a ``<link>`` for the head of a page.
    """

    html: str
    images: tuple[Result, ...]
    sizes: str
    preload: str

    def __str__(self) -> str:
        return self.html

    def _repr_html_(self) -> str:
        total = sum(map(len, self.images))
        rows = "".join(
            f"<tr><td>{escape(one.path.name)}</td><td>{one.width} × {one.height}</td><td>{len(one):,} bytes</td></tr>"
            for one in self.images
            if one.path
        )
        return f"<table>{rows}</table><p>{len(self.images)} files, {total:,} bytes</p>"


@dataclass(frozen=True, slots=True)
class Operations:
    """What is needed of an engine, for one original. ``plan`` compiles a query of ``/resize``."""

    limits: Limits
    plan: Callable[[bytes], Plan]
    inspect: Callable[[FactSelection], Facts]
    render_all: Callable[[Sequence[Plan]], list[Rendered | PixmillError]]


def build_srcset(operations: Operations, target: str | os.PathLike[str], url: str, texts: Mapping[str, str]) -> Srcset:
    """Render all candidates, write them to ``target``, and describe them. Raises PixmillError, OSError."""
    request = _request(texts)
    facts = operations.inspect(HEADER_FACTS_ONLY)
    formats = request.formats or _formats(facts)
    sized = _Widths(operations, request, facts)
    widths = sized.widths(request.widths)
    keys = [(form, width) for form in formats for width, _ in widths]
    if len(keys) > _MAX_FILES:
        raise InvalidParameter(f"widths and formats must make at most {_MAX_FILES} files", param="widths")
    sizes = dict(widths)
    paths = _paths(os.fspath(target), [(form, sizes[width]) for form, width in keys])
    rendered = _rendered(operations, [sized.plan(width, form) for form, width in keys])
    results = tuple(Result.of(one, path) for one, path in zip(rendered, paths, strict=True))
    for result, path in zip(results, paths, strict=True):
        write_file(path, result.body)
    element_size = sized.element_size(widths)
    candidates: dict[Format, list[ImageCandidate]] = {form: [] for form in formats}
    for (form, _), result in zip(keys, results, strict=True):
        candidates[form].append(_candidate(result, url, element_size, has_densities=request.has_densities))
    is_opaque = not facts.alpha or not any(MEDIA[form].alpha for form in formats)
    placeholder = _placeholder(request, lambda form: _text(operations, sized.plan(widths[0][0], form)), is_opaque)
    element = PictureElement(
        candidates, element_size, request.element, placeholder, has_densities=request.has_densities
    )
    return Srcset(element.html(), results, element.sizes, element.preload())


def _request(texts: Mapping[str, str]) -> SrcsetRequest:
    for name in texts:
        if name == "url" or (name in _SERVER_NAMES | {"v", "preset"}):
            raise UnknownParameter(f"{name} is a parameter of URLs: it has no meaning without a server", param=name)
    return parse_srcset(urlencode({"url": "original", **texts}).encode(), NO_PRESETS)


@dataclass(frozen=True, slots=True)
class _Widths:
    """What is requested at which width of one original."""

    operations: Operations
    request: SrcsetRequest
    facts: Facts

    def plan(self, width: int, form: Format) -> Plan:
        return self.operations.plan(self.request.query(width, form))

    def widths(self, requested: Sequence[int]) -> list[tuple[int, Size]]:
        """Return the widths to request, with the size of each result."""
        facts = self.facts
        return srcset_widths(
            Size(facts.width, facts.height),
            requested,
            lambda width: self.plan(width, Format.JPEG),
            self.operations.limits,
            is_vector=facts.format in VECTOR_FORMATS,
            exact_source=exact_size(facts),
            orientation=facts.orientation,
            is_unchanged=self.is_unchanged,
        )

    @property
    def is_unchanged(self) -> bool:
        plan = self.plan(self.request.widths[0], Format.JPEG)
        return is_delivered_unchanged(plan, self.facts.format, is_animation=self.facts.frames > self.facts.pages)

    def element_size(self, widths: Sequence[tuple[int, Size]]) -> Size:
        """Return the size of the element in CSS pixels."""
        width, largest = self.request.width, widths[-1][1]
        if width is None:
            return largest
        if self.is_unchanged:
            width = min(width, largest.width)
            return Size(width, round_length(width * largest.height / largest.width))
        ((_, size),) = self.widths([width])
        return size


def _formats(facts: Facts) -> tuple[Format, ...]:
    """Return the default formats: those of all current browsers, and one of every browser that can hold the image."""
    if facts.frames > facts.pages:
        return (*BROWSER_FORMATS, Format.GIF)
    return (*BROWSER_FORMATS, Format.PNG if facts.alpha else Format.JPEG)


def _paths(template: str, candidates: Sequence[tuple[Format, Size]]) -> list[Path]:
    """Return the file of each candidate. Raises InvalidParameter if two would have the same."""
    paths = [Path(_FIELD.sub(lambda match, one=one: _field(match[1], *one), template)) for one in candidates]  # type: ignore[misc] # a default binds it
    if len(set(paths)) < len(paths):
        raise InvalidParameter(
            "target must have {width} and {ext} in its name, so that each file has its own", param="target"
        )
    return paths


def _field(name: str, form: Format, size: Size) -> str:
    values = {"width": size.width, "height": size.height, "ext": MEDIA[form].extension, "format": form.value}
    if name not in values:
        raise InvalidParameter(
            f"target must not have {{{name}}}; it may have {{width}}, {{height}}, {{ext}} and {{format}}",
            param="target",
        )
    return str(values[name])


def _candidate(result: Result, url: str, element_size: Size, *, has_densities: bool) -> ImageCandidate:
    name = result.path.name if result.path else ""
    descriptor = f"{result.width / element_size.width:.4g}x" if has_densities else f"{result.width}w"
    return ImageCandidate(url + quote(name), Size(result.width, result.height), descriptor)


def _text(operations: Operations, plan: Plan) -> str:
    return _rendered(operations, [plan])[0].body.decode()


def _rendered(operations: Operations, plans: Sequence[Plan]) -> list[Rendered]:
    """Render all. Raises the first error."""
    rendered = []
    for outcome in operations.render_all(plans):
        if isinstance(outcome, PixmillError):
            raise outcome
        rendered.append(outcome)
    return rendered


def _placeholder(request: SrcsetRequest, text_of: Callable[[Format], str], is_opaque: bool) -> PlaceholderView:
    kind = request.placeholder
    if kind is Placeholder.NONE:
        return NO_PLACEHOLDER
    if kind is Placeholder.LQIP:
        return lqip_view(text_of(Format.LQIP), is_opaque=is_opaque)
    thumbhash = text_of(Format.THUMBHASH)
    text = text_of(Format.BLURHASH) if kind is Placeholder.BLURHASH else thumbhash
    return hash_view(kind, text, thumbhash, is_opaque=is_opaque)
