"""Turns the options and the filters of a path into an image request. Knows the tables of both flavours, and plans."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from msgspec import structs

from pixmill.dialects.kit.compiled import CompiledCache
from pixmill.dialects.kit.encodings import form_decode, percent_decode
from pixmill.dialects.kit.resampling import resampled
from pixmill.dialects.thumbor import filters_imagor, filters_thumbor
from pixmill.dialects.thumbor.filter_rows import Args, FilterRow
from pixmill.dialects.thumbor.filter_text import FilterCall, split_flat, split_nested
from pixmill.dialects.thumbor.grammar import Flavour, PathOptions, read_options
from pixmill.dialects.thumbor.nested_size import nested_size
from pixmill.dialects.thumbor.recipe import Recipe
from pixmill.dialects.thumbor.resizing import cut_and_resize
from pixmill.dialects.thumbor.settings import ThumborOptions
from pixmill.dialects.thumbor.signature import split_signature
from pixmill.dialects.thumbor.texts import decode_base64
from pixmill.errors import InvalidParameter, MissingParameter
from pixmill.media import Format
from pixmill.plan.facts import Fact, FactSelection
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import DecodeScaling, ImageOverlay, Input, Output, Plan, Stage
from pixmill.plan.output import Encoding, Metadata, Profile, RenderMode
from pixmill.plan.overlays import OverlayFit, Placement
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, canvas_ref, parse_source

FILTERS: Final[Mapping[Flavour, Mapping[str, FilterRow]]] = {
    Flavour.THUMBOR: filters_thumbor.FILTERS,
    Flavour.IMAGOR: filters_imagor.FILTERS,
}

MAX_DEPTH: Final = 3
"""Images in images: imagor has no limit but the length of the URL."""

_MAX_NESTED_STAGES: Final = 4
_MERGED_SLASHES: Final = re.compile(r"(https?):/(?!/)")
"""Some proxies merge the slashes of a path."""

_FULL_QUALITY: Final = 100
_COLOUR: Final = "color:"
_ANIMATED_FORMATS: Final = frozenset({None, Format.GIF, Format.WEBP})
"""Other formats get the first frame, as from the programs themselves."""

_WHOLE_DECODE: Final = frozenset({"trim", "focal", "rotate", "orient", "max_bytes", "draw_detections"})
"""Filters before which imagor does not shrink the image while it decodes it."""

_MODERN_ORDER: Final = {
    Flavour.THUMBOR: (Format.WEBP, Format.AVIF, Format.HEIC),
    Flavour.IMAGOR: (Format.AVIF, Format.WEBP, Format.HEIC),
}

_QUALITY_NAMES: Final = {Format.WEBP: "webp_quality", Format.AVIF: "avif_quality", Format.HEIC: "heif_quality"}
_DEFAULT_QUALITY: Final = {Flavour.THUMBOR: 80, Flavour.IMAGOR: 75}
_DEFAULT_MAX_AGE_S: Final = {Flavour.THUMBOR: 86_400, Flavour.IMAGOR: 604_800}
_FACTS: Final = {"blurhash": Fact.BLURHASH, "thumbhash": Fact.THUMBHASH, "average": Fact.AVERAGE}


@dataclass(frozen=True, slots=True)
class Compiler:
    """The settings of a mount, and what a path means with them."""

    settings: ThumborOptions
    default_scheme: str = ""
    mode: RenderMode = RenderMode.BALANCED
    _compiled: CompiledCache[bytes, tuple[ImageRequest, Recipe]] = field(default_factory=CompiledCache)

    def find_source(self, name: str) -> SourceRef:
        """Return the source of a name or a URL. Raises InvalidParameter."""
        if match := _MERGED_SLASHES.match(name):
            name = f"{match[1]}://{name[match.end() :]}"
        if self.default_scheme and "://" not in name:
            name = f"{self.default_scheme}://{name.lstrip('/')}"
        return parse_source(name)

    def options_of(self, rest: bytes) -> tuple[PathOptions, tuple[FilterCall, ...]]:
        """Return the options and the filters of a path behind its signature. Raises InvalidParameter."""
        flavour = self.settings.flavour
        options = read_options(rest, flavour)
        calls = self._split(options.filters)
        if self.settings.base_params:
            base = read_options(self.settings.base_params.encode().strip(b"/") + b"/", flavour)
            options = _with_base(options, base)
            calls = (*calls, *self._split(base.filters))
        return options, calls

    def _split(self, filters: bytes) -> tuple[FilterCall, ...]:
        if not filters:
            return ()
        return split_flat(filters) if self.settings.flavour is Flavour.THUMBOR else split_nested(filters)

    def recipe_of(self, options: PathOptions, calls: Sequence[FilterCall], depth: int = 0) -> Recipe:
        """Return what options and filters make. Raises InvalidParameter."""
        recipe = Recipe(options, self.find_source, self._add_nested_image, depth)
        rows = [pair for call in calls if (pair := self._row(call))]
        recipe.padding = options.padding
        recipe.is_decoded_whole = _is_decoded_whole(options, calls)
        for row, args in rows:
            if row.is_early:
                row.change(recipe, *args)
        cut_and_resize(recipe, self.settings)
        for row, args in rows:
            if not row.is_early:
                row.change(recipe, *args)
        return recipe

    def _row(self, call: FilterCall) -> tuple[FilterRow, Args] | None:
        """Return the row of a filter with its arguments; None for those that nobody knows or can read."""
        row = FILTERS[self.settings.flavour].get(call.name)
        if row is None or call.name in self.settings.disable_filters:
            return None
        args = row.read(call.args)
        return None if args is None else (row, args)

    def request_of(self, rest: bytes) -> tuple[ImageRequest, Recipe]:
        """Return the request of a path behind its signature. Raises BadRequest."""
        options = read_options(rest, self.settings.flavour)
        name = self.image_name(options.image)
        key = rest[: len(rest) - len(options.image)]
        found = None if self._is_colour(name) else self._compiled.get(key)
        if found is None:
            request, recipe, is_shared = self._compile(rest, name)
            if is_shared:
                self._compiled.put(key, (request, recipe), len(key))
            return request, recipe
        request, recipe = found
        filename = _filename(recipe, name)
        return structs.replace(request, source=self.find_source(name), filename=filename), recipe

    def _compile(self, rest: bytes, name: str) -> tuple[ImageRequest, Recipe, bool]:
        """Return the request of a path, and whether it is that of other images with the same options, too."""
        options, calls = self.options_of(rest)
        recipe = self.recipe_of(options, calls)
        is_shared = not recipe.extracts_focal
        if recipe.extracts_focal:
            name, recipe = self._extracted(options, calls, name)
        source, is_canvas = self._source(name, options)
        if is_canvas and recipe.output_format is None:
            recipe.output_format = Format.JPEG
        request = ImageRequest(
            source,
            self._plan(recipe),
            filename=_filename(recipe, name),
            max_age_s=self._max_age_s(recipe),
        )
        return request, recipe, is_shared and not self._is_colour(name)

    def image_name(self, image: bytes) -> str:
        """Return the name of an image, decoded once. Raises InvalidParameter."""
        if not image:
            raise MissingParameter("The URL names no image", param="image")
        is_imagor = self.settings.flavour is Flavour.IMAGOR
        try:
            name = form_decode(image) if is_imagor else percent_decode(image)
        except ValueError as error:
            raise InvalidParameter(f"image: {error}", param="image") from None
        return decode_base64(name) if is_imagor else name

    def _is_colour(self, name: str) -> bool:
        return self.settings.flavour is Flavour.IMAGOR and name.lower().startswith(_COLOUR)

    def _source(self, name: str, options: PathOptions) -> tuple[SourceRef, bool]:
        """Return the source of an image, and whether it is a canvas of one colour."""
        if self._is_colour(name):
            colour = filters_imagor.canvas_colour(name[len(_COLOUR) :])
            if colour is not None:
                width, height = options.width or options.height or 1, options.height or options.width or 1
                return canvas_ref(width, height, colour), True
        return self.find_source(name), False

    def _extracted(self, options: PathOptions, calls: Sequence[FilterCall], name: str) -> tuple[str, Recipe]:
        """Return the image behind a URL of thumbor that is an image's name, with the region that it cuts out."""
        text = name.encode()
        for _ in range(_MAX_EXTRACTIONS):
            text = _without_domain(text)
            signed = split_signature(b"/" + text, self.settings.flavour)
            if not (signed.is_unsafe or signed.signature):
                break
            inner = read_options(signed.rest, self.settings.flavour)
            text = inner.image
            if inner.crop and not inner.crop.is_empty:
                region = f"{inner.crop.left:.0f}x{inner.crop.top:.0f}:{inner.crop.right:.0f}x{inner.crop.bottom:.0f}"
                kept = [call for call in calls if call.name != "extract_focal"]
                recipe = self.recipe_of(options, [*kept, FilterCall("focal", (region,))])
                return self.image_name(text), recipe
        return name, self.recipe_of(options, calls)

    def _max_age_s(self, recipe: Recipe) -> int | None:
        if recipe.max_age_s is not None:
            return recipe.max_age_s
        return self.settings.max_age if self.settings.max_age is not None else _DEFAULT_MAX_AGE_S[self.settings.flavour]

    def _plan(self, recipe: Recipe) -> Plan:
        if recipe.is_raw:
            return normal_form(Plan(output=Output(source_format=True, metadata=Metadata.ALL, profile=Profile.KEEP)))
        plan = structs.replace(recipe.sequence.plan(), input=self._input(recipe), output=self._output(recipe))
        scaling = DecodeScaling.PILLOW if self.settings.flavour is Flavour.THUMBOR else DecodeScaling.AUTO
        plan = resampled(normal_form(plan), self.settings.resampling, scaling)
        if not recipe.options.is_meta:
            return plan
        facts = tuple(fact for name, fact in _FACTS.items() if name in recipe.facts)
        return structs.replace(plan, fact_selection=FactSelection(facts))

    def _input(self, recipe: Recipe) -> Input:
        settings = self.settings
        respects = settings.respect_orientation
        if respects is None:
            respects = settings.flavour is Flavour.IMAGOR
        is_animated = not recipe.is_still and recipe.output_format in _ANIMATED_FORMATS
        return Input(
            animated=is_animated and not recipe.page,
            page=recipe.page or 1,
            dpi=recipe.dpi or 96,
            orientation=0 if respects and not recipe.ignores_orientation else 1,
            max_frames=recipe.max_frames if is_animated else 0,
        )

    def _output(self, recipe: Recipe) -> Output:
        settings = self.settings
        form = recipe.output_format
        quality = recipe.quality
        if quality is None:
            quality = getattr(settings, _QUALITY_NAMES.get(form, "quality"), None) if form else settings.quality
        if quality is None:
            quality = settings.quality if settings.quality is not None else _DEFAULT_QUALITY[settings.flavour]
        is_lossless = recipe.is_lossless or (
            form is Format.WEBP and quality == _FULL_QUALITY and settings.flavour is Flavour.THUMBOR
        )
        is_progressive = settings.progressive_jpeg
        if is_progressive is None:
            is_progressive = settings.flavour is Flavour.THUMBOR
        return structs.replace(
            self._formats(recipe),
            quality=min(max(quality, 1), 100),
            metadata=self._metadata(recipe),
            profile=self._profile(recipe),
            encoding=Encoding(
                mode=self.mode,
                lossless=is_lossless,
                progressive=is_progressive and form is Format.JPEG,
                colours=recipe.colours if form is Format.PNG else 0,
                effort=recipe.effort if recipe.effort and form is Format.PNG else None,
            ),
            max_bytes=recipe.max_bytes,
            max_bytes_strict=False,
        )

    def _formats(self, recipe: Recipe) -> Output:
        """Return the formats of the result: the requested one, else those of Accept, else that of the original."""
        settings = self.settings
        if recipe.output_format:
            return Output((recipe.output_format,))
        is_on = {Format.WEBP: settings.auto_webp, Format.AVIF: settings.auto_avif, Format.HEIC: settings.auto_heif}
        formats = [form for form in _MODERN_ORDER[settings.flavour] if is_on[form]]
        if settings.flavour is Flavour.IMAGOR and settings.auto_jpg:
            formats.append(Format.JPEG)
        converts = recipe.converts_opaque_png
        if converts is None:
            converts = settings.auto_png_to_jpg
        is_free = settings.flavour is Flavour.THUMBOR and (converts or settings.auto_jpg)
        if settings.auto_png and not is_free:
            formats.append(Format.PNG)
        if formats:
            return Output(tuple(formats), negotiated=True, ordered=True, source_format=not is_free)
        return Output() if is_free else Output(source_format=True)

    def _metadata(self, recipe: Recipe) -> Metadata:
        settings = self.settings
        if settings.flavour is Flavour.THUMBOR:
            return Metadata.ALL if settings.preserve_exif_info and recipe.keeps_metadata else Metadata.STRIP
        return Metadata.STRIP if settings.strip_metadata or not recipe.keeps_metadata else Metadata.KEEP

    def _profile(self, recipe: Recipe) -> Profile:
        if recipe.profile_name == "p3":
            return Profile.P3
        is_srgb = recipe.profile_name == "srgb" or self.settings.strip_metadata or not recipe.keeps_profile
        return Profile.SRGB if is_srgb else Profile.KEEP

    def _add_nested_image(self, recipe: Recipe, path: str, placement: Placement) -> None:
        """Draw the image of a path over that of a recipe. Raises InvalidParameter."""
        if recipe.depth == MAX_DEPTH:
            raise InvalidParameter(f"image: images may be nested at most {MAX_DEPTH} deep", param="filters")
        size, plain_path = nested_size(path, recipe.shape)
        options, calls = self.options_of(split_signature(plain_path.encode(), self.settings.flavour).rest)
        name = self.image_name(options.image)
        inner = self.recipe_of(options, calls, recipe.depth + 1)
        source, _ = self._source(name, options)
        stages = _stages(inner)
        overlay = ImageOverlay(source, placement=placement)
        if size is not None:
            overlay = structs.replace(
                overlay, width=size.width, height=size.height, fit=_overlay_fit(options), stages=stages
            )
        else:
            overlay = structs.replace(overlay, prepare=stages)
        recipe.sequence.add_overlay(overlay)


_MAX_EXTRACTIONS: Final = 10


def _without_domain(url: bytes) -> bytes:
    """Return a URL without scheme and host."""
    _, mark, rest = url.partition(b"://")
    _, slash, path = (rest if mark else url).partition(b"/")
    return path if slash else url


def _with_base(options: PathOptions, base: PathOptions) -> PathOptions:
    """Return the options with those of the operator, which count more, but for filters and image."""
    default = PathOptions()
    changes = {
        name: getattr(base, name)
        for name in PathOptions.__struct_fields__
        if name not in {"filters", "image"} and getattr(base, name) != getattr(default, name)
    }
    return structs.replace(options, **changes)


def _is_decoded_whole(options: PathOptions, calls: Sequence[FilterCall]) -> bool:
    return bool(
        options.trim
        or options.crop
        or options.is_flipped_vertically
        or options.is_full
        or options.is_adaptive
        or any(
            call.name in _WHOLE_DECODE or (call.name in {"fill", "background_color"} and call.args[:1] == ("auto",))
            for call in calls
        )
    )


def _filename(recipe: Recipe, name: str) -> str:
    """Return the name of a download, whose extension the server replaces, or nothing."""
    if recipe.filename is None:
        return ""
    filename = recipe.filename or PurePosixPath(name.partition("?")[0]).name
    filename = "".join(character for character in filename if character.isprintable() and character not in '/\\"')
    suffix = PurePosixPath(filename).suffix.lower()
    is_kept = suffix in {PurePosixPath(name.partition("?")[0]).suffix.lower(), f".{recipe.output_format}"}
    return filename[:_MAX_FILENAME] if is_kept or not suffix else f"{filename[:_MAX_FILENAME]}{suffix}"


_MAX_FILENAME: Final = 200


def _stages(recipe: Recipe) -> tuple[Stage, ...]:
    """Return the stages of a nested image. Raises InvalidParameter."""
    stages = recipe.sequence.stages
    if len(stages) > _MAX_NESTED_STAGES:
        raise InvalidParameter(f"image: its filters need more than {_MAX_NESTED_STAGES} stages", param="filters")
    return () if stages == (Stage(),) else stages


def _overlay_fit(options: PathOptions) -> OverlayFit:
    if options.is_fit_in:
        return OverlayFit.OUTSIDE if options.is_full else OverlayFit.INSIDE
    return OverlayFit.FILL if options.is_stretched else OverlayFit.COVER
