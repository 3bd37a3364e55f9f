"""Generates the reference pages from the tables in the code (``make docs``).

Holds the introductions; the text of each parameter, setting, error, format and metric is in its table.
"""

import importlib
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from pixmill.api.http.error_advice import ADVICE
from pixmill.api.http.problems import RETRY_AFTER_S, STATUS
from pixmill.batch.template import INPUT_PLACEHOLDERS, RESULT_PLACEHOLDERS
from pixmill.cli import batch_options, option_rows
from pixmill.cli.option_source import option_tables, setting_default
from pixmill.dialects.affinity import PATH, SOURCE_PATTERNS
from pixmill.dialects.catalogue import Service, services_of
from pixmill.dialects.factory import DIALECTS, MountEntry, ServerDefaults
from pixmill.dialects.kit.options import Option
from pixmill.dialects.native import other_words
from pixmill.dialects.native.grammars import overlay_options
from pixmill.dialects.native.grammars.overlays import OverlayGrammar
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.params import PARAMS
from pixmill.engine.codecs.table import CODECS
from pixmill.errors import PixmillError, error_classes_by_code
from pixmill.media import MEDIA, NEGOTIABLE_FORMATS, Format
from pixmill.reloading import RELOADABLE
from pixmill.runtime.setting_types import quantity_of
from pixmill.setting_sources import secret_file_variables
from pixmill.settings import SETTING_GROUPS, Settings, env_name
from pixmill.telemetry.definitions import (
    EVENT_METRICS,
    GAUGES,
    REQUEST_DURATION,
    REQUESTS_TOTAL,
    RESPONSE_BYTES,
    STAGE_DURATION,
)

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

from docs import (  # noqa: E402 - it is run as a file, too
    benchmarks_page,
    command_line,
    drawings,
    http_api,
    library_types,
    migrations,
    reference,
    signing,
    url_client,
)

from tests.cli import golden  # noqa: E402 - as below

OTHER_WORDS = """\
## Other words

These mean exactly what the word beside them means, in any case. Numbers may have their unit: `width=400px`, `height=50%25` (percent,
as `pct:50`), `dpr=2x`, `aspect=16/9`, `rotate=90deg`, and colours may be `rgb(255,204,0)`. Where another service's word means something near, such
as `fit=crop`, the error says what to write.
"""

PARAMETERS = """\
# Parameters

```
GET /resize?url=https://example.com/photo.jpg&width=800&height=600&fit=cover&format=auto
```

| request | response |
|---|---|
| `GET /resize?url=…` | the image |
| `POST /resize` | the image; the original is the body of the request, or the file of a [form](#forms) |
| `GET /info?url=…` | [image information](#image-information) as JSON |
| `POST /info` | the same of an uploaded image |
| `GET /srcset?url=…` | the URLs of a [responsive image](#responsive-images-srcset) as JSON |

The same paths are available under `/api/v1/`. `HEAD` works wherever `GET` does.

- Parameters are in the query, in any order, percent-encoded as UTF-8 (`+` is a space). Names are in lower case, keywords in any case.
- Unknown and repeated parameters (also through an alias) and invalid values are a 400 that names the parameter.
- Different spellings of the same image share a cache entry.
- Flags are `true` or `1`, `false` or `0`; `yes`, `on`, `no` and `off` are taken too. [More words](#other-words) from habit
  and from other services are taken, or refused with the word that means the same.

## Forms

```sh
curl -F file=@photo.jpg -F width=800 http://127.0.0.1:8080/resize -o small.jpg
```

```html
<form method="post" enctype="multipart/form-data" action="http://127.0.0.1:8080/resize">
  <input type="file" name="photo" accept="image/*" required>
  <input name="width" value="800">
  <button>Resize</button>
</form>
```

`POST /resize` and `POST /info` also take `multipart/form-data`, which browsers and most clients send.

- The file may be in a field of any name. A second file is an error.
- Other fields are parameters, as those of the query. The same parameter in both is an error, `repeated_parameter`. Empty fields are ignored.
- Where URLs must be signed, parameters are in the signed URL only: a signature does not cover the fields.
- A form has at most 128 fields, with 8 KiB of names and values. The file is limited by `PIXMILL_MAX_SOURCE_BYTES`.
- Nothing is stored, and there are no cookies: a form on a foreign page can do nothing that its author could not do directly.

## Order of operations

1. EXIF orientation is applied first, or the one that `orientation` gives.
2. `rotate` by multiples of 90 degrees
3. `flip`
4. `trim`
5. `crop`
6. resize: `width`, `height`, `fit` and the other parameters under Size
7. `rotate` by any other angle
8. colours, then effects, each in the order of its table
9. `radius`, `mask`, `border`, `opacity`, `flatten`
10. `canvas` or the padding of `fit=contain`, then `padding`; what `canvas_cut` cuts off goes with the resize
11. `overlay`
12. further stages (`then`)
13. `background`, if the format has no transparency

## Rounding and limits

- Dimensions are rounded half up, unless `rounding` says otherwise, and are at least 1 px.
- Without `enlarge=true`, images are not upscaled: `cover` and `fill` shrink the box, keeping its aspect ratio, until the image is
  large enough; `contain` keeps the box and pads the image at its own size. With `clamp=sides` each side of the box is limited to
  that of the image instead.
- `max_*` and `min_*` are applied last and keep the aspect ratio; if they conflict, the minimum wins.
"""

SRCSET = """\
```
GET /srcset?url=photo.jpg&width=720&alt=A+mill
```

[responsive.md](responsive.md) explains how to use it. The response is JSON:

| field | value |
|---|---|
| `html` | a `<picture>` element to paste into a page |
| `sources` | for each format its `type` and `images`, smallest first: `url`, `width`, `height`, and the `descriptor` in `srcset` |
| `src` | the URL of a middle-sized image in the last format |
| `sizes` | the attribute `sizes`; absent with `densities` |
| `displayed` | `width` and `height` of the element in CSS pixels, where there is room |
| `largest`, `original` | `width` and `height` of the largest candidate, and of the original |
| `placeholder` | the placeholder; absent with `placeholder=none` |
| `preload` | a `<link>` for the head of the page, with the first format; only with `loading=eager` |
| `warming` | whether all candidates are rendered in the background |

All parameters of `/resize` are accepted, except `format`, `dpr`, `zoom`, `enlarge`, `shrink`, `adaptive`, `skip_smaller`,
`max_enlarged_side`, `dpr_rule`, `dpr_max_side`, `min_width`, `min_height`, `max_width`, `max_height` and `max_side`.

- `width` is the width of the element in CSS pixels, and that of a candidate. With `height` it sets the aspect ratio of all candidates;
  `height` alone is an error.
- No candidate is larger than the original, unless that is an SVG or a PDF: larger widths are replaced by the largest possible one.
- URLs begin with `PIXMILL_PUBLIC_URL`. If requests must be signed, so must this one; the URLs are then signed with the newest key and
  expire when it does.
- Widths are computed from the dimensions of the original. With `trim`, which depends on its pixels, images may be narrower.
- In presets-only mode only parameters of the page are accepted besides `url`, `v` and `preset`; `variants` names presets for the sizes.
"""

PRESETS = """\
```
PIXMILL_PRESETS='{"card": "width=300&height=200&fit=cover", "grey": {"grayscale": true}}'
GET /resize?url=photo.jpg&preset=card,grey&width=400
```

- A preset can set any parameter except `url`, `v`, `expires`, `sig` and `preset`.
- A preset and the same parameters spelled out share a cache entry.
- With `PIXMILL_PRESETS_ONLY=true`, `/resize` requires a preset and accepts only `url`, `v`, `preset`, `format`, `expires` and `sig`.
"""

OVERLAYS = """\
```
overlay=url:logo.png,width:pct:20,gravity:southeast,x:10,y:10;text:Hello,, world!,size:40,color:white
```

- Up to 16 overlays, separated by `;`. Each is a list of options `name:value`, separated by `,`; the first option is `url` or `text`.
- A comma or semicolon within a value is doubled: `text:Hello,, world`.
- The value is percent-encoded for the query like any other.
- Overlay images are fetched like originals, under the same rules and limits. If one fails, the error names it.
- The freshness lifetime of the result is the shortest of all its images.
- `gravity` positions the overlay. Parts outside the image are clipped, or the image grows by them (`expand`). Shadows do not affect
  positioning.
- Colours are blended in sRGB, as in CSS. In addition to the CSS blend modes there are `add`, `xor`, `atop`, `behind` (under the
  image), `erase`, and `mask` (the image stays only where the overlay is opaque, and nowhere outside of it).
- Overlay images are upscaled to the requested size if necessary.
- An overlay image can be processed by up to 4 stages before it is fitted to its box (`prepare`) and 4 after (`then`), written as in the
  parameter `then`: `url:a.jpg,prepare:crop=pct:10,,0,,80,,60,width:80,then:grayscale=true&radius=pct:50`. Its stages may have overlays too,
  3 levels in all.
- Text is rendered by Pango, with right-to-left scripts, and measured by its ink. `Noto Sans` (Latin, Greek, Cyrillic, Devanagari)
  is always available; other scripts and families need fonts on the server.
"""

CONFORMANCE = """\
## Compared with Chromium

`make conformance` renders test files of other projects (libpng, Pillow, libvips, libjxl, gdk-pixbuf, giflib, KDE, Go) and of its own making as
PNG at their own size, and compares every pixel with what Chromium shows. Its own files combine colour signalling, bit depth, alpha,
orientation, animation and damage.

- Samples are compared as they are seen, before black and before white, in codes of 255. Durations of frames are compared too.
- Bound: all samples within 2 codes. For JPEG, WebP and AVIF also 99 % of them within 4, since decoders round differently.
- JPEG XL, HEIC and TIFF, which Chromium does not show, are compared with djxl, libheif's `heif-convert` and libvips.
"""

STAGES = """\
```
/resize?url=photo.jpg&width=600&then=rotate=-8%26background=white|crop=pct:10,10,80,80|width=300%26radius=20
```

- `then` holds up to 8 further stages, separated by `|`. Each works on the result of the one before it, in the order of operations
  above, for every frame of an animation.
- A stage is a query of operations: the parameters under Size, Transformations, Colours, Effects and Overlays.
- `background`, `dpr` and its rule are inherited from the request unless the stage sets its own.
- The dimensions of all stages are checked before anything is rendered, as if `trim` in a later stage cut nothing off; they are
  checked again once its borders are found.
- The value is percent-encoded as a whole, `&` within a stage as `%26`.
- Errors name the stage. The request itself is stage 1, so `Stage 2` is the first of `then`.
- All stages together may refer to at most 40 images.
"""

SIGNING = """\
The signature is the HMAC-SHA256 of the path, `?` and the query up to the `&` before `sig`, byte for byte as sent, in base64url
without padding. The key is the text of `PIXMILL_KEYS` as UTF-8. With several keys, the first signs and all verify. The method, the
host, the headers and the body are not signed. `pixmill sign` signs URLs; so does this:

```python
import base64, hmac


def signed(key: str, target: str) -> str:
    digest = hmac.digest(key.encode(), target.encode(), "sha256")
    return f"{target}&sig={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


signed("a-secret-of-16-chars-or-more", "/resize?url=sunset.jpg&width=400&expires=1924992000")
```
"""

IMAGE_INFORMATION = """\
```
GET /info?url=photo.jpg&include=palette,blurhash
```

`GET /info` reads only the header, unless `include` asks for more. For information from pixels, the first frame is decoded once, at
the smallest sufficient size; for `phash` at its own. `/resize` with `format=json` returns the dimensions and the visual information of the result, and the
file information of the `original`.

| in `include` | information |
|---|---|
| `hash` | SHA-256 of the file |
| `exif` | EXIF tags by name, with readable values, without maker notes and thumbnails; at most 12 kB |
| `gps` | latitude and longitude in degrees (north and east positive), altitude in metres. Without it nothing else tells a place: no coordinates, addresses or names of places, and no text that repeats one |
| `iptc` | IPTC fields by ExifTool's names; at most 8 kB |
| `xmp` | with `gps` the XMP packet as text, otherwise its known properties without those that tell a place; omitted if longer than 32 kB or not well-formed |
| `average` | average in linear light, weighted by opacity, as `#rrggbb`, or `#rrggbbaa` with transparency |
| `palette` | k-means clusters in Oklab, deterministic, largest share first |
| `blurhash` | 4 × 3 components (3 × 4 in portrait), as the reference encoder makes them of the image reduced to 32 pixels; transparency on white |
| `thumbhash` | in base64, as the reference encoder makes it of the image reduced to 32 pixels; amplitudes that are zero but for rounding may differ by a step |
| `phash` | 64-bit perceptual hash (DCT) in hexadecimal: that of the Python library ImageHash (`phash`) for the upright image in sRGB, without alpha; similar images differ in few bits |
| `lqip` | a WebP of at most 24 × 24 pixels as a data URI of at most 400 characters |
"""

INTRODUCTIONS = {
    Group.OVERLAY: OVERLAYS,
    Group.STAGE: STAGES,
    Group.INFO: IMAGE_INFORMATION,
    Group.SRCSET: SRCSET,
    Group.PRESET: PRESETS,
    Group.ACCESS: SIGNING,
}

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

## Errors in a browser

`PIXMILL_ERROR_IMAGES` says what people see of an error. `make serve` and `pixmill serve --demo` set it to `development`.

| value | image element | address bar | programs |
|---|---|---|---|
| off | nothing, as for any broken image | problem document | problem document |
| pages | nothing | page with the code, the sentence and the marked parameter | problem document |
| development | image with the code, the sentence and what to do, in the size that the URL asks for | the same page, with what to try | problem document, with `hint` |

- The status is that of the error in each form. An image with status 404 fires `load`, not `error`: use `off` or `pages` where pages rely on
  `onerror`.
- Images and pages are `Cache-Control: no-store`. Every error has `Vary: Sec-Fetch-Dest, Accept` then.
- `Sec-Fetch-Dest` decides. Without it, which is so on addresses that are neither https nor this machine, the first type in `Accept` does.
- An answer to errors in the form of another service gives way to an image or a page; a redirect that the URL asks for does not.
- `development` names settings, hosts, addresses, and files with similar names. Do not use it on a public address. Scripts of other hosts do not
  get the `hint`.
- With `PIXMILL_DOCS_URL` a page links to the row of its code below.
"""

SETTINGS = """\
# Settings

```sh
PIXMILL_CACHE_TTL_S=12h pixmill serve    # environment
pixmill serve --cache-ttl-s 12h          # flag
pixmill config                           # show all settings with value and source
```

- A setting is a flag of `pixmill serve`, an environment variable, a line of `.env`, or a line of the TOML file that `--config FILE` or
  `PIXMILL_CONFIG` names. This is also the order of precedence. An unknown name is an error.
- Names in the TOML file are those of variables, with or without `PIXMILL_`, in any case: `cache_ttl_s = "12h"`. Lists of texts are joined
  by commas; `stores`, `presets` and `dialects` may be tables and lists of tables instead of JSON.
- Secrets may be in files: {secrets}. Each has the path of a file, of which the content without white space around it is
  the value. A secret that is given both ways is an error.
- `kill -HUP PID` reads `.env`, the TOML file and files of secrets again, and puts settings marked *reloaded* into force without a dropped request. What needs a restart
  is named in the log and stays as it was. If any setting is invalid, all stay, and the log says why.

A size or a duration is a number with a unit, in every setting, flag and option of a cache URL, and in parameters of
URLs such as `max_bytes=300kB` and `max_age=12h`:

| | written as | units | a plain number is |
| --- | --- | --- | --- |
| size | `64MiB`, `1.5GB`, `500kB` | `B`; `kB`, `MB`, `GB`, `TB`, `PB` of 1000; `KiB` or `Ki`, `MiB`, `GiB`, `TiB`, `PiB` of 1024 | bytes |
| duration | `250ms`, `30s`, `12h`, `7d`, `1h30m` | `ms`, `s`, `m`, `h`, `d`, the longest first | seconds |

- Upper and lower case do not count. One space may stand in front of a unit, none in parameters of URLs.
- `64M` is an error, because it means 1000 to some and 1024 to others. So are negative values, `inf` and `nan`.
- A part of a byte is rounded down. The largest size is 8191PiB, the longest duration 36500d.
- The names of settings end in `_s` for seconds and `_bytes` for bytes, which is what a plain number means.
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
- a lossless WebP or a PNG with a palette, for graphics; a GIF, if the original is a GIF graphic
- a lossless WebP or the format of the original, for animations whose first frame is a graphic
- the format of the original, if the result would be larger than the original, relative to the pixels

A result of which nothing else is requested is never larger than its original, if the client shows the format of that: where all encodings
are larger, the file of the original is returned, with the metadata that is requested. It is not returned, and a result may be larger:

- if the original is not upright, has a colour profile or other colours than sRGB, or is cut off
- if it has metadata or hidden parts that need an encoder to be removed
- with `max_bytes`, `profile` or options of encoders
- for a JPEG that browsers do not read: arithmetic or lossless

With other operations a result may be larger than the same one in the format of the original, if that is PNG or GIF and the result takes less
than a quarter of the original, relative to the pixels: these are not tried then. A drawing can take more bytes at a smaller size than its
original, because scaling blends its edges. A format that is named, such as `format=gif`, is always encoded. Animations are encoded up to
three times, if the estimated cost of that is below `PIXMILL_MAX_COST_S`.

Negotiated responses carry `Vary: Accept`. [Quality](quality.md) explains the quality scale, `quality=auto` and `max_bytes`.

## Original format: `format=original`

- If the request changes nothing else and the original is not larger than the requested size, it is not encoded again. With `metadata=all` it is
  returned byte for byte. Otherwise metadata and all that decoders ignore are removed from JPEG, PNG, WebP, GIF and JPEG XL, except what
  `metadata` says and the orientation. AVIF, HEIC, TIFF, BMP and ICO are returned if they have no metadata and nothing that no image refers
  to, else encoded again. What follows the codestream of a JPEG XL, and names and texts inside an ICC profile, stay.
- Otherwise the result is written in the format of the original, if this installation can write it.

## Animations

- `gif`, `webp`, `png` (APNG) and `avif` keep animations, with their timing and loop count. Other formats show the first frame, or the one
  selected by `page`.
- `max_frames` and `frame_step` select frames; `frame_delay`, `speed`, `loop` and `reverse` change the timing. They have no effect on stills.
- A delay of 0 is written as 100 ms, which is how browsers show it.
- GIF delays are rounded to 1/100 s; rounding errors do not accumulate.

## SVG

- SVGs are sanitised: scripts, `foreignObject`, links, external references and entity bombs are removed. Embedded images, SVGs (up to three
  within each other), style sheets and fonts in data URLs are kept; a kept SVG shows its fonts, a rendered one uses those of the server.
- Embedded images may be PNG, JPEG, GIF, WebP, AVIF, BMP or ICO.
- Animations show their static state, also in a rendered drawing; a kept SVG keeps moving. Scripts never run.

SVGs are rendered by librsvg, and what it does not know is drawn otherwise than in a browser. A kept SVG is not concerned.

| feature | rendered as |
| --- | --- |
| `foreignObject` | nothing; in a `switch` the next alternative (also in a kept SVG) |
| CSS variables, `calc()`, `@media`, `@supports`, transforms and animations in style sheets | as if the rule or declaration were missing |
| `background` of the root in a style sheet | transparent; a colour in its `style` attribute is painted |
| fonts in `@font-face`; SVG fonts | fonts of the server; `sans-serif`, `serif` and `monospace` as its fontconfig has them |
| filter inputs `BackgroundImage`, `BackgroundAlpha`, `FillPaint`, `StrokePaint` | the old ones of SVG 1.1, which browsers have dropped |
| light sources, `feMorphology`, `feConvolveMatrix` with `edgeMode`, `feTile`, `feDisplacementMap` | with other rounding at edges, or at the resolution of the result |
| selectors that match elements inside a `use` | as for the element that is referred to |
| `tref`; `enable-background` | drawn; browsers have dropped them |
| a viewBox that is enlarged more than about 100,000 times | nothing |

`python -m tests.conformance.drawings` compared these files, at a width of 240 pixels. In librsvg, equal means that no sample is off by more
than 2 of 255. Against Chromium, which smooths edges differently, both images are blurred by a box of 3 × 3 pixels first, on white and on black;
equal means that at most 0.5 % of the pixels are off by more than 32 of 255.

| files | sanitised and original in librsvg | kept and original in Chromium | rendered and Chromium |
| --- | --- | --- | --- |
| 160 of the W3C test suite for SVG 1.1, as librsvg carries it | 158 equal; one refers to text in a `foreignObject`, one tests `requiredFeatures`, which browsers ignore | 159 equal, the same one cannot be read | 1 equal, 141 equal but for fonts, 1 cannot be read, 17 differ: 16 filters, selectors in a `use` |
| 140 icons of seven sets, flags and emoji | 140 equal | 140 equal | 140 equal |
| 80 of Openclipart | 80 equal | 58 equal; 17 lack a namespace, which Chromium refuses; 5 have a `foreignObject` | 57 equal, 1 differs (marker), the others as before |
- They are rendered at exactly the requested size, with the fonts of the server.
- The size is that of the root element, else of the viewBox, in real numbers: `viewBox="0 0 1.5 1"` is 600 × 400 at `width=600`. `/info` then
  has `exact_width` and `exact_height`. Percentages count as not given; without any size it is 300 × 150, as in browsers.
- With `format=auto`, `original` or `svg` the result stays an SVG if only its size changes. It is sent with a Content-Security-Policy that blocks scripts and
  loading.

## Colours of originals

Results are sRGB unless `profile=` says otherwise. What the numbers of an original mean is read from the file, in this order:

| format | order of precedence |
| --- | --- |
| PNG, APNG, PNG in ICO | `cICP`, `iCCP`, `sRGB`, `gAMA` with `cHRM` (PNG, third edition, §4.3) |
| AVIF | ICC profile, `nclx` of the image (or of the first tile, or of the track), sequence header of AV1 |
| HEIC | ICC profile, `nclx` of the image |
| JPEG XL | the colour encoding of its header: ICC profile, or the code points of `nclx` |
| BMP | ICC profile of a version 5 header |
| all others | ICC profile |

- Code points of `cICP` and `nclx` are those of ITU-T H.273: primaries 1, 4 to 12 and 22, transfers 1, 4 to 8, 11, 13 to 18.
- In PNG, transfers 1, 6, 11, 14 and 15 (BT.709 and equals) are gamma 2.4, which displays have for them (ITU-R BT.1886); in AVIF,
  HEIC and JPEG XL the curve of sRGB.
- `cICP` with other numbers, a matrix, or narrow range is ignored, as are chunks with a wrong checksum, a wrong length or behind the
  pixels. Of `nclx` the part that is unknown or unspecified is taken for that of sRGB.
- `gAMA` alone means sRGB if it is within 5 % of 1/2.2. With `cHRM` it always means what it says; `cHRM` alone is ignored.
- A profile of another colour space than the pixels is ignored, and a broken one counts as missing.
- `profile=keep` writes an ICC profile of the same colours. `/info` names the colours under `profile`; in JPEG XL only those that have code
  points.
- Grey keeps a profile of grey in JPEG, PNG, TIFF and AVIF without alpha, if no operation may give it colours; else it becomes sRGB.
- An ICC profile that names PQ or HLG by its tag `cicp` (ICC.1:2022) is HDR in every format.
- Not read: `ColorSpace` and `InteroperabilityIndex` in EXIF, ICC in GIF, endpoints and gamma in BMP, which browsers ignore too; in TIFF
  `TransferFunction`, `WhitePoint` and `PrimaryChromaticities`, which libvips and ImageMagick do not apply either; in HEIC without `nclx` the
  video description of HEVC, since sRGB is the default there (ISO/IEC 23000-22, §7.3.6.4).

**HDR** (PQ and HLG, ITU-R BT.2100) is tone-mapped to the range of a display, as Chromium does: the reference white operator of SMPTE
ST 2094-50 (annex D), on the light of Rec. 2020.

- 203 cd/m² are white. With the brightest light at 1,000 cd/m² or more, white becomes half of the light of a result, and the rest is for
  what is brighter; with less, white becomes brighter. The strongest of the three components selects the gain, so that hues stay.
- The brightest light is that of `cLLI` (`clli`), else of `mDCV` (`mdcv`), else 1,000 cd/m².
- HLG is shown as on a display of 1,000 cd/m² (system gamma 1.2).
- Results have 8 bits and are never HDR: `profile=keep` writes Rec. 2020, which has all colours of the original.

Linear light, HDR and other transfers far from that of sRGB are converted before pixels are mixed, measured or trimmed. PNG, still AVIF and
HEIC are converted with all their bits, animations and all other formats with 8.

## Metadata

`/resize?url=photo.jpg&width=800&metadata=keep` keeps what tells no place. Without `metadata` nothing is kept.

| metadata of the original | `strip` | `copyright` | `keep` | `all` |
| --- | --- | --- | --- | --- |
| author and copyright (EXIF, XMP `dc:creator` and `dc:rights`, IPTC) | no | as EXIF | yes | yes |
| camera, exposure, dates, titles, captions, keywords, rating, rights, names of people | no | no | yes | yes |
| places: GPS, city, state, country, sublocation, addresses, `dc:coverage`, paths of keywords | no | no | no | yes |
| titles, captions and keywords with coordinates, or with a name of a place that was removed | no | no | no | yes |
| XMP of unknown namespaces, such as those of drones | no | no | no | yes |
| orientation | no | no | upright, if any | upright, if any |
| thumbnails, previews, maker notes, gain maps, depth maps, motion photos | no | no | no | no |
| size, compression and colour space, regions (faces), crop and raw settings, history, file names | no | no | no | no |

- Blocks are rewritten from the properties that are kept. XMP is dropped if it is not well-formed, has a document type, or exceeds 1 MiB or
  20,000 elements. Extended XMP, which JPEG stores in segments of its own, is dropped.
- Free texts are not understood: `keep` keeps a caption that names a place which no other field names.
- EXIF is kept in JPEG, PNG, WebP, AVIF, HEIC and JPEG XL; XMP in these and TIFF. IPTC is read from and kept in JPEG and TIFF only: the other
  formats have no field for it.
- `profile` decides about the colour profile.

## Limits of what is read

- PDF, camera raw and video are read, not written. SVG is written as described above only.
- The size of a PDF page is in real numbers too: a page of 1.5 × 1 points is 600 × 400 at `width=600`, and `/info` has `exact_width` and
  `exact_height`.
- Videos: `time` selects the frame; by default the most representative of six frames is used.
- Ultra HDR JPEG: the base image is used, the gain map is dropped. JPEG with more than 8 bits, with two components, or with its height
  in a DNL segment is refused, as in browsers; lossless JPEG with 8 bits is read.
- TIFF: grey, RGB and CMYK samples of 8, 16 and 32 bits, unsigned, signed (black is the least number) and floating point (0 to 1, or what
  SMinSampleValue and SMaxSampleValue say), with white or black as zero, with alpha, interleaved or in planes. Refused (422): 64 bits, complex
  numbers, palettes and Lab of 16 bits, LogLuv; of 32 bits, signed and half samples also what libvips does not read: associated alpha of
  integers, tiles in planes (of 16 bits those with alpha), half samples in planes, and Zstandard, LZMA, WebP and JPEG compression.
- Bitmaps and icons are shown as in Chromium: any bit fields, run lengths, palettes and headers of Windows and OS/2, cursors. Refused as there:
  a JPEG or PNG within a bitmap, Huffman codes, 64 bits. Alpha counts only where the header has a bit field for it, and in icons.
- JPEG with four components: 255 is no ink, with or without an Adobe marker, as in browsers.
- Images are processed with 8 bits per channel. Originals with more are rounded; in linear light and HDR they are converted to sRGB or Display P3
  before rounding, to other colour spaces after it.

## Damaged and truncated files

- Damage that leaves every pixel decodable is repaired, as in browsers: no end marker, checksums, bytes between segments and after the
  end, missing Huffman tables.
- A file that is *cut off* lacks pixels or frames. One rule holds for all formats, for originals, overlays and masks:

| `PIXMILL_ON_TRUNCATED` | result |
| --- | --- |
| `refuse` (default) | 422 `undecodable_image` |
| `show` | what could be decoded: the rows of a still, the rest transparent; the whole frames of an animation |

  Where nothing can be decoded `show` is a 422, too: a header that is incomplete (in a TIFF it is often at the end), AVIF, HEIC and JPEG XL, and
  TIFFs of deep samples, of which the decoders return all or nothing. So is an animation with damage inside a frame.

- The default is `refuse`, because a file that is cut off is most often one whose upload is still in progress, or failed.
- A shown part is cached, here and by clients, for `PIXMILL_NEGATIVE_TTL_UNDECODABLE_S` (60 s) at most, and never served stale.
- A download that ends before its `Content-Length` is never rendered: it is an error of the origin (502), and tried again.

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
    texts = {name: "\n".join(write()).rstrip() + "\n" for name, write in writers.items()}
    return (
        texts
        | {"architecture.md": _architecture(), "batch.md": _batch_page()}
        | _dialect_pages()
        | reference.pages()
        | migrations.pages()
        | drawings.drawings()
        | {"command-line.md": command_line.page()}
        | {"openapi.md": http_api.page(), "benchmarks.md": benchmarks_page.page()}
        | {"how-to/signing.md": signing.page()}
        | url_client.files()
    )


def main() -> None:
    """Write all pages."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"docs/{name}")
    library_types.FILE.write_text(library_types.text(), encoding="utf-8")
    print("src/pixmill/library/param_types.py")
    option_rows.PATH.write_text(option_rows.write(option_tables()), encoding="utf-8")
    golden.main()
    print("src/pixmill/cli/options.json, tests/cli/golden")


def _parameters() -> Iterable[str]:
    yield PARAMETERS
    for group in Group:
        yield f"## {group}\n"
        if group in INTRODUCTIONS:
            yield INTRODUCTIONS[group]
        rows = (_parameter(param) for param in reference.ALL_PARAMS if param.group is group)
        yield from _table(("name", "meaning", "values", "default", "example"), rows)
        if group is Group.OVERLAY:
            yield from _overlay_options()
    yield OTHER_WORDS
    yield from _table(("parameter", "word", "means"), _other_words())


def _other_words() -> Iterable[tuple[str, str, str]]:
    """List the synonyms of values, those of one meaning in a row."""
    tables = [(_params_with(kind), words) for kind, words in other_words.WORDS_BY_GRAMMAR]
    for names, words in (*tables, *((_code(name), words) for name, words in other_words.WORDS_BY_PARAM.items())):
        for ours in dict.fromkeys(words.values()):
            yield names, ", ".join(_code(word) for word, meaning in words.items() if meaning == ours), _code(ours)


def _params_with(kind: type) -> str:
    return ", ".join(_code(param.name) for param in PARAMS if isinstance(param.grammar, kind))


def _overlay_options() -> Iterable[str]:
    """List the options of overlays, which are no parameters."""
    common = overlay_options.COMMON_OPTIONS
    for heading, options in (
        ("Options of images", _overlay_grammar().image_options),
        ("Options of texts", overlay_options.TEXT_OPTIONS),
        ("Options of both", common),
    ):
        yield f"### {heading}\n"
        rows = (_option(option) for option in options if options is common or option not in common)
        yield from _table(("option", "meaning", "values", "default"), rows)


def _overlay_grammar() -> OverlayGrammar:
    return next(param.grammar for param in PARAMS if isinstance(param.grammar, OverlayGrammar))


def _option(option: overlay_options.OverlayOption) -> tuple[str, ...]:
    return _code(option.name), option.description, option.grammar.expects, _code(option.default)


def _parameter(param: Param) -> tuple[str, ...]:
    names, examples = ", ".join(map(_code, param.names)), " ".join(map(_code, param.examples))
    examples += f" [more]({reference.anchor(param)})"
    return names, param.description, param.grammar.expects, _code(param.default), examples


def _errors() -> Iterable[str]:
    yield ERRORS
    for family in PixmillError.__subclasses__():
        yield f"## {family.title}\n"
        codes = {family.code: family} | error_classes_by_code(family)
        yield from _table(
            ("code", "status", "title", "what to try", "Retry-After"), (_error(*item) for item in codes.items())
        )


def _error(code: str, error: type[PixmillError]) -> tuple[str, ...]:
    retry_after = f"{RETRY_AFTER_S[code]} s" if code in RETRY_AFTER_S else ""
    return _code(code), str(STATUS[code]), f'<a id="{code}"></a>{error.title}', ADVICE[code], retry_after


def _settings() -> Iterable[str]:
    yield SETTINGS.format(secrets=", ".join(map(_code, secret_file_variables(Settings.model_fields))))
    for heading, config in SETTING_GROUPS.items():
        yield f"## {heading}\n"
        rows = (_setting(name, Settings.model_fields[name]) for name in config.model_fields)
        yield from _table(("setting", "meaning", "bounds", "default", "on SIGHUP"), rows)


def _setting(name: str, field: FieldInfo) -> tuple[str, ...]:
    reload = "reloaded" if name in RELOADABLE else "restart"
    return _code(env_name(name)), str(field.description), _bounds(field), _code(setting_default(field)), reload


def _bounds(field: FieldInfo) -> str:
    quantity = quantity_of(field)
    signs = (("ge", "at least"), ("gt", "more than"), ("le", "at most"))
    parts = [
        f"{words} {quantity.format(number) if quantity else f'{number:,.15g}'}"
        for bound in field.metadata
        for sign, words in signs
        if (number := getattr(bound, sign, None)) is not None
    ]
    return ", ".join(parts)


def _formats() -> Iterable[str]:
    yield FORMATS.format(negotiable=" and ".join(_code(form.value) for form in NEGOTIABLE_FORMATS))
    columns = ("format", "MIME type", "transparent", "max side (px)", "decoder", "encoder", "extra", "why")
    yield from _table(columns, map(_format, CODECS))
    yield from _conformance()


def _conformance() -> Iterable[str]:
    """Yield what ``make conformance`` found when it was last run."""
    found = json.loads((FOLDER / "conformance.json").read_text(encoding="utf-8"))
    yield CONFORMANCE
    counts = ("files", "within_2", "within_bound", "neither", "listed")
    rows = ((it["name"], *(str(it[count]) for count in counts)) for it in found["sets"])
    yield from _table(
        ("images", "files", "within 2 codes", "within the bound", "shown by neither", "listed below"), rows
    )
    yield "### Where Pixmill and Chromium differ\n"
    differences = (
        (it["what"], ", ".join(it["formats"]), str(it["files"]), it["reason"]) for it in found["differences"]
    )
    yield from _table(("difference", "images", "files", "reason"), differences)


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


def _dialect_pages() -> dict[str, str]:
    """Return the index of dialects and their pages, with the tables that the code knows."""
    services = services_of(DIALECTS)
    index = _filled("dialects.md", "dialects", _dialects(services))
    names = sorted({service.page for service in services})
    affinity = _filled("how-to/affinity.md", "affinity", _affinity())
    return {"dialects.md": index, "how-to/affinity.md": affinity} | {
        f"dialects/{name}.md": _dialect_page(name) for name in names
    }


def _dialects(services: Iterable[Service]) -> Iterable[str]:
    rows = (
        (f"[{it.title}](dialects/{it.page}.md)", _code(it.name), _code(it.example), _placement(it)) for it in services
    )
    yield from _table(("service", "`dialect`", "URLs like", "needs"), rows)


def _affinity() -> Iterable[str]:
    names_by_pattern: dict[str, list[str]] = {}
    for name, pattern in (*SOURCE_PATTERNS.items(), ("all others", PATH)):
        names_by_pattern.setdefault(pattern, []).append(_code(name) if name in DIALECTS else name)
    yield from _table(
        ("dialect", "expression; its group is the original"),
        ((", ".join(names), _code(pattern)) for pattern, names in names_by_pattern.items()),
    )


def _placement(service: Service) -> str:
    """Say where a dialect can be mounted."""
    prefix = DIALECTS[service.name](MountEntry(service.name), ServerDefaults(allows_unsigned=True)).prefix
    return f"nothing: its paths begin with `{prefix}`" if prefix else "a host or a mount"


def _dialect_page(name: str) -> str:
    """Fill each table of options: ``options`` from OPTIONS, ``options NAME`` from NAME_OPTIONS of the package."""
    module = importlib.import_module(f"pixmill.dialects.{name}.options")
    page = (FOLDER / "dialects" / f"{name}.md").read_text(encoding="utf-8")
    for found in re.findall(r"<!-- options( [a-z]+)? -->", page):
        table = getattr(module, f"{found.strip().upper()}_OPTIONS" if found else "OPTIONS")
        page = _with_section(page, f"options{found}", _options(table))
    return page


def _options(options: Iterable[Option]) -> Iterable[str]:
    rows = (
        (
            ", ".join(map(_code, it.names)),
            it.meaning,
            it.native,
            f"{it.status}: {it.note}" if it.note else it.status.value,
        )
        for it in options
    )
    yield from _table(("option", "meaning", "native", "support"), rows)


def _filled(name: str, section: str, lines: Iterable[str]) -> str:
    return _with_section((FOLDER / name).read_text(encoding="utf-8"), section, lines)


def _with_section(page: str, section: str, lines: Iterable[str]) -> str:
    """Return a hand-written page with the text between two comments replaced."""
    begin, end = f"<!-- {section} -->\n", f"<!-- /{section} -->"
    before, _, rest = page.partition(begin)
    return before + begin + "\n".join(lines) + end + rest.partition(end)[2]


def _batch_page() -> str:
    """Return the page of ``pixmill batch`` with its options and placeholders."""
    page = _filled("batch.md", "placeholders", _placeholders())
    return _with_section(page, "options", _batch_options())


def _placeholders() -> Iterable[str]:
    known = INPUT_PLACEHOLDERS | RESULT_PLACEHOLDERS
    rows = [(_code(f"{{{name}}}"), meaning) for name, meaning in known.items()]
    rows.append(("`{width}`, `{quality}` …", "the value of this parameter, which must be given"))
    yield from _table(("placeholder", "stands for"), rows)


def _batch_options() -> Iterable[str]:
    rows = (
        (
            ", ".join(_code(f"{flag} {row.type}".rstrip()) for flag in row.flags),
            row.help,
            _code(row.default),
            _code(row.env),
        )
        for row in batch_options.ROWS
    )
    yield from _table(("option", "meaning", "default", "variable"), rows)


def _architecture() -> str:
    """Return the hand-written page with its section about layers taken from the contracts in pyproject.toml."""
    return _filled("architecture.md", "layers", _layers())


def _layers() -> Iterable[str]:
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    yield "Written by `make docs` from the contracts in `pyproject.toml`, which `make check` enforces. A module may import modules of the rows"
    yield "below its own. In a row, `|` separates packages that must not import each other, `:` those that may.\n"
    yield from (
        f"- {contract['name']}: {_contract(contract)}" for contract in contracts if contract["type"] != "layers"
    )
    for contract in contracts:
        if contract["type"] == "layers":
            yield f"\n**{contract['name']}** (`{', '.join(contract['containers'])}`):\n"
            yield "```"
            yield from (" ".join(row.split()) for row in contract["layers"])
            yield "```"
    yield ""


def _contract(contract: dict[str, Any]) -> str:
    """Return the rule of a contract that is not about layers as one sentence."""
    if contract["type"] == "forbidden":
        modules, forbidden = contract["source_modules"], contract["forbidden_modules"]
        return f"{_names(modules)} must not import {_names(forbidden)}, directly or indirectly."
    if contract["type"] == "acyclic_siblings":
        return "in no folder do two modules or packages import each other, directly or in a circle."
    return f"{_names(contract['modules'])} must not import each other."


def _names(modules: Iterable[str]) -> str:
    return ", ".join(_code(re.sub(r"^pixmill\.", "", module)) for module in modules)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterable[str]:
    yield _row(columns)
    yield _row("---" for _ in columns)
    yield from map(_row, rows)
    yield ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _code(text: Any) -> str:
    return f"`{text}`" if text else ""


if __name__ == "__main__":
    main()
