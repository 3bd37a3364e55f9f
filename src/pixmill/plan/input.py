"""What of an original is looked at: all the frames of an animation, or one of them."""

from typing import Annotated, Final

from msgspec import Meta, Struct

MAX_PAGE: Final = 65_535


class Input(Struct, frozen=True):
    """``animated``: an animation stays one, where the result's format can. ``page`` counts from 1; of what stays animated it
    is the first, and all the others follow.
    """

    animated: bool = True
    page: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = 1


EVERYTHING: Final = Input()
