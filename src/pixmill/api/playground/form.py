"""``/playground/config.json``: what the form of the playground is made of.

Parameters, groups, bounds and examples come from the table of the native API, dialects from the registry. Must never
list a parameter by itself.
"""

from collections.abc import Iterable
from dataclasses import replace

import msgspec

from pixmill import __version__
from pixmill.api.context import ApiContext, Playground
from pixmill.api.playground.access import Caller
from pixmill.dialects.catalogue import SERVICES
from pixmill.dialects.factory import NATIVE
from pixmill.dialects.native.grammars.controls import Control
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.native.presets import PRESETS_ONLY_PARAMS, Presets
from pixmill.dialects.native.tables.srcset import PRESET, PresetNamesGrammar
from pixmill.dialects.registry import MountedDialect
from pixmill.media import DESCRIPTION_FORMATS, OUTPUT_FORMATS

_LEFT_OUT = frozenset({"sig"})
"""Parameters that the server writes."""


class ControlFields(msgspec.Struct, frozen=True, rename={"low": "min", "high": "max"}):
    """A control as JSON. ``items`` are those of a list, of which the first ``required`` must be there."""

    kind: str
    choices: list[str] = []
    low: float | None = None
    high: float | None = None
    step: float | None = None
    items: list["ControlFields"] = []
    required: int = 0


class FormParameter(ControlFields, frozen=True, kw_only=True, rename={"low": "min", "high": "max"}):
    """A parameter. ``example`` is a value as written in a URL, ``expects`` says what values there are in words."""

    name: str
    group: str
    description: str
    expects: str
    example: str
    placeholder: str
    examples: list[str]
    aliases: list[str] = []
    default: str = ""
    unit: str = ""
    repeatable: bool = False
    advanced: bool = False


class FormGroup(msgspec.Struct, frozen=True):
    name: str
    title: str


class FormPreset(msgspec.Struct, frozen=True):
    name: str
    query: str


class FormDialect(msgspec.Struct, frozen=True):
    """A mounted dialect: ``prefix`` is what all its paths begin with, ``host`` the only one on which it answers."""

    name: str
    title: str
    prefix: str
    host: str
    example: str


class UploadLimits(msgspec.Struct, frozen=True):
    max_bytes: int


class UrlSources(msgspec.Struct, frozen=True):
    """Whether originals may be fetched by URL; ``hint`` says which."""

    allowed: bool
    hint: str


class FormConfig(msgspec.Struct, frozen=True):
    """The answer. ``signed``: requests need signatures; ``may_sign``: this client gets them."""

    version: str
    public_url: str
    signed: bool
    may_sign: bool
    uploads: UploadLimits
    urls: UrlSources
    groups: list[FormGroup]
    parameters: list[FormParameter]
    presets: list[FormPreset]
    presets_only: bool
    formats: list[str]
    dialects: list[FormDialect]


def form_config(context: ApiContext, playground: Playground, caller: Caller, public_url: str) -> FormConfig:
    """Return what the form is made of, for this client. ``public_url``: what absolute URLs begin with."""
    presets = context.config.parsed_presets()
    params = form_params(presets)
    used_groups = {param.group for param in params}
    is_signed = context.config.keyring() is not None
    return FormConfig(
        version=__version__,
        public_url=public_url,
        signed=is_signed,
        may_sign=caller.is_trusted,
        uploads=UploadLimits(min(context.limits.max_upload_bytes, playground.uploads.max_bytes)),
        urls=_url_sources(playground, is_known=caller.is_trusted or not is_signed),
        groups=[FormGroup(_group_name(group), group.value) for group in Group if group in used_groups],
        parameters=[_parameter(param) for param in params],
        presets=[FormPreset(name, query) for name, query in presets.query_by_name.items()],
        presets_only=presets.only,
        formats=[*OUTPUT_FORMATS, *DESCRIPTION_FORMATS],
        dialects=[_dialect(one) for one in context.images.dialects.mounted],
    )


def form_params(presets: Presets) -> tuple[Param, ...]:
    """Return the parameters that a server with these presets takes."""
    params: Iterable[Param] = (param for param in PARAMS if param.name not in _LEFT_OUT)
    if presets.only:
        params = (param for param in params if param.name in PRESETS_ONLY_PARAMS)
    names = tuple(presets.values_by_name)
    return (*params, *((_preset_param(names),) if names else ()))


def _preset_param(names: tuple[str, ...]) -> Param:
    return replace(PRESET, grammar=PresetNamesGrammar(names), examples=names[:1])


def _group_name(group: Group) -> str:
    return group.name.lower()


def _parameter(param: Param) -> FormParameter:
    control = _control(param.grammar.control)
    return FormParameter(
        name=param.name,
        group=_group_name(param.group),
        description=param.description,
        expects=param.grammar.expects,
        example=param.examples[0],
        placeholder=param.default or param.examples[0],
        examples=list(param.examples),
        aliases=list(param.aliases),
        default=param.default,
        unit=param.unit,
        advanced=param.is_advanced,
        kind=control.kind,
        choices=control.choices,
        low=control.low,
        high=control.high,
        step=control.step,
        items=control.items,
        required=control.required,
    )


def _control(control: Control) -> ControlFields:
    return ControlFields(
        control.kind.value,
        list(control.choices),
        control.low,
        control.high,
        control.step,
        [_control(item) for item in control.items],
        control.required,
    )


def _url_sources(playground: Playground, *, is_known: bool) -> UrlSources:
    """Describe the allowlist, which is for trusted callers."""
    patterns = [one for one in playground.allowed_sources if not one.startswith("path:")]
    if not playground.allowed_sources:
        return UrlSources(allowed=True, hint="Any public address")
    if not patterns:
        return UrlSources(allowed=False, hint="This server has images of its own only")
    return UrlSources(allowed=True, hint=f"Allowed: {', '.join(patterns)}" if is_known else "Some addresses")


def service_title(name: str) -> str:
    """Return the title of the service that a dialect is of."""
    service = _SERVICES.get(name)
    return service.title if service else "Pixmill" if name == NATIVE else name


def _dialect(mounted: MountedDialect) -> FormDialect:
    service = _SERVICES.get(mounted.name)
    return FormDialect(
        name=mounted.name,
        title=service_title(mounted.name),
        prefix=mounted.mount or mounted.dialect.prefix.rstrip("/"),
        host=mounted.host,
        example=service.example if service else "",
    )


_SERVICES = {service.name: service for service in SERVICES}
