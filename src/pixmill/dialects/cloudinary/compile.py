"""Turns the components of a URL into an image request: stages of pixels, then input, output and answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Final

from msgspec import structs

from pixmill.dialects.cloudinary.effects import BLENDS, EFFECTS, LOOP, EffectCall
from pixmill.dialects.cloudinary.grammar import (
    FETCH,
    MAX_COMPONENTS,
    PROTECTED_TYPES,
    VIDEO,
    Delivery,
    split_component,
    split_extension,
)
from pixmill.dialects.cloudinary.layer_placement import flags_of
from pixmill.dialects.cloudinary.layers import MAX_DEPTH, Layer, layers_and_components, overlay_of
from pixmill.dialects.cloudinary.options import FORMATS, IDLE_FLAGS, UNMADE_FORMATS, Component, invalid, read_component
from pixmill.dialects.cloudinary.resizing import Sizing, put_size
from pixmill.dialects.cloudinary.settings import CloudinaryOptions
from pixmill.dialects.cloudinary.values import MAXIMUM, Angle, Auto, Background, Quality, Side
from pixmill.dialects.kit.compiled import CompiledCache
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.numbers import integer
from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.source_mapping import check_base, resolve_source
from pixmill.errors import BadRequest, InvalidParameter, RouteNotFound
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.hints import Hints, HintValues
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import MAX_SIDE, Aspect, Input, Output, Plan, Stage
from pixmill.plan.output import Animation, Encoding, Metadata, Profile, RenderMode, Subsampling
from pixmill.plan.request import Fallback, ImageRequest
from pixmill.plan.shapes import Border, CornerRadii, Ellipse, Shape
from pixmill.plan.source import SourceKind, SourceRef, parse_source
from pixmill.plan.transforms import FreeRotation

_MAX_NESTING: Final = 4
"""Of named transformations in named transformations."""

_RIGHT_ANGLE: Final = 90
_NEUTRAL_QUALITY: Final = 80
_TARGETS: Final = {"best": 90, "good": 80, "eco": 65, "low": 50}
_ECO: Final = "eco"
_PALETTE: Final = 256
_PNG_COLOURS: Final = frozenset({"png8", "lossy"})
_FALLBACKS: Final = (Format.JPEG, Format.PNG, Format.GIF)
_ANIMATION_FLAGS: Final = frozenset({"animated", "awebp", "apng"})
_MAX_LOOPS: Final = 65_534
_MAX_FILENAME: Final = 200
_NO_SOURCE: Final = SourceRef(SourceKind.PATH, "")
_AS_STORED: Final = Output(source_format=True, metadata=Metadata.ALL, profile=Profile.KEEP)


@dataclass(slots=True)
class Recipe:
    """What the components say besides the pixels; of each the last one counts."""

    format: str = ""
    quality: Quality | None = None
    flags: set[str] = field(default_factory=set)
    attachment: str | None = None
    ignores_orientation: bool = False
    page: int = 0
    dpi: int = 96
    seconds: float | None = None
    delay_ms: int = 0
    loop: int | None = None
    profile: str = ""
    default: str = ""
    has_auto_width: bool = False
    has_auto_dpr: bool = False

    def note(self, component: Component) -> None:
        """Note what a component says about input, output and answer."""
        for name, key in _NOTED.items():
            if key in component:
                setattr(self, name, component[key])
        flags = component.get("fl", ())
        for flag in flags if isinstance(flags, tuple) else ():
            word, _, rest = str(flag).partition(":")
            self.flags.add(word)
            if word == "attachment":
                self.attachment = rest
        angle = component.get("a")
        if isinstance(angle, Angle) and angle.ignores_orientation:
            self.ignores_orientation = True
        name, _, rest = str(component.get("e", "")).partition(":")
        if name == LOOP:
            self.loop = _loops(rest)
        self.has_auto_width |= isinstance(component.get("w"), Auto)
        self.has_auto_dpr |= isinstance(component.get("dpr"), Auto)


_NOTED: Final = {
    "format": "f",
    "quality": "q",
    "page": "pg",
    "dpi": "dn",
    "seconds": "so",
    "delay_ms": "dl",
    "profile": "cs",
    "default": "d",
}


def _is_idle(component: Component) -> bool:
    """Return whether a component says nothing about the image."""
    return component.keys() <= {"fl", "d"} and flags_of(component) <= IDLE_FLAGS


def _loops(text: str) -> int:
    """Return how often an animation plays, 0 for ever, for the number of further times."""
    if not text:
        return 0
    try:
        further = integer(text)
    except ValueError:
        raise invalid("e", f"loop:{text}", "must be a whole number") from None
    if not 0 <= further <= _MAX_LOOPS:
        raise invalid("e", f"loop:{text}", f"must be from 0 to {_MAX_LOOPS}")
    return further + 1


_Key = tuple[tuple[bytes, ...], str, bool, str, HintValues | None]


@dataclass(frozen=True, slots=True)
class Compiler:
    """The settings of a mount, and what the URLs below it mean with them."""

    settings: CloudinaryOptions
    mode: RenderMode = RenderMode.BALANCED
    _compiled: CompiledCache[_Key, tuple[ImageRequest, Recipe]] = field(default_factory=CompiledCache)

    def __post_init__(self) -> None:
        """Check the bases of ``auto_upload``. Raises ValueError."""
        for folder, base in self.settings.auto_upload.items():
            if not folder.strip("/"):
                raise ValueError("auto_upload: a folder is empty; use source for all public ids")
            try:
                check_base(base)
            except (ValueError, BadRequest) as error:
                raise ValueError(f"auto_upload: {folder[:64]}: {error}") from error

    def components_of(self, raw_components: Iterable[bytes], depth: int = 0) -> list[Component]:
        """Read components, with the named transformations in their places. Raises BadRequest."""
        components: list[Component] = []
        for raw in raw_components:
            component = dict(read_component(raw))
            names = component.pop("t", ())
            for name in names if isinstance(names, tuple) else ():
                components += self.components_of(self._named(name, depth), depth + 1)
            if component:
                components.append(component)
            if len(components) > MAX_COMPONENTS:
                raise InvalidParameter(f"A URL may have at most {MAX_COMPONENTS} components", param="transformation")
        return components

    def _named(self, name: str, depth: int) -> list[bytes]:
        text = self.settings.transformations.get(name)
        if text is None:
            raise InvalidParameter(f"Named transformation {name[:64]} does not exist", param="t")
        if depth >= _MAX_NESTING:
            raise InvalidParameter(f"Named transformations may be nested at most {_MAX_NESTING} deep", param="t")
        return text.strip("/").encode().split(b"/")

    def request_of(self, delivery: Delivery, hinted: HintValues | None = None) -> tuple[ImageRequest, Recipe]:
        """Return the request of a URL. Raises BadRequest."""
        if delivery.resource == "raw":
            raise InvalidParameter("Raw assets are not delivered here", param="resource_type")
        is_fetched = delivery.type == FETCH
        key = (delivery.components, delivery.resource, is_fetched, "" if is_fetched else delivery.extension, hinted)
        found = self._compiled.get(key)
        if found is None:
            length = sum(map(len, delivery.components)) + len(delivery.extension)
            found = self._compiled.put(key, self._compile(delivery, hinted), length)
        request, recipe = found
        filename = _filename(recipe, delivery)
        return structs.replace(request, source=self._original(delivery), filename=filename), recipe

    def _compile(self, delivery: Delivery, hinted: HintValues | None) -> tuple[ImageRequest, Recipe]:
        """Return the request of these components without its source, and what was noted. Raises BadRequest."""
        components = self.components_of(delivery.components)
        recipe = Recipe()
        dpr = _common_dpr(components, hinted)
        work = _Work(self, dpr, hinted or HintValues(), recipe)
        plan = _plan_of(work.stages(components))
        output = self._output(delivery, recipe, has_components=not all(map(_is_idle, components)), hinted=hinted)
        plan = structs.replace(plan, input=_input(recipe, output), output=output)
        default = recipe.default or self.settings.default_image
        request = ImageRequest(
            _NO_SOURCE,
            normal_form(plan),
            max_age_s=self.settings.max_age,
            fallback=Fallback(self.source_of(default.replace(":", "/"))) if default else None,
            hints=_hints(recipe),
        )
        return request, recipe

    def _original(self, delivery: Delivery) -> SourceRef:
        if delivery.type == FETCH:
            source = url_of(delivery.source)
        elif delivery.resource == VIDEO:
            video = f"{delivery.source}.{self.settings.video_extension}"
            source = self._stored(video, opens_protected=delivery.type in PROTECTED_TYPES)
        else:
            source = self.source_of(delivery.name, opens_protected=delivery.type in PROTECTED_TYPES)
        version = "" if delivery.version == "1" else delivery.version
        return structs.replace(source, version=version) if version else source

    def source_of(self, public_id: str, *, is_layer: bool = False, opens_protected: bool = False) -> SourceRef:
        """Return the original of a public id with or without extension. Raises InvalidParameter, RouteNotFound."""
        stem, extension = split_extension(public_id)
        own = self.settings.id_extension
        if is_layer and self.settings.layer_extension is not None:
            own = self.settings.layer_extension
        if self.settings.replace_extension or not extension:
            return self._stored(f"{stem}.{own}" if own else stem, opens_protected=opens_protected)
        return self._stored(public_id, opens_protected=opens_protected)

    def _stored(self, name: str, *, opens_protected: bool = False) -> SourceRef:
        source = parse_source(name)
        if source.kind is not SourceKind.PATH:
            raise InvalidParameter("A public id is not a URL: use fetch", param="public_id")
        if not opens_protected and any(_is_below(source.text, one) for one in self.settings.protected_folders):
            raise RouteNotFound("This image needs a private or authenticated URL")
        for folder, base in self.settings.auto_upload.items():
            if _is_below(source.text, folder):
                rest = source.text[len(folder.strip("/")) :].lstrip("/")
                return resolve_source(base, SourceRef(SourceKind.PATH, rest))
        return source

    def _output(self, delivery: Delivery, recipe: Recipe, *, has_components: bool, hinted: HintValues | None) -> Output:
        extension = "" if delivery.type == FETCH else delivery.extension.lower()
        if delivery.resource == VIDEO and not (recipe.format or extension in FORMATS):
            raise invalid("f", extension, "only stills of a video are made, such as .jpg")
        is_converted = self.settings.replace_extension or delivery.resource == VIDEO
        if not has_components and not (is_converted and extension):
            return _AS_STORED
        word = recipe.format or extension
        if word in UNMADE_FORMATS:
            raise invalid("f", word, "this format is not made here")
        form = FORMATS.get(word)
        quality = recipe.quality or Quality(self.settings.quality)
        keeps_profile = not recipe.flags & {"strip_profile", "force_strip"} and recipe.profile != "srgb"
        output = self._formats(word, form)
        return structs.replace(
            output,
            quality=quality.level or _NEUTRAL_QUALITY,
            target_quality=_target(quality, hinted) if quality.automatic else 0,
            metadata=_metadata(recipe.flags),
            profile=Profile.KEEP if keeps_profile else Profile.SRGB,
            encoding=Encoding(
                mode=self.mode,
                progressive="progressive" in recipe.flags,
                subsampling=quality.subsampling or Subsampling.AUTO,
                colours=_PALETTE if form is Format.PNG and recipe.flags & _PNG_COLOURS else 0,
            ),
            animation=Animation(delays_ms=(recipe.delay_ms,) if recipe.delay_ms else (), loop=recipe.loop),
        )

    def _formats(self, word: str, form: Format | None) -> Output:
        if form is not None:
            return Output((form,))
        if word == "auto":
            formats = tuple(Format(name) for name in self.settings.auto_formats)
            if formats:
                return Output(formats, negotiated=True, ordered=True, source_format=True, original_formats=_FALLBACKS)
        return Output(source_format=True)


def _is_below(name: str, folder: str) -> bool:
    return name.startswith(f"{folder.strip('/')}/")


def url_of(text: str) -> SourceRef:
    """Return the source of a remote URL, whose slashes a proxy may have merged. Raises InvalidParameter."""
    scheme, colon, rest = text.partition(":")
    if not colon or scheme.lower() not in ("http", "https"):
        raise InvalidParameter("fetch needs an http or https URL", param="public_id")
    return parse_source(f"{scheme}://{rest.lstrip('/')}")


def _common_dpr(components: Sequence[Component], hinted: HintValues | None) -> Fraction:
    """Return the device pixel ratio that stands in a component without sides, which is that of all others."""
    found = Fraction(1)
    for component in components:
        if "dpr" in component and not ("w" in component or "h" in component):
            found = _dpr_of(component, found, hinted or HintValues())
    return found


def _dpr_of(component: Component, common: Fraction, hinted: HintValues) -> Fraction:
    dpr = component.get("dpr")
    if isinstance(dpr, Auto):
        return hinted.dpr or Fraction(1)
    return dpr if isinstance(dpr, Fraction) else common


@dataclass(frozen=True, slots=True)
class _Work:
    """The components of one image, or of a layer, become stages."""

    compiler: Compiler
    common_dpr: Fraction
    hinted: HintValues
    recipe: Recipe | None
    depth: int = 0

    def stages(self, components: Sequence[Component]) -> tuple[Stage, ...]:
        """Return the stages of components. Raises BadRequest."""
        sequence = StageSequence("transformation")
        for step in layers_and_components(components):
            if isinstance(step, Layer):
                self._add_layer(sequence, step)
            else:
                if self.recipe is not None:
                    self.recipe.note(step)
                self._add(sequence, step)
        return sequence.stages

    def _add_layer(self, sequence: StageSequence, layer: Layer) -> None:
        if self.depth >= MAX_DEPTH:
            raise InvalidParameter(f"Layers may be nested at most {MAX_DEPTH} deep", param="l")
        if self.recipe is not None:
            noted = {key: layer.place[key] for key in ("fl", "f", "q") if key in layer.place}
            self.recipe.note(noted)
        inner = _Work(self.compiler, self.common_dpr, self.hinted, None, self.depth + 1)
        source_of = lambda name: self.compiler.source_of(name, is_layer=True)  # noqa: E731
        sequence.add_overlay(overlay_of(layer, inner.stages, source_of, url_of, self.common_dpr))

    def _add(self, sequence: StageSequence, component: Component) -> None:
        """Add what one component does, in the order of work of one component."""
        name, _, text = str(component.get("e", "")).partition(":")
        effect = EFFECTS.get(name)
        if name and effect is None and name not in BLENDS and name != LOOP:
            raise invalid("e", name, "there is no such effect here")
        dpr = _dpr_of(component, self.common_dpr, self.hinted)
        background = component.get("b")
        background = background if isinstance(background, Background) else None
        sizing = self._sizing(component, dpr, background)
        if effect and effect.is_trim:
            self._apply_effect(sequence, name, text, component, dpr)
        if not (effect and effect.has_region):
            put_size(sequence, sizing)
        angle = component.get("a")
        if isinstance(angle, Angle):
            _rotate(sequence, angle)
        if effect and not effect.is_trim:
            self._apply_effect(sequence, name, text, component, dpr)
        _outline(sequence, component, dpr)
        opacity = component.get("o")
        if isinstance(opacity, float):
            sequence.put(("opacity",), opacity)
        is_filled = background is not None and background.colour is not None and background.colour.alpha
        if background is not None and is_filled and (sizing.is_empty or not sizing.is_padded or angle):
            sequence.put(("flatten",), background.colour)

    def _sizing(self, component: Component, dpr: Fraction, background: Background | None) -> Sizing:
        sides = {key: component.get(key) for key in ("w", "h", "x", "y")}
        scaled = {key: side.scaled(dpr) for key, side in sides.items() if isinstance(side, Side)}
        if isinstance(sides["w"], Auto) and self.hinted.width is not None:
            css = max(1, min(MAX_SIDE, ceil(self.hinted.width / dpr)))
            scaled["w"] = Side(Fraction(css)).scaled(dpr)
        elif isinstance(sides["w"], Auto) and "h" not in scaled:
            scaled["w"] = Side(Fraction(1), is_share=True)
        aspect, zoom = component.get("ar"), component.get("z", 1.0)
        return Sizing(
            str(component.get("c", "scale")),
            scaled.get("w"),
            scaled.get("h"),
            aspect if isinstance(aspect, Aspect) else None,
            str(component.get("g", "")),
            scaled.get("x"),
            scaled.get("y"),
            zoom if isinstance(zoom, float) else 1.0,
            background,
        )

    def _apply_effect(self, sequence: StageSequence, name: str, text: str, component: Component, dpr: Fraction) -> None:
        args = tuple(text.split(":", 32)) if text else ()
        colour = component.get("co")
        x, y, width, height = (
            one.scaled(dpr) if isinstance(one := component.get(key), Side) else None for key in ("x", "y", "w", "h")
        )
        row = EFFECTS[name]
        try:
            number = row.number(args[0] if args else "")
            mixed = colour if isinstance(colour, Colour) else None
            row.apply(sequence, EffectCall(args, number, mixed, (x, y, width, height)))
        except ValueError as error:
            raise invalid("e", f"{name}:{text}", str(error)) from None


def _rotate(sequence: StageSequence, angle: Angle) -> None:
    for step in angle.steps:
        if not isinstance(step, Fraction):
            sequence.put(("flip",), step)
        elif step % _RIGHT_ANGLE:
            sequence.put(("rotate_free",), FreeRotation(float(step)))
        elif step:
            sequence.put(("rotate",), int(step))


def _outline(sequence: StageSequence, component: Component, dpr: Fraction) -> None:
    """Round the corners, and draw the border along them."""
    radii, border = component.get("r"), component.get("bo")
    shape = Shape(border=border if isinstance(border, Border) else None)
    if radii == MAXIMUM:
        shape = structs.replace(shape, mask=Ellipse())
    elif isinstance(radii, tuple):
        lengths = (min(float(radius * dpr), float(MAX_SIDE)) for radius in radii)
        top_left, top_right, bottom_right, bottom_left = lengths
        corners = CornerRadii(top_left, top_right, bottom_right, bottom_left)
        shape = structs.replace(shape, corner_radii=corners)
    if shape != Shape():
        sequence.put(("shape",), shape)


def _plan_of(stages: tuple[Stage, ...]) -> Plan:
    first, *others = stages
    return Plan(**structs.asdict(first), stages=tuple(others))


def _input(recipe: Recipe, output: Output) -> Input:
    form = output.formats[0] if len(output.formats) == 1 and not output.negotiated else None
    is_animated = not recipe.page and (form in (None, Format.GIF) or bool(recipe.flags & _ANIMATION_FLAGS))
    return Input(
        animated=is_animated,
        page=recipe.page or 1,
        dpi=recipe.dpi,
        time_s=recipe.seconds,
        orientation=1 if recipe.ignores_orientation else 0,
    )


def _metadata(flags: set[str]) -> Metadata:
    if "force_strip" in flags:
        return Metadata.STRIP
    if "keep_iptc" in flags:
        return Metadata.KEEP
    return Metadata.COPYRIGHT if "keep_attribution" in flags else Metadata.STRIP


def _target(quality: Quality, hinted: HintValues | None) -> int:
    saves_data = hinted is not None and hinted.save_data
    level = _ECO if saves_data and quality.automatic != "low" else quality.automatic
    return _TARGETS[level]


def _hints(recipe: Recipe) -> Hints | None:
    hints = Hints(
        width=recipe.has_auto_width,
        dpr=recipe.has_auto_dpr,
        save_data=recipe.quality is not None and bool(recipe.quality.automatic),
    )
    return hints if hints != Hints() else None


def _filename(recipe: Recipe, delivery: Delivery) -> str:
    """Return the name of a download, whose extension the server replaces, or nothing."""
    if recipe.attachment is None:
        return ""
    name = recipe.attachment or delivery.name.partition("?")[0].rpartition("/")[2]
    try:
        name = percent_decode(name.encode())
    except ValueError:
        return "image"
    return "".join(one for one in name if one.isprintable() and one not in '/\\"')[:_MAX_FILENAME] or "image"


def names_only(raw_components: Iterable[bytes]) -> bool:
    """Return whether all components are named transformations. Raises InvalidParameter."""
    return all(key == "t" for raw in raw_components for key, _ in split_component(raw))
