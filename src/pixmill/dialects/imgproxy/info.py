"""The endpoint ``/info`` of the paid edition: its options, and facts in the form of its JSON.

Knows names of options and of facts; must never know how a fact is determined.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from pixmill.dialects.imgproxy import values
from pixmill.dialects.imgproxy.config import OptionSegment, PresetPipelines, split_options, split_preset_list
from pixmill.dialects.imgproxy.options import CROP_GRAVITIES, read_anchor
from pixmill.dialects.imgproxy.state import DEFAULT_POLICY, Policy
from pixmill.dialects.imgproxy.values import Arguments
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.errors import Forbidden, InvalidParameter, UnknownParameter
from pixmill.plan.facts import MAX_PALETTE_COLOURS, Fact, FactSelection

_MAX_PALETTE: Final = 256
_MAX_COMPONENTS: Final = 9
_MAX_APPLICATIONS: Final = 1_024
_PRESET_NAMES: Final = ("preset", "pr")
_HASHES: Final = ("md5", "sha1", "sha256", "sha512")


@dataclass(slots=True)
class InfoState:
    """Which facts the URL asks for."""

    policy: Policy = DEFAULT_POLICY
    size: bool = True
    format: bool = True
    dimensions: bool = True
    exif: bool = True
    iptc: bool = True
    xmp: bool = True
    colour_space: bool = False
    pages_number: bool = False
    alpha: bool = False
    palette: int = 0
    average: bool = False
    blurhash: bool = False
    perceptual_hash: bool = False
    thumb_hash: bool = False
    sha256: bool = False
    cachebuster: str = ""
    expires: int = 0
    flags: dict[str, bool] = field(default_factory=dict)


Apply = Callable[[InfoState, Arguments], None]


def _unsupported(state: InfoState, name: str) -> None:
    if not state.policy.ignores_unsupported:
        raise InvalidParameter(f"{name} is not supported", param=name)


def _flag(name: str, attribute: str, most: int = 1) -> Apply:
    def apply(state: InfoState, args: Arguments) -> None:
        values.check_count(name, args, most)
        setattr(state, attribute, values.flag(name, args[0]))

    return apply


def _rejected_flag(name: str) -> Apply:
    def apply(state: InfoState, args: Arguments) -> None:
        if values.flag(name, args[0]):
            _unsupported(state, name)

    return apply


def _ignored(name: str, most: int) -> Apply:
    def apply(state: InfoState, args: Arguments) -> None:
        del state
        values.check_count(name, args, most)

    return apply


def _palette(state: InfoState, args: Arguments) -> None:
    values.check_count("palette", args, 1)
    state.palette = values.natural("palette", args[0])
    if state.palette == 1 or state.palette > _MAX_PALETTE:
        raise values.invalid("palette", f"0, or an integer from 2 to {_MAX_PALETTE}")


def _blurhash(state: InfoState, args: Arguments) -> None:
    values.check_count("blurhash", args, 2)
    components = [values.natural("blurhash", text) for text in args]
    if max(components) > _MAX_COMPONENTS:
        raise values.invalid("blurhash", f"two integers from 0 to {_MAX_COMPONENTS}")
    state.blurhash = min(components) > 0


def _crop(state: InfoState, args: Arguments) -> None:
    sides = [values.number_from_0("crop", text) for text in args[:2]]
    if len(args) > 2:  # noqa: PLR2004 - width and height come first
        read_anchor("crop", args[2:], CROP_GRAVITIES)
    if any(sides):
        _unsupported(state, "crop")


def _hashsums(state: InfoState, args: Arguments) -> None:
    for text in args:
        if text not in _HASHES:
            raise values.invalid("calc_hashsums", f"of {', '.join(_HASHES)}")
        if text != "sha256":
            _unsupported(state, f"calc_hashsums {text}")
    state.sha256 = "sha256" in args


def _hashsum(state: InfoState, args: Arguments) -> None:
    if args[0] != "none":
        _unsupported(state, "hashsum")


def _cachebuster(state: InfoState, args: Arguments) -> None:
    values.check_count("cachebuster", args, 1)
    state.cachebuster = args[0]


def _expires(state: InfoState, args: Arguments) -> None:
    values.check_count("expires", args, 1)
    state.expires = max(values.whole("expires", args[0]), 0)


def _limit(name: str) -> Apply:
    def apply(state: InfoState, args: Arguments) -> None:
        if not state.policy.allows_security_options:
            raise Forbidden(f"{name}: options that change limits are not allowed", param=name)
        values.check_count(name, args, 1)
        values.number_from_0(name, args[0])

    return apply


def _preset(state: InfoState, args: Arguments) -> None:
    """Never called: the parser knows the presets."""
    raise NotImplementedError


def _row(
    names: str, meaning: str, native: str, apply: Apply, status: Status = Status.SUPPORTED, note: str = ""
) -> OptionRow[Apply]:
    return OptionRow(Option(tuple(names.split()), meaning, native, note, status), apply)


ROWS: Final[tuple[OptionRow[Apply], ...]] = (
    _row("size s", "Bytes of the original; on", "", _flag("size", "size")),
    _row("format f", "Format; on", "", _flag("format", "format")),
    _row("dimensions d", "Width and height, as displayed; on", "", _flag("dimensions", "dimensions")),
    _row(
        "exif",
        "EXIF; on",
        "`include=exif`",
        _flag("exif", "exif", 2),
        Status.DIFFERS,
        "Names and values as EXIF has them.",
    ),
    _row(
        "iptc",
        "IPTC; on",
        "`include=iptc`",
        _flag("iptc", "iptc"),
        Status.DIFFERS,
        "Names as Pixmill writes them; no Photoshop data.",
    ),
    _row("xmp", "XMP", "", _flag("xmp", "xmp"), Status.IGNORED),
    _row("video_meta vm", "Facts about a video", "", _ignored("video_meta", 1), Status.IGNORED),
    _row(
        "detect_objects do",
        "Objects in the image",
        "",
        _rejected_flag("detect_objects"),
        Status.REFUSED,
        "Refused unless false.",
    ),
    _row(
        "classify cl", "Classes of the image", "", _rejected_flag("classify"), Status.REFUSED, "Refused unless false."
    ),
    _row(
        "colorspace cs",
        "Colour space",
        "",
        _flag("colorspace", "colour_space"),
        Status.DIFFERS,
        "Names as Pixmill writes them.",
    ),
    _row("bands b", "Number of channels", "", _ignored("bands", 1), Status.IGNORED),
    _row("sample_format sf", "Type of the samples", "", _ignored("sample_format", 1), Status.IGNORED),
    _row("pages_number pn", "Number of pages or frames", "", _flag("pages_number", "pages_number")),
    _row(
        "alpha a",
        "Whether there is transparency",
        "",
        _flag("alpha", "alpha", 2),
        Status.DIFFERS,
        "The channel, not the pixels, decides.",
    ),
    _row("crop c", "Coordinates of a crop", "", _crop, Status.REFUSED, "Refused unless 0."),
    _row("objects_position", "Where objects lie", "", _ignored("objects_position", 3), Status.IGNORED),
    _row(
        "palette p",
        "Number of colours",
        "`include=palette:N`",
        _palette,
        Status.DIFFERS,
        f"At most {MAX_PALETTE_COLOURS} colours.",
    ),
    _row("average avg", "Average colour", "`include=average`", _flag("average", "average", 2)),
    _row(
        "dominant_colors dc",
        "Six colours",
        "",
        _rejected_flag("dominant_colors"),
        Status.REFUSED,
        "Refused unless false.",
    ),
    _row(
        "blurhash bh",
        "Components",
        "`include=blurhash`",
        _blurhash,
        Status.DIFFERS,
        "The number of components follows from the shape.",
    ),
    _row("thumb_hash th", "ThumbHash", "`include=thumbhash`", _flag("thumb_hash", "thumb_hash")),
    _row("perceptual_hash phash ph", "Perceptual hash", "`include=phash`", _flag("perceptual_hash", "perceptual_hash")),
    _row("calc_hashsums chs", "Hashes of the file", "`include=hash`", _hashsums, Status.DIFFERS, "SHA-256 only."),
    _row("page pg", "Page", "", _ignored("page", 1), Status.IGNORED),
    _row(
        "video_thumbnail_second vts", "Position in a video", "", _ignored("video_thumbnail_second", 1), Status.IGNORED
    ),
    _row(
        "video_thumbnail_keyframes vtk", "Only key frames", "", _ignored("video_thumbnail_keyframes", 1), Status.IGNORED
    ),
    _row("cachebuster cb", "Any text", "`v`", _cachebuster),
    _row("expires exp", "Unix time after which the URL is invalid", "`expires`", _expires),
    _row("preset pr", "Names of information presets", "", _preset),
    _row("hashsum hs", "Hash of the original", "", _hashsum, Status.REFUSED, "Refused unless `none`."),
    _row("max_src_resolution msr", "Megapixels", "", _limit("max_src_resolution"), Status.IGNORED),
    _row("max_src_file_size msfs", "Bytes", "", _limit("max_src_file_size"), Status.IGNORED),
)

OPTIONS: Final = options_of(ROWS)
APPLY: Final[Mapping[str, Apply]] = {name: row.read for name, row in by_name(ROWS).items()}


@dataclass(frozen=True, slots=True)
class InfoConfig:
    """The server's settings for information."""

    policy: Policy
    presets: Mapping[str, PresetPipelines]
    allowed: frozenset[str]

    @classmethod
    def parse(
        cls, policy: Policy, presets: str, separator: str, arguments_separator: str, allowed: str
    ) -> "InfoConfig":
        """Parse the settings. Raises ValueError."""
        try:
            texts = split_preset_list(presets, separator)
            parsed = {name: split_options(text, arguments_separator) for name, text in texts.items()}
        except ValueError as error:
            raise ValueError(f"options.info_presets: {error}") from error
        names = frozenset(filter(None, (name.strip() for name in allowed.split(","))))
        for name in (*names, *(one for pipelines in parsed.values() for part in pipelines for one, _ in part)):
            if name not in APPLY:
                raise ValueError(f"options: there is no information option {name[:32]!r}")
        return cls(policy, parsed, names)


class InfoApplier:
    """Applies the options of one URL."""

    def __init__(self, config: InfoConfig) -> None:
        self._config = config
        self._count = 0
        self.state = InfoState(policy=config.policy)
        if "default" in config.presets:
            self.apply_presets(("default",))

    def apply(self, segments: Iterable[OptionSegment]) -> None:
        """Apply options. Raises BadRequest and Forbidden."""
        for name, args in segments:
            if self._config.allowed and name in APPLY and name not in self._config.allowed:
                raise InvalidParameter(f"The option {name} is not allowed", param=name)
            self._apply_one(name, args, ())

    def apply_presets(self, names: Iterable[str], used: tuple[str, ...] = ()) -> None:
        """Apply presets by name. Raises BadRequest."""
        for name in names:
            if name not in self._config.presets:
                raise InvalidParameter(f"There is no preset {name[:64]}", param="preset")
            if name not in used:
                for segments in self._config.presets[name]:
                    for option, args in segments:
                        self._apply_one(option, args, (*used, name))

    def _apply_one(self, name: str, args: Arguments, used: tuple[str, ...]) -> None:
        self._count += 1
        if self._count > _MAX_APPLICATIONS:
            raise InvalidParameter("The presets have too many options", param="preset")
        if name in _PRESET_NAMES:
            self.apply_presets(args, used)
        elif name in APPLY:
            APPLY[name](self.state, args)
        else:
            raise UnknownParameter(f"There is no option {name[:64]}", param=name[:64])


def fact_selection(state: InfoState) -> FactSelection:
    """Return the facts that have to be determined."""
    wanted = {
        Fact.HASH: state.sha256,
        Fact.EXIF: state.exif,
        Fact.IPTC: state.iptc,
        Fact.AVERAGE: state.average,
        Fact.PALETTE: state.palette > 0,
        Fact.BLURHASH: state.blurhash,
        Fact.THUMBHASH: state.thumb_hash,
        Fact.PHASH: state.perceptual_hash,
    }
    include = tuple(fact for fact in Fact if wanted.get(fact))
    if not state.palette:
        return FactSelection(include)
    return FactSelection(include, palette_colours=min(state.palette, MAX_PALETTE_COLOURS))


def info_json(state: InfoState, facts: Mapping[str, object]) -> str:
    """Return the answer: each part that is asked for and known, by imgproxy's names."""
    parts = {
        "format": state.format and facts["format"],
        "width": state.dimensions and facts["width"],
        "height": state.dimensions and facts["height"],
        "orientation": state.dimensions and facts["orientation"],
        "size": state.size and facts["bytes"],
        "exif": state.exif and facts.get("exif"),
        "iptc": state.iptc and facts.get("iptc"),
        "colorspace": state.colour_space and facts["colour_space"],
        "pages_number": state.pages_number and _pages(facts),
        "alpha": state.alpha and {"alpha": facts["alpha"]},
        "palette": state.palette and _palette_colours(facts),
        "average": state.average and _rgba(facts.get("average")),
        "blurhash": state.blurhash and facts.get("blurhash"),
        "thumb_hash": state.thumb_hash and facts.get("thumbhash"),
        "perceptual_hash": state.perceptual_hash and facts.get("phash"),
        "hashsums": state.sha256 and {"sha256": facts.get("hash")},
    }
    body = {name: value for name, value in parts.items() if value not in (False, None, 0)}
    return msgspec.json.encode(body).decode()


def _pages(facts: Mapping[str, object]) -> object:
    frames, pages = facts["frames"], facts.get("pages", 1)
    return max(int(str(frames)), int(str(pages)))


def _palette_colours(facts: Mapping[str, object]) -> list[dict[str, int]]:
    swatches = facts.get("palette")
    if not isinstance(swatches, list | tuple):
        return []
    return [colour for swatch in swatches if (colour := _rgba(swatch["colour"])) is not None]


def _rgba(text: object) -> dict[str, int] | None:
    if not isinstance(text, str):
        return None
    digits = text.removeprefix("#")
    red, green, blue = (int(digits[start : start + 2], 16) for start in (0, 2, 4))
    return {"R": red, "G": green, "B": blue, "A": 255}
