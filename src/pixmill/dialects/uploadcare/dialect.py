"""Uploadcare's delivery URLs: ``/UUID/-/scale_crop/300x300/center/-/format/webp/a.jpg``.

Operations work in their order; format, quality and the like hold for the result.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.kit.query import remove
from pixmill.dialects.kit.signatures import Key, hmac_sha256, verify_edge_token
from pixmill.dialects.port import FactsRequest, Outcome, Redirect, Text, UrlRoute, template_matcher
from pixmill.dialects.uploadcare import options as table
from pixmill.dialects.uploadcare.facts import information
from pixmill.dialects.uploadcare.options import TABLE, UNSUPPORTED_EFFECTS, overlay_arguments
from pixmill.dialects.uploadcare.paths import Address, Operation, split_path
from pixmill.dialects.uploadcare.recipe import PARAM, Recipe
from pixmill.dialects.uploadcare.values import sides
from pixmill.dialects.uploadcare.writing import urls
from pixmill.errors import (
    InvalidParameter,
    MalformedRequest,
    PixmillError,
    RouteNotFound,
    SignatureInvalid,
)
from pixmill.media import Format
from pixmill.plan.facts import MAX_PALETTE_COLOURS, Fact, FactSelection
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Input, Output, Plan, Stage
from pixmill.plan.output import Encoding, Metadata, Profile, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, parse_source

_TOKEN: Final = b"token"
_UUID_FIELD: Final = "{uuid}"
_NAME_FIELD: Final = "{filename}"
_MAX_NAME_CHARS: Final = 255
_MAX_SIDE: Final = 3_000
_MAX_EXPLICIT_SIDE: Final = 5_000
_PRESERVED: Final = (Format.JPEG, Format.PNG, Format.SVG)
_FORMATS: Final = {"jpeg": Format.JPEG, "png": Format.PNG, "webp": Format.WEBP}
_QUALITIES: Final = {"lightest": 40, "lighter": 65, "normal": 80, "better": 88, "best": 95}
_TARGETS: Final = {"smart": 80, "smart_retina": 60}
_ORIGINAL: Final = Plan(output=Output(source_format=True, metadata=Metadata.ALL, profile=Profile.KEEP))
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute("/{+image}", label="uploadcare:/image", summary="An image, as Uploadcare delivers it."),
)


class UploadcareOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``files``: the files by UUID; others do not exist. Without any, ``path`` is that of every file, with ``{uuid}`` and
    ``{filename}``. ``auto_formats``: what ``auto`` sends to clients that show it, best first. ``max_side``: of results,
    0 for the limits of the service. ``require_sizing``: whether there must be an operation that sets a size.
    ``ignore_unsupported``: photo filters and the like are ignored rather than refused.
    """

    files: dict[str, str] = {}
    path: str = _UUID_FIELD
    auto_formats: tuple[Format, ...] = (Format.AVIF, Format.WEBP)
    max_side: Annotated[int, Meta(ge=0, le=65_535)] = 0
    require_sizing: bool = True
    ignore_unsupported: bool = False


class UploadcareDialect:
    """The URLs of one project, and of its proxy."""

    prefix = ""
    routes = _ROUTES

    def __init__(
        self,
        options: UploadcareOptions,
        keys: tuple[Key, ...] = (),
        mount: str = "",
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``keys``: with any, URLs need a token. Raises ValueError, BadRequest for options that are not valid."""
        self._options = options
        self._keys = keys
        self._mount = mount.encode()
        self._mode = mode
        self._files = {uuid.lower(): file for uuid, file in options.files.items()}
        for uuid, file in self._files.items():
            if split_path(f"/{uuid}/".encode()).uuid != uuid:
                raise ValueError(f"file {uuid[:64]!r} must have a UUID")
            parse_source("/" + file.removeprefix("/"))
        if not self._files and _UUID_FIELD not in options.path and _NAME_FIELD not in options.path:
            raise ValueError("path needs {uuid} or {filename}")
        parse_source("/" + _filled(options.path, "1", "x").removeprefix("/"))
        self._match = template_matcher(_ROUTES)
        self.requires_signature = bool(keys)

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        if not self._keys:
            return None
        token = _token_of(query)
        expires = self._verify(token, path, now)
        address = split_path(path)
        if address.url and remove(query, (_TOKEN,)):
            raise SignatureInvalid("A token does not cover the query of the URL in its path", param="token")
        if "~acl=" in f"~{token}":  # else the token covers the whole path
            for uuid in _placed_files(address):
                self._verify(token, f"/{uuid}/".encode(), now)
        return expires

    def _verify(self, token: str, path: bytes, now: float) -> int | None:
        if self._mount:
            try:
                return verify_edge_token(token, self._keys, self._mount + path, now)
            except SignatureInvalid:
                pass
        return verify_edge_token(token, self._keys, path, now)

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        """Add a token for exactly this path."""
        if not self._keys:
            raise MalformedRequest("There is no key to sign with")
        if expires is None or query or not path.isascii():
            raise MalformedRequest("A token needs an expiry, and a path without query in ASCII")
        target = (self._mount + path).decode()
        signature = hmac_sha256(self._keys[0].secret, f"exp={expires}~url={target}".encode()).hex()
        return f"{target}?token=exp={expires}~hmac={signature}"

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload:
            raise RouteNotFound
        address = split_path(path)
        source = self._source(address, query)
        recipe = Recipe(source)
        operations = _with_last_argument(address)
        for operation in operations[:-1]:
            self._apply(recipe, operation, address)
        last = operations[-1] if operations else ("", [])
        if last[0] in (table.JSON, table.COLOURS):
            return FactsRequest(ImageRequest(source, Plan(fact_selection=_selection(last))))
        if operations:
            self._apply(recipe, last, address)
        filename = address.filename if operations is address.operations else ""
        plan = self._plan(recipe) if operations else _ORIGINAL
        return ImageRequest(
            source,
            normal_form(plan),
            filename=filename[:_MAX_NAME_CHARS] or ("" if recipe.inline else "file"),
            inline=recipe.inline and bool(filename),
        )

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        return Text(error.message, status)

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        del query
        address = split_path(path)
        last = _with_last_argument(address)[-1]
        return information(facts, address.uuid or address.url, _colour_count(last) if last[0] == table.COLOURS else 0)

    def _source(self, address: Address, query: bytes) -> SourceRef:
        """Return the original. Raises RouteNotFound, InvalidParameter."""
        if address.url:
            rest = remove(query, (_TOKEN,)).decode("latin-1")
            return parse_source(address.url + (f"?{rest}" if rest else ""))
        return self._file(address.uuid, address.filename)

    def _file(self, uuid: str, filename: str) -> SourceRef:
        file = self._files.get(uuid) if self._files else _filled(self._options.path, uuid, filename)
        try:
            if file:
                return parse_source("/" + file.removeprefix("/"))
        except InvalidParameter:
            pass
        raise RouteNotFound("File not found")

    def _apply(self, recipe: Recipe, operation: Operation, address: Address) -> None:
        """Add an operation to a recipe. Raises BadRequest."""
        name, arguments = operation
        row = TABLE.get(name)
        shown = f"{PARAM}: {name[:32]}" if name.isprintable() else PARAM
        if row is None or name in (table.JSON, table.COLOURS):
            raise InvalidParameter(
                f"{shown} is {'not an operation' if row is None else 'not the last one'}", param=PARAM
            )
        if name in UNSUPPORTED_EFFECTS and self._options.ignore_unsupported:
            return
        try:
            if name == table.IMAGE_OVERLAY:
                self._overlay(recipe, arguments, address)
            else:
                row.read(recipe, arguments)
        except (ValueError, KeyError, IndexError) as error:
            reason = str(error) if str(error).startswith(("must", "is not")) else "has arguments that are not valid"
            raise InvalidParameter(f"{shown} {reason}", param=PARAM) from None

    def _overlay(self, recipe: Recipe, arguments: list[str], address: Address) -> None:
        image, *rest = arguments
        source = recipe.source if image == table.SELF else self._file(_uuid_of(image), address.filename)
        size, placement = overlay_arguments(rest)
        recipe.overlay(source, sides(size) if size else None, placement)

    def _plan(self, recipe: Recipe) -> Plan:
        if not recipe.has_size and self._options.require_sizing:
            raise InvalidParameter(f"{PARAM}: preview, resize, scale_crop or crop is required", param=PARAM)
        is_explicit = recipe.format in ("jpeg", "webp")
        recipe.check_size(self._options.max_side or (_MAX_EXPLICIT_SIDE if is_explicit else _MAX_SIDE))
        plan = recipe.sequence.plan()
        if recipe.fill is not None:
            stages = tuple(_filled_stage(stage, recipe) for stage in plan.stages)
            plan = replace(plan, background=recipe.fill, stages=stages)
        source = Input(animated=False, orientation=recipe.orientation)
        return replace(plan, input=source, output=self._output(recipe))

    def _output(self, recipe: Recipe) -> Output:
        output = Output(
            quality=_QUALITIES.get(recipe.quality, 80),
            target_quality=_TARGETS.get(recipe.quality, 0),
            metadata=recipe.metadata,
            profile=recipe.profile,
            encoding=Encoding(mode=self._mode, progressive=recipe.progressive),
        )
        if recipe.format in _FORMATS:
            return replace(output, formats=(_FORMATS[recipe.format],))
        kept = replace(output, source_format=True, original_formats=_PRESERVED)
        if recipe.format == "preserve" or not self._options.auto_formats:
            return kept
        return replace(kept, formats=self._options.auto_formats, negotiated=True, ordered=True)


def _filled_stage(stage: Stage, recipe: Recipe) -> Stage:
    return replace(stage, background=recipe.fill) if stage.canvas and recipe.fill else stage


def _uuid_of(text: str) -> str:
    """Return the UUID that an overlay names. Raises ValueError."""
    try:
        uuid = split_path(f"/{text}/".encode()).uuid
    except RouteNotFound:
        uuid = ""
    if not uuid:
        raise ValueError("must name a UUID or self")
    return uuid


def _placed_files(address: Address) -> set[str]:
    """Return the UUIDs of overlays, without that of the image itself."""
    found: set[str] = set()
    for name, arguments in address.operations:
        if name == table.IMAGE_OVERLAY and arguments and arguments[0] != table.SELF:
            with suppress(ValueError):  # refused later
                found.add(_uuid_of(arguments[0]))
    return found - {address.uuid}


def _filled(template: str, uuid: str, filename: str) -> str:
    return template.replace(_UUID_FIELD, uuid).replace(_NAME_FIELD, filename)


def _with_last_argument(address: Address) -> tuple[Operation, ...]:
    """Return the operations; what stands behind the last slash is an argument if the last one lacks it."""
    if not address.operations or not address.filename:
        return address.operations
    *others, (name, arguments) = address.operations
    if arguments or name not in _NEED_ARGUMENTS:
        return address.operations
    return (*others, (name, [address.filename]))


_NEED_ARGUMENTS: Final = frozenset(
    ("resize", "scale_crop", "crop", "stretch", "setfill", "border_radius", "autorotate", "rotate", "format", "quality",
     "strip_meta", "brightness", "exposure", "gamma", "contrast", "saturation", "vibrance", "warmth")
)  # fmt: skip


def _selection(operation: Operation) -> FactSelection:
    """Return the facts that an operation asks for. Raises InvalidParameter."""
    name, arguments = operation
    if name == table.JSON and arguments:
        raise InvalidParameter(f"{PARAM}: {name} has no arguments", param=PARAM)
    include = (Fact.EXIF, Fact.GPS, Fact.PHASH)
    if name == table.COLOURS:
        return FactSelection(
            (*include[:2], Fact.PALETTE, Fact.PHASH), min(_colour_count(operation), MAX_PALETTE_COLOURS)
        )
    return FactSelection(include)


def _colour_count(operation: Operation) -> int:
    name, arguments = operation
    if not arguments:
        return table.DEFAULT_COLOURS
    count = int(arguments[0]) if len(arguments) == 1 and arguments[0].isdecimal() and len(arguments[0]) <= 3 else 0  # noqa: PLR2004 - digits
    if not 1 <= count <= table.MAX_COLOURS:
        raise InvalidParameter(f"{PARAM}: {name} must have 1 to {table.MAX_COLOURS} colours", param=PARAM)
    return count


def _token_of(query: bytes) -> str:
    """Return the token of a query as it is written, empty if there is none."""
    for piece in query.split(b"&"):
        name, _, value = piece.partition(b"=")
        if name == _TOKEN:
            return value.decode("latin-1")
    return ""
