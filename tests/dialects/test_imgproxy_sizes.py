"""Sizes of results, compared with imgproxy's arithmetic in doubles, written down here once more from its rules."""

from collections.abc import Mapping
from math import floor
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pixmill.dialects.imgproxy.config import ImgproxyOptions
from pixmill.dialects.imgproxy.dialect import ImgproxyDialect
from pixmill.plan.geometry import resolve_all
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.request import ImageRequest

DIALECT = ImgproxyDialect(ImgproxyOptions(allow_security_options=True))
LIMITS = Limits(max_result_pixels=10**9, max_result_side=65_535)
Values = Mapping[str, Any]


def scaled(length: float, scale: float) -> int:
    """Round half away from zero."""
    return floor(length * scale + 0.5) if length else 0


def min_non_zero(one: int, other: int) -> int:
    return min(one, other) if one and other else one or other


class Arithmetic:
    """The steps of one render: scales, the crop to the size, the canvas, the padding."""

    def __init__(self, source: tuple[int, int], values: Values) -> None:
        self.values = values
        self.source = source[::-1] if values["rot"] % 180 else source
        self.source = (
            min_non_zero(crop_side(self.source[0], values["cw"]), self.source[0]),
            min_non_zero(crop_side(self.source[1], values["ch"]), self.source[1]),
        )
        self._scale()

    def _shrinks(self) -> tuple[float, float]:
        """Return source by box, of both sides as the resizing type says."""
        values, (width, height) = self.values, self.source
        x = width / values["w"] if values["w"] else 1.0
        y = height / values["h"] if values["h"] else 1.0
        kind = values["rt"]
        if kind == "auto":
            wide = width >= height, (values["w"] or width) >= (values["h"] or height)
            kind = "fill" if wide[0] == wide[1] else "fit"
        if (x, y) == (1, 1) or kind == "force":
            return x, y
        if not values["w"] or not values["h"]:
            return (x, x) if values["w"] else (y, y)
        both = max(x, y) if kind == "fit" else min(x, y)
        return both, both

    def _scale(self) -> None:
        values, (width, height) = self.values, self.source
        shrink_x, shrink_y = self._shrinks()
        shrink_x, shrink_y, dpr = shrink_x / values["zx"], shrink_y / values["zy"], values["dpr"]
        if not values["el"]:
            least = min(shrink_x, shrink_y, 1)
            shrink_x, shrink_y = shrink_x / least, shrink_y / least
            dpr = min(dpr if values["ex"] else dpr / least, shrink_x, shrink_y)
        if values["mw"] and width / values["mw"] < shrink_x:
            shrink_y /= shrink_x / (width / values["mw"])
            shrink_x = width / values["mw"]
        if values["mh"] and height / values["mh"] < shrink_y:
            shrink_x /= shrink_y / (height / values["mh"])
            shrink_y = height / values["mh"]
        self.dpr = dpr
        self.scales = 1 / min(shrink_x / dpr, width), 1 / min(shrink_y / dpr, height)

    def size(self) -> tuple[int, int]:
        values = self.values
        width, height = (max(1, scaled(*pair)) for pair in zip(self.source, self.scales, strict=True))
        target = scaled(values["w"], self.dpr * values["zx"]), scaled(values["h"], self.dpr * values["zy"])
        crop = target
        if values["rt"] == "fill-down" and not values["el"] and all(target):
            excess = target[0] / width, target[1] / height
            if excess[0] > max(excess[1], 1):
                crop = width, scaled(width, target[1] / target[0])
            elif excess[1] > max(excess[0], 1):
                crop = scaled(height, target[0] / target[1]), height
        width, height = min_non_zero(width, crop[0]), min_non_zero(height, crop[1])
        if values["ex"]:
            width, height = max(width, target[0]), max(height, target[1])
        elif values["exar"] and all(target):
            if target[1] / height > target[0] / width:
                height = scaled(width, target[1] / target[0])
            elif target[0] / width > target[1] / height:
                width = scaled(height, target[0] / target[1])
        return width + 2 * round(values["pd"] * self.dpr), height + 2 * round(values["pd"] * self.dpr)


def crop_side(side: int, crop: float) -> int:
    return int(crop) if crop >= 1 else max(1, scaled(side, crop)) if crop else 0


def path(values: Values) -> str:
    options = [
        f"rs:{values['rt']}:{values['w']}:{values['h']}:{values['el']:d}:{values['ex']:d}",
        f"exar:{values['exar']:d}/mw:{values['mw']}/mh:{values['mh']}/dpr:{values['dpr']}/rot:{values['rot']}",
        f"z:{values['zx']}:{values['zy']}/c:{values['cw']}:{values['ch']}/pd:{values['pd']}/g:nowe",
    ]
    return "/_/" + "/".join(options) + "/plain/local:///a.png"


def of_dialect(source: tuple[int, int], values: Values) -> tuple[int, int]:
    request = DIALECT.parse(path(values).encode(), b"")
    assert isinstance(request, ImageRequest)
    return resolve_all(Size(*source), request.plan, LIMITS)[-1].output.sides


def optional(strategy: st.SearchStrategy[Any], default: object) -> st.SearchStrategy[Any]:
    return st.just(default) | st.just(default) | strategy


def is_plain(values: Values) -> bool:
    """Whether the box is whole pixels, and a minimum is not combined with what a plan has no rule for."""
    has_minimum = values["mw"] or values["mh"]
    return not has_minimum or (values["rt"] not in ("force", "auto") and (values["dpr"] == 1 or values["el"]))


def is_compact(size: tuple[int, int]) -> bool:
    """Whether no side is so short that half a pixel of it is several of the other one."""
    return max(size) < 4 * min(size)


sides = st.integers(20, 400)
even_sides = sides.map(lambda side: side // 2 * 2)
all_values = (
    st.fixed_dictionaries(
        {
            "rt": st.sampled_from(["fit", "fill", "fill-down", "force", "auto"]),
            "w": st.just(0) | even_sides,
            "h": st.just(0) | even_sides,
            "el": st.booleans(),
            "ex": st.booleans(),
            "exar": st.booleans(),
            "mw": optional(sides, 0),
            "mh": optional(sides, 0),
            "dpr": optional(st.sampled_from([0.5, 2, 3]), 1),
            "rot": st.sampled_from([0, 90, 180]),
            "zx": optional(st.sampled_from([2, 3]), 1),
            "cw": optional(st.sampled_from([0.5, 80]), 0),
            "ch": optional(st.sampled_from([0.5, 90]), 0),
            "pd": optional(st.integers(0, 20), 0),
        }
    )
    .map(lambda values: values | {"zy": values["zx"]})
    .filter(is_plain)
)


@settings(max_examples=150, deadline=None)
@given(st.tuples(sides, sides).filter(is_compact), all_values)
def test_sizes_are_those_of_imgproxy(source: tuple[int, int], values: Values) -> None:
    arithmetic = Arithmetic(source, values)
    assume(is_compact(arithmetic.source) and is_compact(arithmetic.size()))
    expected, found = arithmetic.size(), of_dialect(source, values)
    tolerances = (1 + side // 100 for side in expected)  # the box is rounded before the other side follows from it
    pairs = zip(expected, found, tolerances, strict=True)
    assert all(abs(one - other) <= tolerance for one, other, tolerance in pairs), (expected, found)
