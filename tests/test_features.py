"""The Pixmill column of the comparison is what the code does: each row that code can check has its evidence here."""

import re
import tomllib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

import pytest

from pixmill.api.app import FIXED_ROUTES
from pixmill.cache.config import CacheConfig
from pixmill.cli.commands import COMMANDS
from pixmill.dialects.native.dialect import NativeDialect, parse
from pixmill.dialects.native.params import PARAMS
from pixmill.engine.codecs.table import CODECS
from pixmill.errors import BadRequest
from pixmill.media import Format
from pixmill.settings import Settings

ROOT: Final = Path(__file__).parents[1]
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

EVIDENCE: Final = """
HTTP and HTTPS | url=https://example.com/a.jpg
directory | url=a/b.jpg setting:images
S3 and compatible | url=s3://bucket/a.jpg
Google Cloud Storage | url=gs://bucket/a.jpg
Azure Blob Storage | url=az://bucket/a.jpg
OpenStack Swift | url=swift://bucket/a.jpg
generated image of one colour | url=canvas:9x9,f00
image in the body of a POST | post:/resize
several buckets with separate credentials | setting:stores
source allowlist | setting:allowed_sources
fallback image | setting:fallback_image
encrypted source URLs | extra:encrypted-urls
inside, cover, fill | fit=inside fit=cover&w=9&h=9 fit=fill&w=9&h=9
contain with a background | fit=contain&w=9&h=9&background=white
outside (cover without cropping) | fit=outside&w=9&h=9
device pixel ratio | w=9&dpr=2
zoom, scale factor | w=9&zoom=2
downscaling forbidden (enlarge only) | w=9&enlarge=true&shrink=false
each side limited to that of the image | w=9&h=9&fit=cover&clamp=sides
rounding of sides as other services do | w=9&rounding=truncate
fit chosen by the orientation of the image | w=9&h=8&fit=auto
device pixel ratio reduced for small images | w=9&dpr=2&dpr_rule=capped
small images left as they are | w=9&h=9&skip_smaller=both
error instead of upscaling | w=9&enlarge=error
minimum sizes | min_width=9 min_height=9
sides relative to the original, one by one | w=pct:50&h=pct:25&fit=fill
aspect ratio | aspect=16:9
box that follows the orientation of the image | w=9&h=8&adaptive=true
choice of resampling kernel | w=9&kernel=mitchell
resampling of sRGB values | w=9&light=gamma
qualities of JPEG | format=jpeg&quality_scale=jpeg
scaling while decoding as by sharp or Pillow | w=9&decode_scaling=sharp
crop to a rectangle in pixels or percent | crop=1,2,3,4 crop=pct:10,10,80,80
crop to a size, placed by gravity | crop=window:9,9&crop_gravity=smart crop_aspect=1:1
crop to an aspect ratio as rounded by thumbor | crop_aspect=4:3&crop_aspect_rule=thumbor
crop by what is taken off the edges | crop=edges:1,2,3,4
gravity by compass direction | w=9&h=9&fit=cover&gravity=north
focal point | w=9&h=9&fit=cover&gravity=fp:0.2,0.3
zoom at a focal point or a face | w=9&h=9&fit=cover&gravity=fp:0.1,0.2,zoom:2 w=9&h=9&fit=cover&gravity=face,close:1
smart crop (subject: sharp and distinct parts, whole) | w=9&h=9&fit=cover&gravity=auto
smart crop (attention) | w=9&h=9&fit=cover&gravity=smart
smart crop (entropy) | w=9&h=9&fit=cover&gravity=smart:entropy
smart crop (faces) | w=9&h=9&fit=cover&gravity=face extra:faces
smart crop (other objects) | w=9&h=9&fit=cover&gravity=cat
trim by another corner, with padding, or in a later stage | trim=10&trim_corner=bottom_right&trim_padding=9 w=9&then=trim%3D10
trim | trim=10
rotation by right angles | rotate=90
rotation by any angle | rotate=7
flip | flip=h
EXIF orientation ignored or replaced | orientation=none orientation=6
padding | padding=9
padding in percent, or inside the box | padding=pct:9 w=99&padding=9&padding_inside=true
canvas independent of the box | canvas=9,9 canvas=9,0&canvas_cut=true canvas=1:1
padding filled with a blurred copy | padding=9&extend=blur
padding filled with the average colour | padding=9&extend=average
padding filled with repeated or mirrored edges | padding=9&extend=edge padding=9&extend=mirror
grayscale | grayscale=true
brightness, saturation | brightness=9 saturation=9
contrast | contrast=9
hue | hue=9
lightness | lightness=9
gamma | gamma=2
offset per channel (red, green, blue) | rgb=9,9,9
levels | levels=9,1.2,200
tone curves | param:curves
normalize or equalize | normalize=true equalize=true
exposure | exposure=1
brightness as a factor | brightness_factor=1.5 modulate=1.2,1,0
vibrance, highlights, shadows, warmth | vibrance=9 highlights=9 shadows=9 warmth=9
channel mixer (colour matrix) | param:color_matrix
local contrast (CLAHE) | clahe=32
invert | invert=true
threshold | threshold=100
sepia | param:sepia
tint | param:tint
monochrome | param:monochrome
duotone | param:duotone
colorize | param:colorize
blur, sharpen | blur=2 sharpen=2
sharpening of L* (libvips) | sharpen_lab=1,1,2
unsharp mask | unsharp=2,1
blur in linear light | blur=2&blur_space=linear blur=2&blur_space=srgb
progressive blur | param:progressive_blur
median | median=1
convolution | param:convolution
dilate, erode | dilate=1 erode=1
dilate, erode bit by bit | dilate=1&morphology=bits
pixelate | pixelate=9
regions blurred | param:blur_areas
regions pixelated | param:pixelate_areas
faces blurred | param:blur_faces extra:faces
red-eye removal | param:red_eye
gradient | param:gradient
vignette | vignette=9
film grain | noise=9
rounded corners | radius=9
shape masks | mask=circle
image masks | param:mask
borders | param:border
colour behind the image in every format | flatten=red
opacity of the image | opacity=40
overlay of an image on the server | overlay=url:logo.png
overlay image named in the URL | overlay=url:https%3A//example.com/a.png
image grows by its overlays | overlay=url:a.png,x:-20,expand:true
overlays processed on their own | overlay=url:a.png,then:blur=2
several overlays | overlay=url:a.png;url:b.png
text | overlay=text:Hello
processing in several stages | then=rotate=9
quality for a size limit in bytes | f=jpeg&max_bytes=9000
quality by measured loss | f=jpeg&quality=auto f=webp&quality=auto f=avif&quality=auto
format by Accept | setting:auto_formats
chroma subsampling | f=jpeg&subsampling=444
encoder effort | f=webp&effort=1
lossless | f=webp&lossless=true
near-lossless WebP | f=webp&near_lossless=60
palettes and dithering | f=png&colors=16&dither=1
10 and 12 bits per channel (AVIF) | f=avif&depth=10 f=avif&depth=12
progressive, interlaced | f=jpeg&progressive=true
metadata stripped or kept | metadata=strip metadata=all
copyright metadata only | metadata=copyright
all metadata except location | metadata=keep
Display P3 | profile=p3
Adobe RGB, Rec. 2020, ProPhoto | profile=adobe profile=rec2020 profile=prophoto
CMYK | profile=cmyk
download file name | filename=a.jpg
fallback image | param:fallback
client hints | setting:client_hints
originals of some formats, or animations, passed through | passthrough=animation passthrough=svg
format of the original kept only if it is one of some | format=original&original_formats=jpeg,png
only animations of some formats stay animated | animated_formats=gif
originals of some formats rejected | reject=svg
original passed through byte for byte | f=original
still of a chosen frame | page=2
limit on frames and total pixels | setting:max_frames setting:max_animation_pixels
limit on duration | setting:max_animation_s
presets | setting:presets
presets-only mode | setting:presets_only
srcset or `<picture>` as a response | route:/srcset
srcset rendered in advance | setting:srcset_warm
size and format as JSON | route:/info
EXIF | include:exif
IPTC, XMP | include:iptc include:xmp
location only on request | include:gps
file hash | include:hash
average colour | include:average
palette | include:palette
BlurHash | include:blurhash f=blurhash
ThumbHash | include:thumbhash f=thumbhash
perceptual hash | include:phash
tiny image as a data URI | include:lqip f=lqip
cache of originals | setting:originals_cache
results in memory | tier:memory://
results on disk | tier:file:///a
results in an object store | tier:s3://bucket/a
several tiers | tier:memory://,file:///a
size limit in bytes | tier:memory://?max_bytes=1MiB
stale-while-revalidate | setting:cache_stale_while_revalidate_s
purge by request | route:/admin/purge command:purge
signed URLs | setting:keys param:sig
several keys | setting:keys
URLs that expire | expires=4000000000
refuses to start as an open proxy by accident | setting:unsigned
private networks refused | setting:allowed_networks
memory limit per worker | setting:worker_memory_bytes
stuck renders are killed | setting:deadline_s
limit on bytes of originals | setting:max_source_bytes
limit on pixels of originals | setting:max_pixels
limit on pixels of results | setting:max_result_pixels
bounded queue | setting:queue
rate limit per client | setting:rate_limit
Prometheus metrics | route:/metrics
StatsD, Datadog, New Relic or CloudWatch | setting:otlp_metrics
OpenTelemetry | extra:otel
error reporting (Sentry and similar) | extra:sentry
structured logs | setting:log_format
timings in a response header | setting:server_timing
health check | route:/health
separate readiness and liveness | route:/health/ready route:/health/live
installation check | command:doctor
page to try it in a browser | setting:playground file:src/pixmill/api/playground/static/index.html
OpenAPI document | route:/openapi.json
container image | file:deploy/Dockerfile
Helm chart | file:deploy/helm/pixmill/Chart.yaml
command line for many files, in folders and buckets | command:batch
command line for single images | command:resize
usable as a library | file:src/pixmill/library/engine.py file:docs/library.md
client hints | setting:client_hints
focal regions | w=9&h=9&fit=cover&gravity=fr:0.1,0.2,0.3,0.4
focal regions with weights | w=9&h=9&fit=cover&gravity=fr:0,0,0.2,0.2,3
overlays processed separately | overlay=url:a.png,width:9,fit:cover,rotate:9
tiled overlays | overlay=url:a.png,repeat:both
overlay opacity | overlay=url:a.png,opacity:80
blend modes | overlay=url:a.png,blend:multiply
rotated overlays | overlay=url:a.png,rotate:9
overlay shadows | overlay=url:a.png,shadow:black
text: outline | overlay=text:a,outline:black
text: background box | overlay=text:a,background:black
text: wrapped lines | overlay=text:a,width:9
text: markup | overlay=text:a,markup:true
video: most representative frame | extra:video
SVG output, sanitised | f=svg
SVG minified | param:minify
animation: maximum number of frames | f=gif&max_frames=3
animation: delays, loop count | f=gif&frame_delay=50&loop=2
animation: every N-th frame, speed, backwards | f=gif&frame_step=2 f=gif&speed=2 f=gif&reverse=true
animation as MP4 | f=mp4
JPEG trellis, deringing, scans, quantization tables | f=jpeg&trellis=true f=jpeg&deringing=true f=jpeg&optimize_scans=true f=jpeg&quant_table=1
16 bits per channel | f=png&depth=16
ICC profile kept or sRGB | profile=keep profile=srgb
GIF and WebP through every operation | f=gif&animated=true f=webp&animated=true
APNG | f=png&animated=true
AVIF sequences | f=avif&animated=true
pages stacked into one image | param:pages
freshness from the origin's headers | setting:cache_min_ttl_s setting:cache_max_ttl_s
decoding in separate processes | setting:workers
loopback and link-local addresses refused | setting:allowed_networks
restricting what URLs may request | setting:presets_only
palette size for a size limit in bytes | f=png&max_bytes=9000
plugins | setting:plugins
"""
"""Per row what must exist: a query that parses, or kind:name. In a row that says no it must not."""

FORMATS: Final = {
    "AVIF": (Format.AVIF,),
    "BMP": (Format.BMP,),
    "BMP, ICO": (Format.BMP, Format.ICO),
    "HEIC": (Format.HEIC,),
    "ICO": (Format.ICO,),
    "JPEG XL": (Format.JXL,),
    "JPEG, PNG, WebP, GIF": (Format.JPEG, Format.PNG, Format.WEBP, Format.GIF),
    "PDF": (Format.PDF,),
    "SVG, rasterised": (Format.SVG,),
    "TIFF": (Format.TIFF,),
    "camera raw files": (Format.RAW,),
    "video: frame at a time": (Format.VIDEO,),
}

UNCHECKED: Final = 20
"""The number of rows that nothing here checks; it only falls."""


def _column() -> list[tuple[str, str, str]]:
    """Section, row and Pixmill's cell of each row of the page."""
    rows, section = [], ""
    for line in (ROOT / "docs" / "features.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif section and (found := re.match(r"\| ([^|]+?) \| ([^|]+?) \|", line)) and found[1] != "---":
            rows.append((section, found[1], found[2]))
    return rows


ROWS: Final = _column()
PROOFS: Final = {
    row: needs.split() for row, _, needs in (each.partition(" | ") for each in EVIDENCE.strip().splitlines())
}
METHODS: Final[dict[str, Collection[str]]] = {route.path: route.methods or () for route in FIXED_ROUTES} | {
    route.template: route.methods for route in NativeDialect.routes
}
CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    "setting": lambda name: name in Settings.model_fields,
    "param": lambda name: any(name in param.names for param in PARAMS),
    "route": lambda path: path in METHODS,
    "post": lambda path: "POST" in METHODS[path],
    "include": lambda name: _parses("/info", f"include={name}"),
    "tier": lambda url: bool(CacheConfig(cache=url)),
    "command": lambda name: name in COMMANDS,
    "package": lambda name: any(package.startswith(name) for package in PROJECT["dependencies"]),
    "extra": lambda name: name in PROJECT["optional-dependencies"],
    "file": lambda path: (ROOT / path).is_file(),
}


def _exists(need: str) -> bool:
    kind, _, name = need.partition(":")
    return CHECKS[kind](name) if kind in CHECKS else _parses("/resize", need)


def _parses(path: str, query: str) -> bool:
    source = "" if query.startswith("url=") else "url=a.jpg&"
    try:
        parse(path.encode(), f"{source}{query}".encode())
    except BadRequest:
        return False
    return True


def test_every_row_with_evidence_is_on_the_page() -> None:
    assert set(PROOFS) <= {row for _, row, _ in ROWS}


@pytest.mark.parametrize(("row", "cell"), [(row, cell) for _, row, cell in ROWS if row in PROOFS])
def test_a_row_says_yes_where_the_code_has_it_and_no_where_it_has_not(row: str, cell: str) -> None:
    assert {need: _exists(need) for need in PROOFS[row]} == dict.fromkeys(PROOFS[row], cell != "no")


@pytest.mark.parametrize(
    ("section", "row", "cell"), [each for each in ROWS if each[0].startswith("Formats") and each[1] in FORMATS]
)
def test_formats_are_those_of_the_codec_table(section: str, row: str, cell: str) -> None:
    for form in FORMATS[row]:
        codec = CODECS[form]
        if section == "Formats out" and codec.encode is None:
            assert cell == "no"
        else:
            assert cell == ("extra" if codec.extra else "yes")


def test_few_rows_are_left_to_the_reader() -> None:
    unchecked = [
        row for section, row, _ in ROWS if row not in PROOFS and not (section.startswith("Formats") and row in FORMATS)
    ]
    assert len(unchecked) == UNCHECKED, unchecked
