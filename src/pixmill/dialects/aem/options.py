"""The parameters of AEM's delivery API as one table: names, meanings, readers. Knows texts and values only."""

from collections.abc import Callable
from typing import Final

from pixmill.dialects.kit.numbers import Integer, Items, Reader, Reading, Words, decimal
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.dialects.kit.plan_values import aspect
from pixmill.media import Format
from pixmill.plan.gravity import Point, Smart
from pixmill.plan.ops import MAX_SIDE, Crop, CropOverflow, CropUnit, CropWindow, Flip

FORMATS: Final = {
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "pjpg": Format.JPEG,
    "bjpg": Format.JPEG,
    "png": Format.PNG,
    "png8": Format.PNG,
    "gif": Format.GIF,
    "webp": Format.WEBP,
    "webpll": Format.WEBP,
    "webply": Format.WEBP,
    "avif": Format.AVIF,
}
_SMART: Final = "smart"
_FLIPS: Final = {
    **dict.fromkeys(("h", "horizontal"), Flip.HORIZONTAL),
    **dict.fromkeys(("v", "vertical"), Flip.VERTICAL),
    **dict.fromkeys(("hv", "vh", "horizontal_and_vertical"), Flip.BOTH),
}
_REGION: Final = 4

Row = OptionRow[Reader[object]]


def _edge(text: str) -> float:
    value = float(decimal(text))
    if not 0 <= value <= MAX_SIDE:
        raise ValueError("out of bounds")
    return value


def _crop(text: str) -> Crop | CropWindow | None:
    """Read ``X,Y,W,H`` in pixels or, each with a ``p``, in percent; or ``W:H``, optionally followed by ``smart``.

    A region without an area is None.
    """
    parts = text.split(",", _REGION)
    if ":" in parts[0]:
        if parts[1:] not in ([], [_SMART]):
            raise ValueError("unknown part")
        return CropWindow(gravity=Smart() if parts[1:] else Point(), aspect=aspect(parts[0]))
    if len(parts) != _REGION:
        raise ValueError("needs four values")
    is_percent = parts[0].endswith("p")
    left, top, width, height = (_edge(part.removesuffix("p") if is_percent else part) for part in parts)
    unit = CropUnit.PERCENT if is_percent else CropUnit.PIXELS
    return Crop(left, top, width, height, unit, CropOverflow.IGNORE) if width and height else None


def _name(text: str) -> str:
    return text


def _row(
    names: str,
    meaning: str,
    native: str,
    read: Reader[object] | Callable[[str], object],
    expects: str = "",
    note: str = "",
    status: Status | None = None,
) -> Row:
    support = status or (Status.DIFFERS if note else Status.SUPPORTED)
    reader: Reader[object] = Reading(read, expects) if expects else read  # type: ignore[assignment]
    return OptionRow(Option(tuple(names.split()), meaning, native, note, support), reader)


_SIDE: Final = Integer(1, MAX_SIDE)
_SWITCH: Final = Words({"true": True, "false": False, "1": True, "0": False}, folds_case=True)

ROWS: Final[tuple[Row, ...]] = (
    _row("rotate r", "`90`, `180` or `270` degrees clockwise.", "`rotate`",
         Words({"0": 0, "90": 90, "180": 180, "270": 270})),
    _row("crop c", "Region `X,Y,W,H` in pixels, or `10p,10p,50p,50p` in percent; one outside the image has no effect. "
         "`16:9` or `16:9,smart`: the largest of this ratio.", "`crop`, `aspect`", _crop,
         "X,Y,W,H in pixels or percent, or a ratio"),
    _row("flip", "`h`, `v` or `hv`.", "`flip`", Words(_FLIPS, folds_case=True)),
    _row("size sz", "`W,H`: as `width` and `height`.", "`width`, `height`", Items(_SIDE, ",", 2, 2)),
    _row("preferwebp", "`true`: WebP for clients that show it.", "`format`", _SWITCH),
    _row("height", "Height in pixels.", "`height`", _SIDE),
    _row("width", "Width in pixels; with both sides the image lies inside.", "`width`", _SIDE),
    _row("quality", "Quality, 1 to 100.", "`quality`", Integer(1, 100),
         note="One scale of perceived quality for all formats."),
    _row("max-quality", "At most this quality.", "`quality`", Integer(1, 100), note="The network has no influence."),
    _row("smartcrop", "The name of a ratio in `smart_crops`, or `16x9`: the largest region of it.",
         "`aspect`, `gravity=smart`", _name, "a name"),
    _row("preset", "The name of parameters in `presets`; those of the URL replace them.", "", _name, "a name"),
    _row("auto-format", "`false`: the format of the URL, also with `smart_imaging`.", "`format`", _SWITCH),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)
