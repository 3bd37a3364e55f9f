"""Writes a plan as parameters of KeyCDN, and of Directus. Must never know whether it means the same."""

from collections.abc import Iterator, Mapping
from typing import Final

from pixmill.dialects.kit.effects import vips_blur_sigma
from pixmill.dialects.kit.writing import (
    FORMAT,
    BoxWords,
    Words,
    anchored,
    colour,
    constant,
    focal_point,
    format_word,
    join_words,
    margins_of,
    number,
    path_of,
    pixel_region,
    solve,
    terms_to_write,
    transposed,
    with_query,
    word,
    write_terms,
)
from pixmill.plan.colour import Colour
from pixmill.plan.effects import LabSharpen
from pixmill.plan.gravity import FocalPixels, Gravity, Interest, Smart
from pixmill.plan.ops import Fit, Flip
from pixmill.plan.output import Metadata
from pixmill.plan.request import ImageRequest
from pixmill.plan.transforms import Extend, Trim

_FITS: Final[Mapping[tuple[Fit, bool], str]] = {
    (fit, enlarges): fit.value for fit in Fit if fit is not Fit.AUTO for enlarges in (True, False)
}
_BOX: Final = BoxWords("width", "height", "fit", _FITS, default="cover", enlarging=("enlarge", "1"))
_FLIPS: Final = {
    Flip.HORIZONTAL: (("flop", "1"),),
    Flip.VERTICAL: (("flip", "1"),),
    Flip.BOTH: (("flip", "1"), ("flop", "1")),
}
_MAX_SIGMA: Final = 250
_LONG_BYTE: Final = 255


def _place(gravity: Gravity) -> list[tuple[str, str]]:
    if gravity == Smart():
        return [("position", "attention")]
    if gravity == Smart(Interest.ENTROPY):
        return [("position", "entropy")]
    if text := anchored(join_words(" ", across_first=True))(gravity):
        return [("position", text)]
    point = focal_point(gravity)
    return [("crop", f"fp,{point[0]},{point[1]}")] if point else []


def _region(crop: object) -> str | None:
    region = pixel_region(crop)
    return f"{region[2]},{region[3]},{region[0]},{region[1]}" if region else None


def _colour(shade: Colour) -> str:
    if shade.alpha == _LONG_BYTE:
        return colour(shade)
    return f"{shade.red},{shade.green},{shade.blue},{shade.alpha / _LONG_BYTE:.6g}"


def _sharpening(sharpening: LabSharpen) -> str | None:
    return number(sharpening.sigma) if sharpening == LabSharpen(sharpening.sigma) else None


def _padding(extend: Extend) -> str | None:
    margins = margins_of(extend)
    return ",".join(map(str, margins)) if margins else None


_WORDS: Final[Words] = {
    "trim": word("trim", lambda trim: str(trim.tolerance) if trim == Trim(trim.tolerance) else None),
    "crop": word("crop", _region),
    "gravity": _place,
    "extend": word("extend", _padding),
    "rotate": word("rotate"),
    "rotate_free": word("rotate", lambda rotation: number(rotation.degrees)),
    "flip": lambda flip: _FLIPS[flip],
    "blur": word("blur", lambda sigma: solve(vips_blur_sigma, sigma, 0, 2 * _MAX_SIGMA)),
    "sharpen_lab": word("sharpen", _sharpening),
    "gamma": word("gamma"),
    "invert": constant(("negate", "1")),
    "normalise": constant(("normalize", "1")),
    "threshold": word("threshold"),
    "tint": word("tint", _colour),
    "grayscale": constant(("grayscale", "1")),
    FORMAT: format_word("format"),
    "quality": word("quality"),
    "progressive": constant(("progressive", "1")),
    "lossless": constant(("lossless", "1")),
    "metadata": lambda metadata: (("metadata", "1"),) if metadata is Metadata.ALL else (),
}


def keycdn_urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of a request in a zone; it turns after the resize."""
    for terms in (transposed(terms_to_write(request.plan)), terms_to_write(request.plan)):
        pairs = [*_BOX.write(terms), *write_terms(terms, _WORDS)]
        if "background" in terms:
            pairs.append(("bg", _colour(terms.background)))
            if terms.fit is not Fit.CONTAIN and "extend" not in terms:
                pairs.append(("removealpha", "1"))
        yield with_query(f"/{path_of(request.source)}", pairs)


_DIRECTUS_BOX: Final = BoxWords(
    "width", "height", "fit", _FITS, default="cover", not_enlarging=("withoutEnlargement", "true")
)


def _focus(gravity: Gravity) -> list[tuple[str, str]]:
    if not isinstance(gravity, FocalPixels) or len(gravity.regions) != 1:
        return []
    return [("focal_point_x", str(gravity.regions[0].left)), ("focal_point_y", str(gravity.regions[0].top))]


_DIRECTUS_WORDS: Final[Words] = {
    "gravity": _focus,
    FORMAT: format_word("format"),
    "quality": word("quality"),
}


def directus_urls(request: ImageRequest) -> Iterator[str]:
    """Yield the URL of an asset: with the format that the client prefers, then as it is."""
    terms = terms_to_write(request.plan)
    pairs = [*_DIRECTUS_BOX.write(terms), *write_terms(terms, _DIRECTUS_WORDS)]
    path = f"/assets/{path_of(request.source)}"
    if FORMAT not in terms:
        yield with_query(path, [*pairs, ("format", "auto")])
    yield with_query(path, pairs)
