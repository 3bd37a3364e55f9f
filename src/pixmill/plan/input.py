"""What of an original is looked at: all the frames of an animation, or one of them."""

from typing import Annotated, Final

from msgspec import Meta, Struct

MAX_PAGE: Final = 65_535
MAX_DPI: Final = 1_200
MAX_TIME_S: Final = 86_400


class Input(Struct, frozen=True):
    """``animated``: an animation stays one, where the result's format can. ``page`` counts from 1; of what stays animated it
    is the first, and all the others follow. ``dpi``: how many pixels an inch has of what is made of shapes, where its own
    size counts. ``second`` of a film, None for a frame that shows much.
    """

    animated: bool = True
    page: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = 1
    dpi: Annotated[int, Meta(ge=1, le=MAX_DPI)] = 96
    time_s: Annotated[float, Meta(ge=0, le=MAX_TIME_S)] | None = None


DEFAULT_INPUT: Final = Input()
