"""``pixmill doctor --source``: tries a whole request for one source, and explains each step.

Knows the parts that a server makes a result with, and uses them; what it adds is the explanation. The cache is tried
with an entry of its own, which is removed again.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from http import HTTPStatus
from pathlib import Path
from time import perf_counter
from typing import Final
from urllib.parse import urlencode, urljoin

from pixmill.api.http.problems import STATUS
from pixmill.cache.factory import open_cache
from pixmill.dialects.native.dialect import NativeDialect
from pixmill.doctor.advice import advice_for
from pixmill.doctor.origin import OriginProbe
from pixmill.doctor.report import Outcome, Step, clean, is_ok
from pixmill.doctor.stages import Failed, Stages, describe_error
from pixmill.engine.codecs.sniff import sniff
from pixmill.errors import ImageError, PixmillError, SourceError, SourceForbidden, StoreError
from pixmill.parts import build_engine, build_sources
from pixmill.plan.facts import HEADER_FACTS_ONLY
from pixmill.plan.source import SourceKind, SourceRef, parse_source
from pixmill.ports.observe import NullObserver, Pingable
from pixmill.ports.pipeline import Engine, Source
from pixmill.ports.values import Original
from pixmill.runtime.spool import Spool
from pixmill.settings import Settings
from pixmill.sources.http.errors import REDIRECT_STATUSES
from pixmill.sources.http.recording import RecordedResponse, RecordingHttpSource
from pixmill.sources.names.service import NameService
from pixmill.startup import find_images
from pixmill.storage.registry import StoreRegistry

WIDTH: Final = 400
"""Of the result that is rendered."""

_HTML: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:<!--(?:(?!-->).){0,1000}+-->\s*+)*+<(?:!doctype html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
"""Possessive, as a page of comments would otherwise be split in all ways that there are."""

_START_BYTES: Final = 4_096
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class RequestDiagnosis:
    """All steps of a request. ``status`` and ``code`` are those that a client would get; ``code`` is empty for 200."""

    source: str
    steps: tuple[Step, ...]
    status: int
    code: str

    @property
    def is_ok(self) -> bool:
        return is_ok(step.outcome for step in self.steps)

    def summary(self) -> str:
        """Return the last line for people."""
        answer = f"{self.status} {HTTPStatus(self.status).phrase}"
        return f"A request for this image gets {answer}{f', code {self.code}' if self.code else ''}."

    def as_json(self) -> dict[str, object]:
        """Return the object for JSON."""
        steps = [step.as_json() for step in self.steps]
        fields = {"source": clean(self.source), "ok": self.is_ok, "status": self.status, "steps": steps}
        return fields | ({"code": self.code} if self.code else {})


async def diagnose_request(settings: Settings, source: str, on_step: Callable[[Step], None]) -> RequestDiagnosis:
    """Try a request for ``source``, as in ``url=``; calls ``on_step`` after each step."""
    settings = settings.model_copy(update={"workers": 1})
    stages = Stages(settings, on_step)
    with suppress(Failed):
        await _Request(settings, stages).run(source)
    code = next((step.code for step in stages.steps if step.code), "")
    return RequestDiagnosis(source, tuple(stages.steps), STATUS[code] if code else _OK, code)


@dataclass(frozen=True, slots=True)
class _Request:
    settings: Settings
    stages: Stages

    async def run(self, source: str) -> None:
        """Report all steps. Raises Failed after the one that failed."""
        ref = self._parse(source)
        self._check_allowed(ref)
        async with AsyncExitStack() as stack:
            stores, sources = await self._open_sources(stack)
            original = await self._fetch(ref, sources)
            stack.callback(original.spool.close)
            self._sniff(original.spool)
            engine = await self._open_engine(stack)
            await self._render(ref, original.spool, engine)
            await self._write_cache(stores)

    def _parse(self, source: str) -> SourceRef:
        with self.stages.timed("source") as stage:
            ref = parse_source(source)
            stage.text = f"{_KINDS.get(ref.kind, ref.kind.value)} {ref.text}"
        return ref

    def _check_allowed(self, ref: SourceRef) -> None:
        allow_list = self.settings.allow_list()
        if not allow_list.patterns:
            self.stages.report(Step("allowed", "PIXMILL_ALLOWED_SOURCES is empty: it excludes no source"))
        elif allow_list.allows(ref):
            self.stages.report(Step("allowed", "PIXMILL_ALLOWED_SOURCES has a pattern for it"))
        else:
            raise self.stages.fail("allowed", "no pattern of PIXMILL_ALLOWED_SOURCES is for it", "source_forbidden")

    async def _open_sources(self, stack: AsyncExitStack) -> tuple[StoreRegistry, Source]:
        try:
            return await stack.enter_async_context(build_sources(self.settings))
        except StoreError as error:
            raise self.stages.fail("root", describe_error(error), error.code, *_ROOT_ADVICE) from error

    async def _fetch(self, ref: SourceRef, sources: Source) -> Original:
        if ref.kind is SourceKind.HTTP:
            return await self._fetch_http(ref)
        if ref.kind is SourceKind.PATH and not self.settings.images:
            raise self.stages.fail("root", "there is no image root for paths", "source_forbidden", *_ROOT_ADVICE)
        if ref.kind is SourceKind.PATH:
            self.stages.report(Step("root", f"the image root is {self.settings.images}"))
        with self.stages.timed("fetch") as stage:
            try:
                original = await sources.fetch(ref)
            except SourceError as error:
                raise stage.failed(describe_error(error), error.code, *self._near_names(ref)) from error
            except SourceForbidden as error:
                raise stage.failed(describe_error(error), error.code, *_STORE_ADVICE) from error
            stage.text = f"{original.spool.size:,} bytes"
        return original

    def _near_names(self, ref: SourceRef) -> tuple[str, ...]:
        """Return advice that names images of nearly this name below the image root, if it is a folder."""
        root = Path(self.settings.images.removeprefix("file://")).expanduser()
        if ref.kind is not SourceKind.PATH or not root.is_dir():
            return ()
        near = get_close_matches(ref.text, find_images(root, hidden=self.settings.images_hidden).names, n=3)
        return (f"there is {' and '.join(near)}",) if near else ()

    async def _fetch_http(self, ref: SourceRef) -> Original:
        names = NameService(self.settings, NullObserver())
        source = RecordingHttpSource(self.settings, self.settings.allow_list().check, names)
        probe = OriginProbe(self.settings, names, self.stages)
        try:
            await probe.reach(ref.text)
            await source.open()
            started = perf_counter()
            try:
                original = await source.fetch(ref)
            except PixmillError as error:
                await self._explain(error, source.responses, probe, perf_counter() - started)
                raise Failed from error
            self._report_redirects(source.responses)
            self.stages.report(_fetched(source.responses[-1], original, perf_counter() - started))
            return original
        finally:
            await source.close()
            await names.close()

    async def _explain(
        self, error: PixmillError, responses: Sequence[RecordedResponse], probe: OriginProbe, seconds: float
    ) -> None:
        """Report why a fetch failed, also at the origin that it was redirected to."""
        self._report_redirects(responses)
        last = responses[-1] if responses else None
        if last and last.status in REDIRECT_STATUSES and error.code not in _REDIRECT_CODES:
            with suppress(ValueError):
                await probe.reach(urljoin(last.url, last.location))
        text = describe_error(error)
        advice = advice_for(error.code, self.settings)
        self.stages.report(Step("fetch", text, seconds, Outcome.ERROR, advice, error.code))

    def _report_redirects(self, responses: Sequence[RecordedResponse]) -> None:
        for each in responses:
            if each.status in REDIRECT_STATUSES:
                self.stages.report(Step("redirect", f"{each.status} to {each.location}", each.seconds))

    def _sniff(self, spool: Spool) -> None:
        with self.stages.timed("sniff") as stage:
            start = spool.view()[:_START_BYTES] if spool.size else b""
            found = sniff(memoryview(start))
            if found is None:
                raise stage.failed(*_describe_unknown(start))
            stage.text = f"the first bytes are those of {found}"

    async def _open_engine(self, stack: AsyncExitStack) -> Engine:
        with self.stages.timed("worker") as stage:
            engine = await stack.enter_async_context(build_engine(self.settings))
            stage.text = "a worker is ready"
        return engine

    async def _render(self, ref: SourceRef, spool: Spool, engine: Engine) -> None:
        query = urlencode({"url": ref.text, "width": WIDTH, "format": "webp"})
        plan = NativeDialect(default_mode=self.settings.render_mode).parse(b"/resize", query.encode()).plan
        try:
            facts = await engine.inspect(spool, HEADER_FACTS_ONLY)
            rendered = await engine.render(spool, plan)
        except ImageError as error:
            raise self.stages.fail("decode", describe_error(error), error.code) from error
        except PixmillError as error:
            raise self.stages.fail("render", describe_error(error), error.code) from error
        frames = f", {facts.frames} frames" if facts.frames > 1 else ""
        original = f"{facts.format}, {facts.width} × {facts.height} pixels{frames}"
        result = f"{rendered.format}, {rendered.width} × {rendered.height} pixels, {len(rendered.body):,} bytes"
        decode_s = rendered.seconds.get("decode", 0.0)
        self.stages.report(Step("decode", original, decode_s))
        self.stages.report(Step("render", result, sum(rendered.seconds.values()) - decode_s))

    async def _write_cache(self, stores: StoreRegistry) -> None:
        """Put, read and delete an entry in each tier. A tier that fails costs no request its result."""
        try:
            cache = await open_cache(self.settings, NullObserver(), stores.open)
        except ValueError as error:  # it names the setting
            self.stages.report(
                Step("cache", f"the server does not start: {error}", None, Outcome.ERROR, (), "internal")
            )
            raise Failed from error
        try:
            tiers = cache.pingables()
            if not tiers:
                advice = ("PIXMILL_CACHE is empty: each request renders again",)
                self.stages.report(Step("cache", "there is no cache", None, Outcome.WARNING, advice))
            for name, tier in tiers.items():
                await self._try_tier(name, tier)
        finally:
            await cache.close()

    async def _try_tier(self, name: str, tier: Pingable) -> None:
        with self.stages.timed("cache") as stage:
            try:
                await tier.ping()
            except PixmillError as error:
                stage.outcome = Outcome.WARNING
                stage.text, stage.advice = f"{name}: {describe_error(error)}", _TIER_ADVICE
            else:
                stage.text = f"{name}: an entry was written, read and removed"


def _fetched(response: RecordedResponse, original: Original, seconds: float) -> Step:
    storable = original.version.directives.storable
    kept = f"Cache-Control: {response.cache_control}" if response.cache_control else "no Cache-Control"
    text = f"{response.status}, {response.content_type or 'no Content-Type'}, {original.spool.size:,} bytes, {kept}"
    advice = () if storable else ("the origin forbids caching: each request fetches and renders again",)
    return Step("fetch", text, seconds, Outcome.OK if storable else Outcome.WARNING, advice)


def _describe_unknown(start: bytes) -> tuple[str, str, str]:
    """Return text, code and advice for bytes that are no image."""
    if not start:
        return "there is nothing: 0 bytes", _UNSUPPORTED, "the origin sent no content"
    if _HTML.match(start):
        return "an HTML page, no image", _UNSUPPORTED, "name the URL of the image, not of the page that shows it"
    if start.lstrip()[:1] in b"{[":
        return "text that looks like JSON, no image", _UNSUPPORTED, "name the URL of an image"
    return f"no known image format: {start[:16]!r}", _UNSUPPORTED, "`pixmill doctor` lists the formats that are read"


_UNSUPPORTED: Final = "unsupported_image"
_REDIRECT_CODES: Final = frozenset({"too_many_redirects", "source_bad_response", "source_forbidden"})
_KINDS: Final = {
    SourceKind.HTTP: "web origin",
    SourceKind.STORE: "object of a store",
    SourceKind.PATH: "path below the image root",
    SourceKind.CANVAS: "generated",
}
_ROOT_ADVICE: Final = ("name it with --images, or PIXMILL_IMAGES, as for `pixmill serve`",)
_STORE_ADVICE: Final = ("name its store in PIXMILL_STORES, or set PIXMILL_STORES_ALLOW_UNNAMED",)
_TIER_ADVICE: Final = ("requests are answered without this tier",)
