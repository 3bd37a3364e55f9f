"""Akamai's Image & Video Manager: ``/photos/a.jpg?im=Resize,width=300``, with policies and widths.

Transformations are done in the order of the chain; a width of ``imwidth`` follows those of the policy.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Final
from urllib.parse import quote

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.akamai import converter
from pixmill.dialects.akamai.args import MAX_SIDE, PARAM, refuse
from pixmill.dialects.akamai.chain import Call, read_chain
from pixmill.dialects.akamai.options import FORMATS, OPTIONS, TOKENS
from pixmill.dialects.akamai.policies import BREAKPOINTS, Policy, calls_of, read_policy
from pixmill.dialects.akamai.transforms import apply_call, max_colours
from pixmill.dialects.akamai.writing import urls
from pixmill.dialects.kit.numbers import Decimal, Integer
from pixmill.dialects.kit.plan_values import path_source
from pixmill.dialects.kit.query import last_values, pairs
from pixmill.dialects.kit.signatures import Key, verify_edge_token
from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.port import Outcome, QueryParam, Redirect, Text, UrlRoute, template_matcher
from pixmill.errors import BadRequest, Forbidden, InvalidParameter, PixmillError, RequestTooLarge, RouteNotFound
from pixmill.media import Format
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.references import references
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind, SourceRef

MAX_PATH_BYTES: Final = 65_536
AUTO: Final = ".auto"

_NOT_VARIABLES: Final = frozenset(("impolicy", "imwidth", "imdensity", "imformat", "imbypass"))
_KEPT: Final = (Format.JPEG, Format.PNG, Format.GIF)
_ON: Final = frozenset(("on", "true", "1", "yes"))
_HALF: Final = Fraction(1, 2)
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        label="akamai:/image",
        summary="An image, as Akamai's Image & Video Manager delivers it.",
        params=tuple(
            QueryParam(option.names[0], option.meaning.replace("`", ""), {"type": "string"})
            for option in OPTIONS
            if option.names[0].startswith("im")
        ),
    ),
)


class AkamaiOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``policies``: chains, or objects as the API has them. ``imquery``: whether URLs may have transformations of their
    own; ``allowed_transformations``: which, empty for all. ``breakpoints`` and ``quality`` are those of policies that
    have none. ``formats``: those by ``Accept``. ``original_on_error``: the original in place of a 400.
    """

    policies: Annotated[dict[str, str | dict[str, object]], Meta(max_length=1_000)] = {}
    imquery: bool = True
    allowed_transformations: frozenset[str] = frozenset()
    breakpoints: Annotated[tuple[Annotated[int, Meta(ge=1, le=MAX_SIDE)], ...], Meta(min_length=1, max_length=64)] = (
        BREAKPOINTS
    )
    quality: Annotated[int, Meta(ge=1, le=100)] = 85
    formats: tuple[Format, ...] = (Format.WEBP,)
    original_on_error: bool = False


class AkamaiDialect:
    """The URLs of one property."""

    prefix = ""
    routes = _ROUTES

    def __init__(
        self,
        options: AkamaiOptions,
        keys: tuple[Key, ...] = (),
        mount: str = "",
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``keys``: with any, URLs need a token, which covers the path, and the images that the query places on it.

        Raises BadRequest or ValueError for a policy that is not valid.
        """
        self._options = options
        self._keys = keys
        self._mount = mount.encode()
        self._mode = mode
        plain = Policy(widths=tuple(sorted(options.breakpoints)))
        self._policies = {AUTO: plain} | {name: self._policy(text) for name, text in options.policies.items()}
        allowed = frozenset(name.lower() for name in options.allowed_transformations)
        self._allowed = allowed or None
        self._match = template_matcher(_ROUTES)
        for policy in self._policies.values():
            self._plan({}, policy)

    def _policy(self, text: str | dict[str, object]) -> Policy:
        policy = read_policy(text)
        has_own = isinstance(text, dict) and "breakpoints" in text
        return policy if has_own else replace(policy, widths=tuple(sorted(self._options.breakpoints)))

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        if not self._keys:
            return None
        values = last_values(pairs(query, TOKENS))
        token = next((values[name] for name in TOKENS if values.get(name)), "")
        expires = verify_edge_token(token, self._keys, self._mount + path, now)
        for source in self._placed_sources(query):
            if source.kind is not SourceKind.PATH:
                raise Forbidden("A token allows images of its paths only", param=PARAM)
            verify_edge_token(token, self._keys, self._mount + b"/" + quote(source.text).encode(), now)
        return expires

    def _placed_sources(self, query: bytes) -> set[SourceRef]:
        """Return the images that a URL itself places, not its policy; none if it is not valid."""
        try:
            values = self._values(query)
            policy = self._named_policy(values)
            placed = references(self._plan(values, policy))
        except BadRequest:
            return set()
        own = {one.source for one in references(self._plan({}, policy))} if placed else set[SourceRef]()
        return {one.source for one in placed if one.source.kind is not SourceKind.CANVAS} - own

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        if len(path) > MAX_PATH_BYTES:
            raise RequestTooLarge(f"The path may have at most {MAX_PATH_BYTES} bytes")
        source = path_source(path)
        original = ImageRequest(source, normal_form(Plan(output=Output(source_format=True))))
        try:
            values = self._values(query)
            if values.get("imbypass", "").lower() in _ON:
                return original
            return ImageRequest(source, self._plan(values, self._named_policy(values)))
        except InvalidParameter:
            if self._options.original_on_error:
                return original
            raise

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        return Text(error.message, status)

    def _values(self, query: bytes) -> dict[str, str]:
        """Return the parameters that count here, and the variables of policies."""
        names = {PARAM, *_NOT_VARIABLES, *converter.NAMES}
        for policy in self._policies.values():
            names |= {policy.variable, *policy.variables}
        return last_values(pairs(query, names))

    def _named_policy(self, values: dict[str, str]) -> Policy:
        name = values.get("impolicy", "") or AUTO
        if name not in self._policies:
            raise InvalidParameter(f"There is no policy {name[:64]}", param="impolicy")
        return self._policies[name]

    def _plan(self, values: dict[str, str], policy: Policy) -> Plan:
        sequence = StageSequence(PARAM)
        own = self._own_calls(values, policy)
        done: list[Call] = []
        for call in calls_of(policy.before, policy, values):
            for one in own if call is None else (call,):
                apply_call(sequence, one, self._allowed_of(policy) if call is None else None)
                done.append(one)
        if self._options.imquery:
            converter.resize(sequence, values, self._allowed_of(policy))
        width = self._width(values, policy)
        if width:
            sequence.put(("resize",), Resize(width))
        for call in calls_of(policy.after, policy, values):
            if call is not None:
                apply_call(sequence, call)
                done.append(call)
        output = converter.output(self._output(values, policy, max_colours(tuple(done))), values)
        return normal_form(replace(sequence.plan(), output=output))

    def _own_calls(self, values: dict[str, str], policy: Policy) -> tuple[Call, ...]:
        """Return the transformations of the URL."""
        text = values.get(policy.variable, "")
        if not text or not self._options.imquery:
            return ()
        try:
            return read_chain(text)
        except ValueError as error:
            refuse(f"{policy.variable} {error}")

    def _allowed_of(self, policy: Policy) -> frozenset[str] | None:
        if policy.allowed is None or self._allowed is None:
            return self._allowed if policy.allowed is None else policy.allowed
        return policy.allowed & self._allowed

    def _width(self, values: dict[str, str], policy: Policy) -> int:
        """Return the breakpoint for the width of the URL; 0 without one."""
        text = values.get("imwidth", "")
        if not text:
            return 0
        wanted = _number(Integer(1, MAX_SIDE), text, "imwidth") * self._density(values)
        pixels = int(wanted + _HALF)
        return next((width for width in policy.widths if width >= pixels), policy.widths[-1])

    def _density(self, values: dict[str, str]) -> Fraction:
        text = values.get("imdensity", "")
        return Fraction(_number(Decimal(0, 10), text, "imdensity")) or Fraction(1) if text else Fraction(1)

    def _output(self, values: dict[str, str], policy: Policy, colours: int) -> Output:
        encoding = Encoding(mode=self._mode, colours=colours)
        output = Output(quality=policy.quality or self._options.quality, encoding=encoding)
        forms = FORMATS.get(values.get("imformat", "").lower())
        if forms:
            return replace(output, formats=forms)
        offered = self._options.formats if forms is None else ()
        return replace(
            output, formats=offered, negotiated=True, ordered=True, source_format=True, original_formats=_KEPT
        )


def _number(read: Integer | Decimal, text: str, name: str) -> int | Fraction:
    try:
        return read(text)
    except ValueError:
        raise InvalidParameter(f"{name} must be {read.expects}", param=name) from None
