"""Replays the cases of dialects against the installed server: one process for all of them, beside one origin.

    CASES = [Case("width", "/L.jpg?w=300", size=(300, 200), format="jpeg", checks=[pixel(10, 10, RED)])]

    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_cases(service: Service, case: Case) -> None:
        service.check("imgix", case)

A case that fails says what was requested and what was answered.
"""

import contextlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

from PIL import Image, ImageChops, ImageStat

from tests.compat.mounts import MOUNTS
from tests.compat.sources import BLACK, SOURCES, WHITE, source, write_sources
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill

_SHOWN_BYTES = 400
_NEARLY = 12
"""How far a component may be off: JPEG at the qualities of the services."""

_DIFFERENT = 1.5
"""By how much a component of two images differs on average, at least, if an option has changed the pixels. Quadrants of
300 × 200 as JPEG differ from the same as PNG by 0.9, in qualities of 85 and 95 by 0.3. A blur with a sigma of 5 changes
little, since it leaves all but the edges of the quadrants: 3.0."""

_MEDIA_TYPES = {"svg": "image/svg+xml", "json": "application/json", "text": "text/plain", "ico": "image/x-icon"}


@dataclass(frozen=True)
class Reply:
    """A response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def image(self) -> Image.Image:
        return Image.open(io.BytesIO(self.body))

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    def json(self) -> Any:
        return json.loads(self.body)


Check = Callable[[Reply], bool]
"""Says whether a response has a property. Its ``__doc__`` says which."""


@dataclass(frozen=True)
class Case:
    """A request and what it must give.

    ``target`` is the path below the mount, with the query, as it is sent; ``{origin}`` stands for the URL of the origin,
    ``{origin-escaped}`` for the same with all reserved characters escaped. ``status`` may be several. ``size`` is that
    of the decoded image, ``format`` its media type without ``image/``. ``headers`` are sent; ``answers`` maps response
    headers to texts that they contain, or to None if they are not there. ``body`` is a text that the body contains.
    ``follows``: a redirect is followed once. ``mount``: another than the one of the test. ``differs_from``: the target of
    another request, the same but for an option; it gives an image of the same size with other pixels.
    """

    name: str
    target: str
    status: int | tuple[int, ...] = 200
    format: str = ""
    size: tuple[int, int] | None = None
    checks: Sequence[Check] = ()
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str | None] = field(default_factory=dict)
    body: str = ""
    follows: bool = False
    mount: str = ""
    differs_from: str = ""

    def __str__(self) -> str:
        return self.name


def _check(meaning: str, holds: Check) -> Check:
    holds.__doc__ = meaning
    return holds


def pixel(x: int, y: int, colour: tuple[int, ...], tolerance: int = _NEARLY) -> Check:
    """Check a pixel of the first frame; a colour of four components includes alpha."""

    def holds(reply: Reply) -> bool:
        found = reply.image.convert("RGBA").getpixel((x, y))
        assert isinstance(found, tuple)
        found = found[: len(colour)]
        return all(abs(one - other) <= tolerance for one, other in zip(found, colour, strict=True))

    return _check(f"the pixel at {x}, {y} is {colour}", holds)


def clear(x: int, y: int) -> Check:
    """Check that a pixel of the first frame cannot be seen."""

    def holds(reply: Reply) -> bool:
        return reply.image.convert("RGBA").getchannel("A").getpixel((x, y)) == 0

    return _check(f"the pixel at {x}, {y} is transparent", holds)


def distorted_border() -> Sequence[Check]:
    """Check that ``T`` fills 100 × 100 whole: its border is on all sides, and twice as thick above as on the left."""
    return [pixel(3, 50, WHITE), pixel(12, 50, BLACK), pixel(50, 5, WHITE), pixel(50, 14, BLACK)]


def cut_border() -> Sequence[Check]:
    """Check that ``T`` covers 100 × 100 from its centre: its border is above, and cut off on the left."""
    return [pixel(1, 50, BLACK), pixel(50, 5, WHITE), pixel(50, 14, BLACK)]


def frames(count: int) -> Check:
    """Check the number of frames."""
    return _check(f"it has {count} frames", lambda reply: getattr(reply.image, "n_frames", 1) == count)


def is_grey() -> Check:
    """Check that no pixel has a colour."""

    def holds(reply: Reply) -> bool:
        red, green, blue = (band.tobytes() for band in reply.image.convert("RGB").split())
        return all(max(trio) - min(trio) <= 2 for trio in zip(red, green, blue, strict=True))

    return _check("it has no colour", holds)


def has_alpha(*, expected: bool = True) -> Check:
    """Check whether a pixel of the first frame is transparent."""

    def holds(reply: Reply) -> bool:
        extrema = reply.image.convert("RGBA").getchannel("A").getextrema()
        return (extrema[0] != 255) is expected

    return _check("it is transparent somewhere" if expected else "it is opaque", holds)


def fact(*path: str | int, equals: object) -> Check:
    """Check a value of a JSON document, by keys and indexes."""

    def holds(reply: Reply) -> bool:
        value = reply.json()
        for step in path:
            value = value[step]
        return bool(value == equals)

    return _check(f"{'.'.join(map(str, path))} is {equals!r}", holds)


def lasts(seconds: int) -> Check:
    """Check for how long clients may keep the answer from now on, however old it is."""

    def holds(reply: Reply) -> bool:
        _, found, rest = reply.headers["cache-control"].partition("max-age=")
        return bool(found) and int(rest.partition(",")[0]) - int(reply.headers.get("age", "0")) == seconds

    return _check(f"clients may keep it for {seconds} s", holds)


def smaller_than(byte_count: int) -> Check:
    """Check the length of the body."""
    return _check(f"it has less than {byte_count} bytes", lambda reply: len(reply.body) < byte_count)


class Service:
    """The server, with all mounts, and its origin; both run while it is open."""

    def __init__(self, images: Path, mounts: Mapping[str, dict[str, Any]] = MOUNTS) -> None:
        write_sources(images)
        self.origin = Origin()
        self._images = images
        self._entries = mounts
        self._stack = contextlib.ExitStack()
        self.server: Pixmill

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.origin)
            for name in SOURCES:
                for path in (f"/{name}", f"/storage/b/{name}"):  # at the root, and as an object of a bucket
                    self.origin.publish(path, source(name), {"ETag": f'"{name}"'})
            entries = json.dumps([_entry(name, entry) for name, entry in self._entries.items()])
            server = Pixmill(
                images=str(self._images),
                allowed_networks="127.0.0.0/8",
                allowed_sources=f"path:,http://127.0.0.1:{self.origin.port}",
                cache="memory://",
                workers=1,
                dialects=self._filled(entries),
            )
            self.server = stack.enter_context(server)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def check(self, mount: str, case: Case) -> Reply:
        """Send the request of a case to a mount; fail with request and answer if the answer is not as it should be."""
        mount = case.mount or mount
        target, reply = self._answer(mount, case, case.target)
        faults = _faults(case, reply)
        if case.differs_from and not faults:
            other_target, other = self._answer(mount, case, case.differs_from)
            assert other.status == reply.status, _report(case, other_target, other, ["nothing to compare with"])
            faults = _likenesses(reply, other, other_target)
        assert not faults, _report(case, target, reply, faults)
        return reply

    def _answer(self, mount: str, case: Case, text: str) -> tuple[str, Reply]:
        """Return the last target of a request as a case makes it, and its answer."""
        target = self.target(mount, text)
        reply = self.request(mount, target, case.method, case.headers)
        if case.follows:
            assert "location" in reply.headers, _report(case, target, reply, ["it is no redirect"])
            target = below_host(reply.headers["location"])
            reply = self.request(mount, target, case.method, case.headers)
        return target, reply

    def target(self, mount: str, text: str) -> str:
        """Return the request target of a text of a case: below the mount, with the origin filled in."""
        return str(self._entries[mount].get("mount", "")) + self._filled(text)

    def request(
        self,
        mount: str,
        target: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """Send a request to the host of a mount, without following redirects."""
        entry = _entry(mount, self._entries[mount])
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        try:
            connection.request(method, target, body, {"Host": entry.get("host", "any.test")} | dict(headers or {}))
            response = connection.getresponse()
            fields: dict[str, str] = {}
            for name, value in response.getheaders():
                fields[name.lower()] = f"{fields[name.lower()]}, {value}" if name.lower() in fields else value
            return Reply(response.status, fields, response.read())
        finally:
            connection.close()

    def _filled(self, text: str) -> str:
        url = f"http://127.0.0.1:{self.origin.port}"
        text = text.replace("{origin}", url).replace("{origin-escaped}", quote(url, safe=""))
        return text.replace("{port}", str(self.origin.port))


def below_host(location: str) -> str:
    """Return path and query of a URL."""
    parts = urlsplit(location)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _entry(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    return entry if "host" in entry or "mount" in entry else {"host": f"{name}.test"} | entry


def _faults(case: Case, reply: Reply) -> list[str]:
    statuses = (case.status,) if isinstance(case.status, int) else case.status
    if reply.status not in statuses:
        return [f"status {reply.status}, not {' or '.join(map(str, statuses))}"]
    faults: list[str] = []
    media_type = _MEDIA_TYPES.get(case.format, f"image/{case.format}")
    if case.format and reply.media_type != media_type:
        faults.append(f"{reply.media_type or 'no media type'}, not {media_type}")
    if case.size and (size := reply.image.size) != case.size:
        faults.append(f"{size[0]} × {size[1]}, not {case.size[0]} × {case.size[1]}")
    for name, text in case.answers.items():
        found = reply.headers.get(name.lower())
        if (found is not None) if text is None else (found is None or text not in found):
            faults.append(f"the header {name} is {found!r}, not {text!r}")
    if case.body and case.body not in reply.text:
        faults.append(f"the body has no {case.body!r}")
    faults.extend(f"it is not so that {check.__doc__}" for check in case.checks if not check(reply))
    return faults


def _likenesses(reply: Reply, other: Reply, other_target: str) -> list[str]:
    """Compare the pixels of first frames, with alpha; return what is the same."""
    image, reference = reply.image.convert("RGBA"), other.image.convert("RGBA")
    if image.size != reference.size:
        return [f"{other_target} has another size, {reference.width} × {reference.height}: compare the sizes"]
    difference = max(ImageStat.Stat(ImageChops.difference(image, reference)).mean)
    return [] if difference > _DIFFERENT else [f"it differs from {other_target} by {difference:.2f} only"]


def _report(case: Case, target: str, reply: Reply, faults: Sequence[str]) -> str:
    """Describe a failed case: the faults, the request and the answer."""
    sent = [f"{case.method} {target}", *(f"  {name}: {value}" for name, value in case.headers.items())]
    received = [f"{reply.status}", *(f"  {name}: {value}" for name, value in reply.headers.items())]
    shown = f"{len(reply.body)} bytes: {reply.body[:_SHOWN_BYTES]!r}"
    return "\n".join([f"{case.name}: {'; '.join(faults)}", *sent, *received, shown])
