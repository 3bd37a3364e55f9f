"""Estimates what a drawing costs to render, from its filters, layers, texts and gradients, and what refers to them.

Rates are nanoseconds per pixel of the canvas, measured with librsvg 2.6 (``python -m benchmarks.costly`` renders the
worst of them). Filters and layers work on the whole canvas, however small the element is. Plain shapes are not
estimated: their work depends on where they are, and a worker is taken from one that takes long. Must never render.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

_APPLY_NS: Final = 20.0
_PRIMITIVE_NS: Final[Mapping[str, float]] = {
    "feBlend": 62.0,
    "feColorMatrix": 65.0,
    "feComponentTransfer": 70.0,
    "feComposite": 90.0,
    "feDiffuseLighting": 90.0,
    "feDisplacementMap": 730.0,
    "feDropShadow": 170.0,
    "feGaussianBlur": 170.0,
    "feImage": 60.0,
    "feMergeNode": 30.0,
    "feSpecularLighting": 150.0,
}
_OTHER_PRIMITIVE_NS: Final = 10.0
_MORPHOLOGY_NS: Final = 8.3
_MAX_MORPHOLOGY_RADIUS: Final = 10
"""Of librsvg, in pixels; each pixel compares the whole window."""
_TURBULENCE_NS, _OCTAVE_NS, _MAX_OCTAVES = 140.0, 50.0, 10
_CONVOLUTION_NS: Final = 20.0
_MIN_UNIT: Final = 1e-4
_MAX_ORDER: Final = 15
_FUNCTION_NS: Final = 190.0
_MAX_COVER: Final = 4.0
"""How often the regions of all filters together are assumed to cover the canvas: many filtered elements are small."""
_LAYER_NS: Final = 2.0
_BLEND_NS: Final = 12.0
_MASK_NS: Final = 15.0
_ELEMENT_S: Final = 10e-6
_MAX_DEPTH: Final = 300
"""More than librsvg nests."""
_MAX_ELEMENTS: Final = 500_000
"""References that librsvg follows; it refuses a drawing with more."""
_STOP_PAIR_S: Final = 3e-9
"""Cairo sorts each stop of a gradient into a list, every time the gradient is used."""
_CHARACTER_S: Final = 30e-6
_CHARACTER_PAIR_S: Final = 60e-9

_USE: Final = re.compile(r"""url\(\s*(?:"#([^"]*)"|'#([^']*)'|["']?#([^()"'\s]*))""", re.IGNORECASE)
_FUNCTION: Final = re.compile(
    r"(?:blur|brightness|contrast|drop-shadow|grayscale|hue-rotate|invert|opacity|saturate|sepia)\(", re.IGNORECASE
)
_DECLARATION: Final = re.compile(r"(?:^|[;{\s])([a-z-]+)\s*:([^;{}]*)", re.IGNORECASE)
_COMMENT: Final = "/**/"
"""All that the sanitiser leaves of comments."""
_COMBINATOR: Final = re.compile(r"[\s>+~]+")
_CLASS: Final = re.compile(r"\.([\w-]+)")
_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
_REFERRING: Final = frozenset(
    {"filter", "mask", "clip-path", "fill", "stroke", "marker", "marker-start", "marker-mid", "marker-end"}
)
_COMPOSITING: Final = frozenset({"mix-blend-mode", "opacity"})
"""Properties that give an element a layer of its own; drawing programs write those that do not to each element too."""
_NOT_DRAWN: Final = frozenset(
    {"defs", "symbol", "filter", "mask", "pattern", "marker", "clipPath", "linearGradient", "radialGradient"}
)
_NO_PLAIN_SELECTOR: Final = frozenset("()\\")
_CLASS_MARK: Final = "\0"
"""Before the name of a class among the ids: none can contain it."""
_TEXTS: Final = frozenset({"text", "tspan", "textPath", "tref"})


@dataclass(frozen=True, slots=True)
class DrawingCost:
    """Nanoseconds per pixel of the canvas, and seconds for each time that the drawing is drawn."""

    ns_per_pixel: float = 0.0
    fixed_s: float = 0.0

    def seconds(self, pixels: int) -> float:
        """Estimate the CPU seconds; libvips draws large images in tiles, and each tile draws everything."""
        tiles = 1 + pixels // _TILE_PIXELS
        return self.ns_per_pixel * pixels * 1e-9 + self.fixed_s * tiles


_TILE_PIXELS: Final = 4_000_000
_MAX_NS, _MAX_FIXED_S = 1e12, 1e6
NO_DRAWING: Final = DrawingCost()


class _Total(NamedTuple):
    """Rates of layers and of filter primitives, numbers of filters and elements, and other seconds per drawing."""

    ns: float = 0.0
    filter_ns: float = 0.0
    filters: float = 0.0
    elements: float = 0.0
    fixed_s: float = 0.0

    def plus(self, other: "_Total", count: float = 1.0) -> "_Total":
        return _Total(*(min(mine + count * theirs, _MAX_NS) for mine, theirs in zip(self, other, strict=True)))

    @property
    def ns_per_pixel(self) -> float:
        cover = min(1.0, _MAX_COVER / self.filters) if self.filters else 1.0
        return self.ns + _APPLY_NS * self.filters + cover * self.filter_ns


@dataclass(slots=True)
class _Node:
    """The elements from one with an id down to the next ones, or the root: their own cost and what they refer to."""

    ns: float = 0.0
    filter_ns: float = 0.0
    is_filter: bool = False
    fixed_s: float = 0.0
    references: Counter[str] = field(default_factory=Counter)
    children: "list[_Node]" = field(default_factory=list)
    elements: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    stops: int = 0
    characters: int = 0
    total: "_Total | None" = None
    is_open: bool = False


class DrawingCostCounter:
    """Collects the cost while a file is read, element by element."""

    def __init__(self) -> None:
        self._root = _Node()
        self._nodes: dict[str, _Node] = {}
        self._elements = [self._root]
        self._stack = [self._root]
        self._styles: list[str] = []
        self._names: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        node = self._stack[-1]
        id_ = attributes.get("id")
        if id_ or name in _NOT_DRAWN:
            child = _Node()
            self._elements.append(child)
            if name not in _NOT_DRAWN:
                node.children.append(child)
            child.is_filter = name == "filter"
            if id_:
                self._nodes.setdefault(id_, child)
            node = child
        self._stack.append(node)
        self._names.append(name)
        node.elements += 1
        node.classes.update(attributes.get("class", "").split())
        if name == "stop":
            node.stops += 1
        elif name.startswith("fe"):
            node.filter_ns += _primitive_ns(name, attributes)
        self._add_references(node, attributes)

    def end(self) -> None:
        self._stack.pop()
        self._names.pop()

    def text(self, length: int) -> None:
        if self._names[-1] in _TEXTS:
            self._stack[-1].characters += length

    def style(self, css: str) -> None:
        self._styles.append(css.replace(_COMMENT, ""))

    def embedded(self, cost: DrawingCost) -> None:
        """Count an SVG that the last element draws as an image."""
        self._stack[-1].ns += cost.ns_per_pixel
        self._stack[-1].fixed_s += cost.fixed_s

    def cost(self) -> DrawingCost:
        """Return the cost of the whole drawing, with everything as often as it is referred to."""
        for css in self._styles:
            for rule in css.split("}"):  # a regular expression would try each character; the last may be left open
                selectors, _, declarations = rule.rpartition("{")
                self._add_rule(selectors.rpartition("{")[2], declarations)
        if self._styles:
            self._apply_rules()
        total = self._total(self._root)
        fixed_s = total.fixed_s + _ELEMENT_S * min(total.elements, _MAX_ELEMENTS)
        return DrawingCost(min(total.ns_per_pixel, _MAX_NS), min(fixed_s, _MAX_FIXED_S))

    def _add_references(self, node: _Node, attributes: Mapping[str, str]) -> None:
        for name, value in attributes.items():
            if name in ("href", "xlink:href"):
                node.references[value.strip().removeprefix("#")] += 1
            elif name in _REFERRING:
                _add_property(node, name, value, 1)
            elif name == "style":
                for property_, declared in _DECLARATION.findall(value.replace(_COMMENT, "")):
                    _add_property(node, property_.lower(), declared, 1)
            elif name in _COMPOSITING:
                _add_property(node, name, value, 1)

    def _add_rule(self, selectors: str, declarations: str) -> None:
        """Collect the properties of a rule of a style sheet by class, or for all elements if it names none."""
        for property_, value in _DECLARATION.findall(declarations):
            name = property_.lower()
            if name in _REFERRING or name in _COMPOSITING:
                for class_ in {class_ for selector in selectors.split(",") for class_ in _selected_classes(selector)}:
                    _add_property(self._nodes.setdefault(f"{_CLASS_MARK}{class_}", _Node()), name, value, 1)

    def _apply_rules(self) -> None:
        """Let elements refer to the properties of their classes."""
        for node in self._elements:
            for class_, count in (*node.classes.items(), ("", node.elements)):
                if f"{_CLASS_MARK}{class_}" in self._nodes:
                    node.references[f"{_CLASS_MARK}{class_}"] += count

    def _total(self, node: _Node, depth: int = 0) -> _Total:
        """Add up a node and all that it refers to. Circles, which librsvg does not follow, count once."""
        if node.total is not None:
            return node.total
        if node.is_open or depth > _MAX_DEPTH:
            return _Total()
        node.is_open = True
        fixed_s = _STOP_PAIR_S * node.stops**2 + _CHARACTER_S * node.characters
        fixed_s += _CHARACTER_PAIR_S * node.characters**2 / max(1, node.elements)
        total = _Total(node.ns, node.filter_ns, float(node.is_filter), node.elements, fixed_s)
        for child in node.children:
            total = total.plus(self._total(child, depth + 1))
        for id_, count in node.references.items():
            if target := self._nodes.get(id_):
                total = total.plus(self._total(target, depth + 1), count)
        node.is_open = False
        node.total = total
        return total


def _selected_classes(selector: str) -> Sequence[str]:
    """Return the classes of which a selected element has at least one; an empty name stands for any element."""
    if not _NO_PLAIN_SELECTOR.isdisjoint(selector):  # it may be a negation, or the class has an escape
        return ("",)
    return _CLASS.findall(_COMBINATOR.split(selector.strip())[-1]) or ("",)


def _is_opaque(value: str) -> bool:
    number = _NUMBER.match(value.strip())
    return number is not None and float(number[0]) >= (1 if "%" not in value else 100)


def _add_property(node: _Node, name: str, value: str, count: int) -> None:
    targets = ["".join(quoted_or_not) for quoted_or_not in _USE.findall(value)]
    for target in targets:
        node.references[target] += count
    if name == "filter":
        node.ns += _FUNCTION_NS * len(_FUNCTION.findall(value)) * count
    elif name == "mask":
        node.ns += _MASK_NS * count * bool(targets)
    elif name == "mix-blend-mode":
        node.ns += _BLEND_NS * count * (value.strip() != "normal")
    elif name == "opacity":
        node.ns += _LAYER_NS * count * (not _is_opaque(value))


def _numbers(attributes: Mapping[str, str], name: str) -> list[float]:
    return [abs(float(number)) for number in _NUMBER.findall(attributes.get(name, ""))[:2]]


def _primitive_ns(name: str, attributes: Mapping[str, str]) -> float:
    ns = _SPECIAL_NS[name](attributes) if name in _SPECIAL_NS else _PRIMITIVE_NS.get(name, _OTHER_PRIMITIVE_NS)
    unit = min(_numbers(attributes, "kernelUnitLength"), default=1.0)
    # A kernel unit below a pixel enlarges the image first. The unit is one of the drawing, so this may be too much.
    return ns / min(1.0, max(unit, _MIN_UNIT)) ** 2


def _morphology_ns(attributes: Mapping[str, str]) -> float:
    radius = min(max(_numbers(attributes, "radius"), default=0.0), _MAX_MORPHOLOGY_RADIUS)
    return _MORPHOLOGY_NS * (2 * radius + 1) ** 2


def _turbulence_ns(attributes: Mapping[str, str]) -> float:
    octaves = min(max(_numbers(attributes, "numOctaves"), default=1.0), _MAX_OCTAVES)
    return _TURBULENCE_NS + _OCTAVE_NS * octaves


def _convolution_ns(attributes: Mapping[str, str]) -> float:
    order = min(max(_numbers(attributes, "order"), default=3.0), _MAX_ORDER)
    return _CONVOLUTION_NS * order**2


_SPECIAL_NS: Final[Mapping[str, Callable[[Mapping[str, str]], float]]] = {
    "feMorphology": _morphology_ns,
    "feTurbulence": _turbulence_ns,
    "feConvolveMatrix": _convolution_ns,
}
