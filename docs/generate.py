"""Generates the reference pages from the tables in the code (``make docs``).

Holds the introductions; the text of each parameter, setting, error, format and metric is in its table.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ByteSize, SecretStr
from pydantic.fields import FieldInfo

from pixmill.api.config import ApiConfig
from pixmill.api.http.problems import RETRY_AFTER_S, STATUS
from pixmill.cache.config import CacheConfig
from pixmill.dialects.native.grammars import overlay_options
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.native.tables import srcset
from pixmill.engine.codecs.table import CODECS
from pixmill.engine.config import EngineConfig
from pixmill.errors import PixmillError, error_classes_by_code
from pixmill.media import MEDIA, NEGOTIABLE_FORMATS, Format
from pixmill.settings import Settings, env_name
from pixmill.sources.config import SourcesConfig
from pixmill.storage.config import StorageConfig
from pixmill.telemetry.config import TelemetryConfig
from pixmill.telemetry.definitions import (
    EVENT_METRICS,
    GAUGES,
    REQUEST_DURATION,
    REQUESTS_TOTAL,
    RESPONSE_BYTES,
    STAGE_DURATION,
)

FOLDER = Path(__file__).parent

PARAMETERS = """\
# Parameters

`GET /resize?url=…` answers with a picture, `POST /resize` with the picture sent as its body, `GET /info?url=…` with the
facts of an original as JSON, `GET /srcset?url=…` with a set of URLs for a page; all also under `/api/v1/`. A GET may be a HEAD.

Parameters stand in the query, in any order, percent-encoded as UTF-8 (`+` is a space). Names and words are in lower case. An
unknown or repeated parameter, also through an alias, and a value out of bounds are a 400 that names it.
Spellings that mean the same picture share one entry in the cache.

The picture is put upright, then rotated by right angles, flipped, trimmed, cropped, resized, rotated by any other angle, given its
colours and effects (in the order of their tables), extended and padded, put through further stages, and laid on the background. A length is computed exactly,
as a fraction, and rounded half up to whole pixels, never below 1. When nothing may be enlarged (the default), `cover` and `fill`
shrink the box, keeping its shape, until the picture is large enough for it; `contain` keeps the box and leaves the picture at its
own size in it. Most and least sizes come last: they scale the box, or the picture where there is none, down and up
in its shape; the least go before the most.
"""

SETS = """\
`GET /srcset?url=…` answers with what a page needs to offer a picture in several widths and formats, as JSON: a `<picture>` as
`html`, the URLs by format in `sources`, the sides of the original and of the largest picture, and a placeholder. It takes the
parameters of `/resize` too, but not `format`, `dpr`, `zoom`, `enlarge`, `adaptive`, `min_width`, `min_height`,
`max_width` and `max_height`; these mean something else here:

- `width` and `height` together are the shape that all pictures have; `width` is one of the widths, and `height` alone is refused.
- No picture is larger than the original has pixels for: the width at which it would be is the last one.

The URLs are relative to this server. Where requests must be signed, this one must be too, and they are signed with the newest key and end when
it does. Widths are told from the size of the original: `trim`, which looks at its pixels, may make pictures narrower than is told.
"""

PRESETS = """\
`PIXMILL_PRESETS='{"card": "width=300&height=200&fit=cover", "grey": {"grayscale": true}}'` declares two. A preset may say anything but
`url`, `expires`, `sig` and other presets. A picture has one entry in the cache whether it is asked for by preset or spelled out. With
`PIXMILL_PRESETS_ONLY=true`, `/resize` takes nothing but `url`, `v`, `preset`, `format`, `expires` and `sig`, and wants a preset.
"""

OVERLAYS = """\
`overlay` holds up to 16 overlays with `;` between them. Each is a list of options with `,` between, an option is a name and a value
with `:` between, and the first option is `url` or `text`. A comma or a semicolon within a value is doubled: `text:Hello,, world`.
Everything is percent-encoded for the query as any other value. The overlays' pictures are fetched as originals are, under the same
rules, and held to the same limits; when one fails the error says which. A result is as fresh as the least fresh of its pictures.

An overlay lies where `gravity` says; what stands out of the result is cut off, and a shadow does not move it. Colours mix in sRGB, as CSS
defines it; besides its blend modes there are `add`, `xor`, `atop`, `behind` (under the picture) and `erase`. A picture's size is that
asked for, even where that enlarges it. Letters are drawn by Pango, left to right or right to left as their script wants, and measured by their ink.
`Noto Sans` (Latin, Greek, Cyrillic, Devanagari) is always there; for other scripts and families the server needs fonts.
"""

STAGES = """\
`then` holds up to 8 further stages with `|` between them. Each is a query of its own, of operations only: it takes what is in the tables above under
Size, Changes, Colours, Effects and Overlays, but not `dpr`, which counts in all stages, and `trim`, which looks at pixels, where the sizes of
all stages are resolved and held to the limits before there are any. Each stage works on what the one before it made, in the order told at the top of this page,
for every frame of an animation; `background` is that of the request where a stage says no other. As the value of one parameter a stage is
percent-encoded as a whole, its `&` as `%26`:

`/resize?url=photo.jpg&width=600&then=rotate=-8%26background=white|crop=pct:10,10,80,80|width=300%26radius=20`

An error in a stage names it: the request itself is the first, so that `Stage 2` is the first of `then`. All stages together may refer to
at most 40 pictures.
"""

SIGNING = """\
The signature is base64url, without padding, of HMAC-SHA256 over the path, `?` and the query up to the `&` before `sig`, each
byte as it is sent; the key is the text of `PIXMILL_KEYS` as UTF-8. The first of several keys signs, all verify. Not signed are
the method, the host, the headers and the body. `pixmill sign` makes such URLs; so does this:

```python
import base64, hmac


def signed(key: str, target: str) -> str:
    digest = hmac.digest(key.encode(), target.encode(), "sha256")
    return f"{target}&sig={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


signed("a-secret-of-16-chars-or-more", "/resize?url=sunset.jpg&width=400&expires=1924992000")
```
"""

TOLD = """\
`GET /info` reads no more than the header, unless `include` asks for what must be looked for: then the first frame is decoded once,
as small as will do. `format=json` tells the size and the look of the result, and the facts of the `original`.

- `hash`: SHA-256 of the file
- `exif`: tags by their names, with readable values, without maker notes and thumbnails; at most 12 kB
- `gps`: latitude and longitude in degrees, north and east positive, altitude in metres; no other fact tells a place, XMP that does so in a way that cannot be cut out is left out
- `iptc`: texts by the names that ExifTool uses; at most 8 kB
- `xmp`: the packet as text, not parsed; a longer one than 32 kB is left out
- `average`: of light, weighted by opacity, as `#rrggbb`, or `#rrggbbaa` where one sees through
- `palette`: k-means in Oklab, always the same for the same picture; the largest share first
- `blurhash`: 4 × 3 components (3 × 4 for a picture that stands), equal to the authors' encoder; transparent parts lie on white
- `thumbhash`: in base64, equal to the author's encoder
- `phash`: 64 bits as hexadecimal, equal to that of the Python library ImageHash: the lowest frequencies of a cosine transform; pictures that look alike differ in few bits
- `lqip`: a WebP of at most 24 pixels along each side as a data URI of at most 400 characters
"""

ERRORS = """\
# Errors

`GET /resize?url=a.jpg&width=wide` returns 400 and this problem document (RFC 9457, `application/problem+json`):

```json
{
  "type": "urn:pixmill:error:invalid_parameter",
  "title": "Invalid parameter value",
  "status": 400,
  "detail": "width must be a whole number from 1 to 16383",
  "code": "invalid_parameter",
  "param": "width",
  "instance": "urn:pixmill:request:4b4e2c0f9f93-2"
}
```

- `code` is stable: programs should rely on it. `title` and `detail` are for people and may change.
- `param` names the parameter at fault, if there is one.
- `instance` holds the request ID, which is also in the `X-Request-ID` header and in the log.
- `Retry-After` is sent with the codes that have a value below, and with others if the server can estimate a time.
"""

SETTINGS = """\
# Settings

```sh
PIXMILL_MAX_PIXELS=100000000 pixmill serve    # environment
pixmill serve --max-pixels 100000000          # flag
pixmill config                                # show all settings with value and source
```

- A setting is an environment variable, a line of a `.env` file, or a flag of `pixmill serve`.
- Precedence: flags, environment, `.env`, defaults. An unknown name that begins with `PIXMILL_` is an error.
- Sizes are a number of bytes or a number with a unit, such as `64MiB`.
"""

METRICS = """\
# Metrics

`GET /metrics` returns these metrics and `process_*` of the server process, in the Prometheus text format or in OpenMetrics.

- `PIXMILL_METRICS=false` disables the route. With `PIXMILL_ADMIN_LISTEN` it answers on that listener only.
- Label values that come from outside are limited in number; further ones are counted as `other`.
"""

FORMATS = """\
# Formats

`/resize?url=photo.jpg&width=800&format=webp` returns a WebP. Without `format`, or with `format=auto`, the format is negotiated.

## Negotiation: `format=auto`

The result depends on what the image shows and on which of {negotiable} the `Accept` header names. Wildcards such as `*/*` name neither.

| content | AVIF and WebP | AVIF only | WebP only | neither |
| --- | --- | --- | --- | --- |
| photo | `avif` | `avif` | `webp` | `jpeg`, or `png` if transparent |
| animation | `avif` | `avif` | `webp` | `gif` |
| graphic (line art, screenshot, logo) | `webp` | `avif` | `webp` | `png` |
| tiny image (up to 4,096 opaque pixels) | `webp` | `avif` | `webp` | `jpeg`, or `png` for a graphic |

If another encoding turns out smaller, it is returned instead:

- a JPEG, if the original is an opaque JPEG
- a PNG, if the original is a PNG graphic
- a lossless WebP or a PNG with a palette, for graphics

Negotiated responses carry `Vary: Accept`. [Quality](quality.md) explains the quality scale, `quality=auto` and `max_bytes`.

## Original format: `format=original`

- The original bytes are returned unchanged, with all metadata, if the request changes nothing else and the original is not larger than
  the requested size.
- Otherwise the result is written in the format of the original, if this installation can write it.

## Animations

- `gif`, `webp`, `png` (APNG) and `avif` keep animations, with their timing and loop count. Other formats show the first frame, or the one
  selected by `page`.
- A delay of 0 is written as 100 ms, which is how browsers show it.
- GIF delays are rounded to 1/100 s; rounding errors do not accumulate.

## SVG

- SVGs are sanitised: scripts, external references and entity bombs are removed.
- They are rendered at exactly the requested size, with the fonts of the server.
- With `format=auto`, `original` or `svg` the result stays an SVG if only its size changes. It is sent with a Content-Security-Policy that blocks scripts and
  loading.

## Limits of what is read

- PDF, camera raw and video are read, not written. SVG is written as described above only.
- Videos: `second` selects the frame; by default the most representative of six frames is used.
- Ultra HDR JPEG: the base image is used, the gain map is dropped. 12-bit JPEG is not supported.
- Images are processed with 8 bits per channel. 16-bit originals are rounded; PNGs in linear light are converted to sRGB before rounding.

## Codecs

Formats with an *extra* need an optional dependency, such as `pip install 'pixmill[heic,jxl,pdf,raw,video]'` for all of them. Without it the
request fails with 415. All libraries are installed from wheels, and `pixmill doctor` lists what an installation supports.

Figures under *why* are milliseconds on one core for a photo of 2040 × 1360 pixels.
"""


def pages() -> dict[str, str]:
    """Return the text of every page by file name."""
    writers: dict[str, Callable[[], Iterable[str]]] = {
        "parameters.md": _parameters,
        "errors.md": _errors,
        "settings.md": _settings,
        "formats.md": _formats,
        "metrics.md": _metrics,
    }
    return {name: "\n".join(write()).rstrip() + "\n" for name, write in writers.items()}


def main() -> None:
    """Write all pages."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"docs/{name}")


def _parameters() -> Iterable[str]:
    yield PARAMETERS
    for group in Group:
        yield f"## {group}\n"
        if group is Group.SRCSET:
            yield SETS
        if group is Group.OVERLAY:
            yield from _overlays()
        if group is Group.STAGE:
            yield STAGES
        if group is Group.ACCESS:
            yield SIGNING
        if group is Group.INFO:
            yield TOLD
        if group is Group.PRESET:
            yield PRESETS
        rows = (_parameter(param) for param in (*PARAMS, *srcset.PARAMS, srcset.PRESET) if param.group is group)
        yield from _table(("name", "meaning", "takes", "default", "example"), rows)


def _overlays() -> Iterable[str]:
    """Overlay options as lists: their names are not parameters."""
    yield OVERLAYS
    both = overlay_options.COMMON_OPTIONS
    for heading, options in (
        ("a picture", overlay_options.IMAGE_OPTIONS),
        ("a text", overlay_options.TEXT_OPTIONS),
        ("both", both),
    ):
        yield f"Of {heading}:\n"
        yield from (_option(option) for option in options if options is both or option not in both)
        yield ""


def _option(option: overlay_options.OverlayOption) -> str:
    default = f" (without it {_code(option.default)})" if option.default else ""
    return f"- {_code(option.name)}: {option.description.removesuffix('.')}; {option.grammar.expects}{default}."


def _parameter(param: Param) -> tuple[str, ...]:
    names, examples = ", ".join(map(_code, param.names)), " ".join(map(_code, param.examples))
    return names, param.description, param.grammar.expects, _code(param.default), examples


def _errors() -> Iterable[str]:
    yield ERRORS
    for family in PixmillError.__subclasses__():
        yield f"## {family.title}\n"
        codes = {family.code: family} | error_classes_by_code(family)
        yield from _table(("code", "status", "title", "Retry-After"), (_error(*item) for item in codes.items()))


def _error(code: str, error: type[PixmillError]) -> tuple[str, ...]:
    retry_after = f"{RETRY_AFTER_S[code]} s" if code in RETRY_AFTER_S else ""
    return _code(code), str(STATUS[code]), error.title, retry_after


def _settings() -> Iterable[str]:
    yield SETTINGS
    for config, heading in HEADINGS.items():
        yield f"## {heading}\n"
        rows = (_setting(name, Settings.model_fields[name]) for name in config.model_fields)
        yield from _table(("setting", "meaning", "bounds", "default"), rows)


def _setting(name: str, field: FieldInfo) -> tuple[str, ...]:
    return _code(env_name(name)), str(field.description), _bounds(field), _code(_default(field))


def _default(field: FieldInfo) -> str:
    """Format a default as it would be written in the environment."""
    default = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if field.annotation is ByteSize:
        return ByteSize(default).human_readable(separator="").replace(".0", "")
    return f"{default:.15g}" if isinstance(default, int | float) else str(default)


def _bounds(field: FieldInfo) -> str:
    signs = (("ge", "at least"), ("gt", "more than"), ("le", "at most"))
    parts = [
        f"{words} {getattr(bound, sign):,.15g}"
        for bound in field.metadata
        for sign, words in signs
        if hasattr(bound, sign)
    ]
    return ", ".join(parts)


def _formats() -> Iterable[str]:
    yield FORMATS.format(negotiable=" and ".join(_code(form.value) for form in NEGOTIABLE_FORMATS))
    columns = ("format", "MIME type", "transparent", "max side (px)", "decoder", "encoder", "extra", "why")
    yield from _table(columns, map(_format, CODECS))


def _format(form: Format) -> tuple[str, ...]:
    media, codec = MEDIA[form], CODECS[form]
    facts = _code(media.mime), "yes" if media.alpha else "no", f"{media.max_side:,}"
    return (
        _code(form.value),
        *facts,
        codec.decoder_library,
        codec.encoder_library,
        codec.extra and _code(codec.extra),
        codec.rationale,
    )


def _metrics() -> Iterable[str]:
    yield METRICS
    counters = (
        (f"{family.name}_total", family) for family in (REQUESTS_TOTAL, RESPONSE_BYTES, *EVENT_METRICS.values())
    )
    histograms = ((family.name, family) for family in (REQUEST_DURATION, STAGE_DURATION))
    gauges = GAUGES.items()
    for heading, families in {"Counters": counters, "Histograms": histograms, "Gauges": gauges}.items():
        yield f"## {heading}\n"
        rows = ((_code(f"pixmill_{name}"), ", ".join(map(_code, it.labels)), it.documentation) for name, it in families)
        yield from _table(("metric", "labels", "meaning"), rows)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterable[str]:
    yield _row(columns)
    yield _row("---" for _ in columns)
    yield from map(_row, rows)
    yield ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _code(text: Any) -> str:
    return f"`{text}`" if text else ""


HEADINGS: dict[type[BaseModel], str] = {
    ApiConfig: "Serving",
    SourcesConfig: "Originals",
    StorageConfig: "Stores",
    CacheConfig: "Cache",
    EngineConfig: "Rendering",
    TelemetryConfig: "Logs and metrics",
}

if __name__ == "__main__":
    main()
