"""The chroma subsampling of a result whose request leaves it open. Knows names only."""

from pixmill.plan.output import Encoding, Subsampling


def subsampling_of(encoding: Encoding, *, full_chroma: bool = False) -> Subsampling:
    """Return the requested subsampling; without one 4:4:4 if the image needs ``full_chroma``, else 4:2:0."""
    if encoding.subsampling is not Subsampling.AUTO:
        return encoding.subsampling
    return Subsampling.S444 if full_chroma else Subsampling.S420
