"""Answers ``/info``: the facts of an image from its header and metadata, and visual facts on request.

Decodes pixels only for visual facts.
"""

import msgspec

from pixmill.engine.codecs.decoder import ImageHeader
from pixmill.engine.pixels.facts.describe import find_visual_facts
from pixmill.engine.pixels.facts.file_metadata import read_metadata
from pixmill.engine.pixels.facts.thumbnail import decode_thumbnail, decode_whole
from pixmill.engine.pixels.open_image import open_image
from pixmill.engine.raster.icc import profile_name
from pixmill.media import MEDIA
from pixmill.plan.facts import HEADER_FACTS_ONLY, Facts, FactSelection
from pixmill.plan.limits import Limits


def inspect(source: memoryview, limits: Limits, selection: FactSelection = HEADER_FACTS_ONLY) -> Facts:
    """Return the facts for ``/info``.

    Raises UnsupportedImage, MissingExtra, UndecodableImage, ImageTooLarge.
    """
    decoder = open_image(source, limits)
    facts = read_facts(source, decoder.header, selection)
    if not selection.needs_pixels:
        return facts
    visual_facts = find_visual_facts(
        selection,
        lambda: decode_thumbnail(decoder, limits),
        lambda: decode_whole(open_image(source, limits), limits),  # some decoders decode once
    )
    return msgspec.structs.replace(facts, **visual_facts)


def read_facts(source: memoryview, header: ImageHeader, selection: FactSelection) -> Facts:
    """Return the facts of the header and the requested metadata."""
    displayed_size = header.pending_orientation.oriented_size(header.size)
    return Facts(
        format=header.format,
        width=displayed_size.width,
        height=displayed_size.height,
        frames=header.frame_count,
        alpha=header.alpha,
        orientation=header.orientation,
        colour_space=header.colour_space,
        profile=profile_name(header.profile),
        bytes=len(source),
        exact_width=float(header.exact_size.width) if header.exact_size else None,
        exact_height=float(header.exact_size.height) if header.exact_size else None,
        pages=1 if header.timing or MEDIA[header.format].animation else header.frame_count,
        **read_metadata(source, header, selection),
    )
