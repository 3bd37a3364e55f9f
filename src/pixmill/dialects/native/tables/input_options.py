"""Parameters that select frames or pages of the original, and its orientation."""

from typing import Final

from pixmill.dialects.native.grammars.choice_lists import ChoiceList
from pixmill.dialects.native.grammars.quantities import Timestamp
from pixmill.dialects.native.grammars.scalars import FLAGS, Choice, Integer
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.param_values import ParamValues
from pixmill.media import DESCRIPTION_FORMATS, MEDIA, OUTPUT_FORMATS, Format
from pixmill.plan.ops import DEFAULT_INPUT, MAX_DPI, MAX_PAGE, DecodeScaling, Input

_ORIGINAL_FORMATS: Final = {kind.value: kind for kind in Format if kind not in DESCRIPTION_FORMATS}

_ANIMATED_FORMATS: Final = {kind.value: kind for kind in OUTPUT_FORMATS if MEDIA[kind].animation}

PARAMS = (
    Param(
        "animated",
        Group.SOURCE,
        Choice(FLAGS),
        "Keeps animations animated if the output format supports it (GIF, WebP, APNG, AVIF), with their timing and "
        "number of loops; all operations apply to each frame. Otherwise the result is a still image.",
        ("false",),
        default="true",
        aliases=("anim",),
    ),
    Param(
        "page",
        Group.SOURCE,
        Integer(1, MAX_PAGE),
        "Frame of an animation or page of a document, counted from 1; the result is a still image.",
        ("3",),
        aliases=("frame",),
    ),
    Param(
        "max_frames",
        Group.SOURCE,
        Integer(1, MAX_PAGE),
        "Maximum number of frames of an animation: the first ones. 1 gives a still image.",
        ("20",),
        is_advanced=True,
    ),
    Param(
        "frame_step",
        Group.SOURCE,
        Integer(1, MAX_PAGE),
        "Shows only every N-th frame of an animation, from the first, in the same time: a frame lasts as long as those "
        "that are left out after it.",
        ("2",),
        default="1",
        is_advanced=True,
    ),
    Param(
        "dpi",
        Group.SOURCE,
        Integer(1, MAX_DPI),
        "Resolution of a PDF or SVG, in pixels per inch, where its own size counts. With `width` or `height` it is "
        "rendered at exactly that size in any case.",
        ("150",),
        default=str(DEFAULT_INPUT.dpi),
        unit="dpi",
        is_advanced=True,
    ),
    Param(
        "time",
        Group.SOURCE,
        Timestamp(),
        "Timestamp of the video frame to use, in seconds or with a unit. Default: the most representative of several "
        "frames across the video.",
        ("12.5", "1m30s"),
        aliases=("second",),
        unit="s",
    ),
    Param(
        "orientation",
        Group.SOURCE,
        Choice({"auto": 0, "none": 1} | {str(number): number for number in range(1, 9)}),
        "Orientation of the original: as recorded in it (`auto`), as stored (`none`), or one of the eight of EXIF, "
        "which replaces the recorded one. The rotation of HEIC and JPEG XL is part of the image, and stays.",
        ("none", "6"),
        default="auto",
        is_advanced=True,
    ),
    Param(
        "animated_formats",
        Group.SOURCE,
        ChoiceList(_ANIMATED_FORMATS, len(_ANIMATED_FORMATS)),
        "Only animations in these formats stay ones; others become a still image of their first frame.",
        ("gif", "gif,webp"),
        is_advanced=True,
    ),
    Param(
        "decode_scaling",
        Group.SOURCE,
        Choice({scaling.value: scaling for scaling in DecodeScaling}),
        "How a JPEG or WebP is scaled while it is decoded: as `mode` says (`auto`), not at all (`none`), or a JPEG by "
        "the factors of `sharp`, or of `pillow` if it is not cropped, each to whole pixels as results of sharp and "
        "thumbor show them.",
        ("none", "sharp"),
        default=DecodeScaling.AUTO.value,
        is_advanced=True,
    ),
    Param(
        "reject",
        Group.SOURCE,
        ChoiceList(_ORIGINAL_FORMATS, len(_ORIGINAL_FORMATS)),
        "Answers originals in these formats with 415.",
        ("svg", "svg,pdf"),
        is_advanced=True,
    ),
)

NAMES: Final = frozenset(param.name for param in PARAMS)
"""The parameters of ``input_of``."""


def input_of(values: ParamValues) -> Input:
    """Compile the selection of frames; a page selects a still."""
    return Input(
        animated="page" not in values and values.get("animated", True),
        page=values.get("page", 1),
        dpi=values.get("dpi", DEFAULT_INPUT.dpi),
        time_s=float(values["time"]) if "time" in values else None,
        orientation=values.get("orientation", 0),
        rejected=values.get("reject", ()),
        max_frames=values.get("max_frames", 0),
        frame_step=values.get("frame_step", 1),
        animated_formats=values.get("animated_formats", ()),
        scaling=values.get("decode_scaling", DecodeScaling.AUTO),
    )
