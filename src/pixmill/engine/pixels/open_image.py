"""Opens an original: recognises its format and checks its header before any pixel is allocated.

Must never decode pixels.
"""

from pixmill.engine.codecs.decoder import Configurable, Decoder, HasPages, ImageHeader
from pixmill.engine.codecs.other_kinds import other_kind
from pixmill.engine.codecs.sniff import sniff
from pixmill.engine.codecs.table import CODECS, can_decode, missing_extra_hint
from pixmill.engine.pixels.error_boundary import decode_errors
from pixmill.engine.raster.frame import MAX_SIDE
from pixmill.errors import ImageTooLarge, InvalidParameter, MissingExtra, UndecodableImage, UnsupportedImage
from pixmill.plan.limits import Limits
from pixmill.plan.ops import DEFAULT_INPUT, Input


def open_image(source: memoryview, limits: Limits, input_options: Input = DEFAULT_INPUT) -> Decoder:
    """Return the decoder of the image or of the requested page, with its header checked.

    Raises UnsupportedImage, MissingExtra, UndecodableImage, ImageTooLarge, and InvalidParameter for a page that does
    not exist.
    """
    kind = sniff(source)
    if kind is None:
        other = other_kind(source)
        raise UnsupportedImage(f"Original is {other}, not an image in a supported format" if other else "")
    if kind in input_options.rejected:
        raise UnsupportedImage(f"Originals in {kind} are not accepted", param="reject")
    if not can_decode(kind):
        install_hint = missing_extra_hint(kind)
        raise (MissingExtra if install_hint else UnsupportedImage)(
            f"This installation cannot read {kind}{install_hint}"
        )
    with decode_errors():
        decoder = CODECS[kind].open(source)
        # The options are compared first: isinstance() with a Protocol takes as long as reading a header.
        if input_options != DEFAULT_INPUT and isinstance(decoder, Configurable):
            decoder = decoder.configured(input_options)
    _check_header(decoder.header, limits)
    return decoder if input_options.page == 1 else _select_page(input_options.page, decoder, limits)


def _select_page(page: int, decoder: Decoder, limits: Limits) -> Decoder:
    frames = decoder.header.frame_count
    if page > frames or not isinstance(decoder, HasPages):
        raise InvalidParameter(
            f"The original has {'only one image' if frames == 1 else f'{frames} pages or frames'}", param="page"
        )
    if decoder.header.timing:
        check_frames(decoder.header, page, limits)  # a frame is decoded from those before it
    with decode_errors():
        page_decoder = decoder.page(page)
    _check_header(page_decoder.header, limits)
    return page_decoder


def check_frames(header: ImageHeader, frames: int, limits: Limits) -> None:
    """Raise ImageTooLarge if an animation has too many frames to decode."""
    if frames * header.size.pixels > limits.max_animation_pixels:
        raise ImageTooLarge(
            f"The frames of the original may have at most {limits.max_animation_pixels} pixels together"
        )


def _check_header(header: ImageHeader, limits: Limits) -> None:
    if header.size.width < 1 or header.size.height < 1:
        raise UndecodableImage(detail=f"{header.size.width} × {header.size.height} pixels")
    if max(header.size.width, header.size.height) > MAX_SIDE:
        raise ImageTooLarge(f"No side of the original may be longer than {MAX_SIDE} pixels")
    if header.size.pixels > limits.max_pixels and not header.is_vector:
        raise ImageTooLarge(f"The original may have at most {limits.max_pixels} pixels")
