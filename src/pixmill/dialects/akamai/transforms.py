"""The transformations as one table: names, meanings, operations. Compiles chains into stages.

Knows calls and plans; must never know a URL.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Final, NamedTuple

from pixmill.dialects.akamai import geometry, images, pixels
from pixmill.dialects.akamai.args import PARAM, Args, refuse
from pixmill.dialects.akamai.chain import Call
from pixmill.dialects.kit.options import Option, OptionRow, Status, options_of
from pixmill.dialects.kit.stages import StageSequence

Apply = Callable[[StageSequence, Args], None]


class Operation(NamedTuple):
    """What a transformation does; None for one that is refused. ``places`` and ``shortcuts`` as of ``Args``."""

    apply: Apply | None
    places: tuple[str, ...] = ()
    shortcuts: Mapping[str, tuple[str, ...]] = geometry.SHORTCUTS


Row = OptionRow[Operation]


def _row(
    names: str,
    meaning: str,
    native: str,
    apply: Apply | None,
    places: tuple[str, ...] = (),
    note: str = "",
    shortcuts: Mapping[str, tuple[str, ...]] = geometry.SHORTCUTS,
) -> Row:
    status = Status.REFUSED if apply is None else Status.DIFFERS if note else Status.SUPPORTED
    return OptionRow(Option(tuple(names.split()), meaning, native, note, status), Operation(apply, places, shortcuts))


def _max_colours(sequence: StageSequence, args: Args) -> None:
    """Checks the number only: see ``max_colours``."""
    del sequence
    args.number("colors", 256, 2, 256)


def _composite(sequence: StageSequence, args: Args) -> None:
    images.composite(sequence, args, partial(compile_image, allowed=args.allowed))


def _append(sequence: StageSequence, args: Args) -> None:
    images.append(sequence, args, partial(compile_image, allowed=args.allowed))


_SIZE: Final = geometry.SIZE
_EDGES: Final = ("north", "east", "south", "west")

ROWS: Final[tuple[Row, ...]] = (
    _row("Resize", "`=(W,H)` or `width`, `height`; `aspect`: `fit` (default), `fill`, `ignore`; `type`: `normal`, "
         "`upsize`, `downsize`.", "`width`, `height`, `fit`, `enlarge`", geometry.resize, _SIZE),
    _row("Scale", "`width` and `height`: factors.", "`width=pct:`, `height=pct:`", geometry.scale, _SIZE),
    _row("Crop", "`size=(W,H)`, `rect=(X,Y,W,H)`, or `width`, `height`, `xPosition`, `yPosition`; `gravity`, "
         "`allowExpansion`.", "`crop`, `canvas`", geometry.crop, _SIZE, shortcuts=geometry.CROP_SHORTCUTS),
    _row("AspectCrop", "`=(W,H)`: a ratio; `xPosition` and `yPosition`: what is kept, 0 to 1; `allowExpansion`.",
         "`crop_aspect`, `canvas`", geometry.aspect_crop, _SIZE),
    _row("RelativeCrop", "`north`, `east`, `south`, `west`: pixels that are taken off, or below 0 added.",
         "`crop=edges:`, `padding`", geometry.relative_crop, _EDGES),
    _row("FaceCrop", "`width`, `height`, `style`: `zoom` (default), `fill`, `crop`; `padding`.", "`gravity=face`",
         geometry.face_crop, _SIZE, "Of all faces. Without a size, a square."),
    _row("FeatureCrop SmartCrop", "`width`, `height`, `style`: `fill` (default), `crop`.", "`gravity=smart`",
         geometry.feature_crop, _SIZE, "By attention; `zoom` is `fill`."),
    _row("RegionOfInterestCrop", "`width`, `height`, `style`, `regionOfInterest`: `(X,Y)`, `(X,Y,RADIUS)`, "
         "`(X,Y,W,H)` or by names.", "`gravity=px:`", geometry.region_of_interest_crop, _SIZE,
         "`zoom` around a point is `fill`."),
    _row("FitAndFill", "`=(W,H)`: inside, on a blurred copy.", "`fit=contain`, `extend=blur`", geometry.fit_and_fill,
         _SIZE, "The blur of the copy is fixed."),
    _row("Trim", "Cuts a border off: `fuzz`, 0 to 1, and `padding`.", "`trim`", geometry.trim, ("fuzz",)),
    _row("Rotate", "`degrees`, clockwise.", "`rotate`", geometry.rotate, ("degrees",)),
    _row("Mirror", "`horizontal`, `vertical`.", "`flip`", geometry.mirror),
    _row("BackgroundColor", "`color` behind transparent parts.", "`flatten`", pixels.background, ("color",)),
    _row("Blur", "`sigma` in pixels, 2 by default.", "`blur`, `blur_space=srgb`", pixels.blur, ("sigma",)),
    _row("UnsharpMask", "`gain`, `sigma`, `threshold`.", "`unsharp`", pixels.unsharp_mask, ("gain",)),
    _row("Contrast", "`contrast` and `brightness`, -1 to 1.", "`contrast`, `brightness`", pixels.contrast,
         ("contrast",)),
    _row("Grayscale", "Grey.", "`grayscale`", pixels.grayscale, ("type",), "Always by luminance."),
    _row("HSL", "`hue` in degrees, `saturation` and `lightness`: factors.", "`hue`, `saturation`, `modulate`",
         pixels.hsl, ("hue", "saturation", "lightness"), "Lighter by the lightness of CIE LCh."),
    _row("HSV", "`hue`, `saturation`, `value`.", "`hue`, `saturation`, `brightness_factor`", pixels.hsv,
         ("hue", "saturation", "value")),
    _row("MonoHue", "`hue`: that of all colours.", "`tint`", pixels.mono_hue, ("hue",),
         "Grey parts take the colour, too."),
    _row("MaxColors", "`colors`: size of the palette.", "`colors`", _max_colours, ("colors",),
         "Without effect on formats without a palette."),
    _row("Opacity", "`opacity`, 0 to 1.", "`opacity`", pixels.opacity, ("opacity",)),
    _row("Composite Watermark", "`image=(url=…)`, `(text=…,size=,fill=,stroke=,strokeSize=,typeface=)`, "
         "`(type=box,width=,height=,color=)` or `(type=circle,diameter=,color=)`; `gravity`, `xPosition`, `yPosition`, "
         "`scale`, `scaleDimension`, `placement`: `over`, `under`, `mask`, `stencil`.", "`overlay`", _composite,
         ("image",), shortcuts=images.COMPOSITE_SHORTCUTS),
    _row("Append", "`image` beside the image: `gravity`, `gravityPriority`.", "`overlay` with `expand`", _append,
         ("image",), "`preserveMinorDimension` is ignored."),
    _row("IfDimension IfOrientation Compound", "Conditions.", "", None, (), "A 400."),
    _row("Goop Shear ChromaKey RemoveColor", "Distortions, and colours that become transparent.", "", None, (),
         "A 400."),
)  # fmt: skip
OPTIONS: Final = options_of(ROWS)
OPERATIONS: Final = {name.lower(): row.read for row in ROWS for name in row.option.names}
"""By name in lower case: names count in any case."""

_OVER_IMAGES: Final = frozenset({"composite", "watermark", "append"})


def compile_chain(calls: tuple[Call, ...], allowed: AbstractSet[str] | None = None) -> StageSequence:
    """Return the stages of a chain; ``allowed``: its names in lower case, None for all. Raises InvalidParameter."""
    sequence = StageSequence(PARAM)
    for call in calls:
        apply_call(sequence, call, allowed)
    return sequence


def compile_image(calls: tuple[Call, ...], allowed: AbstractSet[str] | None = None) -> StageSequence:
    """Return the stages of an image that is placed on another one: no further images. Raises InvalidParameter."""
    names = OPERATIONS.keys() - _OVER_IMAGES
    return compile_chain(calls, names if allowed is None else names & allowed)


def apply_call(sequence: StageSequence, call: Call, allowed: AbstractSet[str] | None = None) -> None:
    """Add a transformation to stages. Raises InvalidParameter."""
    operation = OPERATIONS.get(call.name.lower())
    if operation is None:
        refuse(f"There is no transformation {call.name[:64]}")
    if operation.apply is None:
        refuse(f"{call.name} is not supported here")
    if allowed is not None and call.name.lower() not in allowed:
        refuse(f"{call.name} is not allowed here")
    operation.apply(sequence, Args(call, operation.places, operation.shortcuts, allowed))


def max_colours(calls: tuple[Call, ...]) -> int:
    """Return the size of the palette that the last ``MaxColors`` asks for, 0 without one. Raises InvalidParameter."""
    found = [call for call in calls if call.name.lower() == "maxcolors"]
    return int(Args(found[-1], ("colors",)).number("colors", 256, 2, 256)) if found else 0
