"""Self-test of a worker: an image of 8 × 6 pixels and a plan."""

from base64 import b64decode
from typing import Final

from pixmill.media import Format
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.runtime.spool import Spool

SELF_TEST_IMAGE: Final = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAGCAIAAABxZ0isAAAAGklEQVR42mNkYGBQYBDCRCwMWkIMDFgQPSQAqkMFFlQRfk4AAAAASUVORK5CYII="
)
SELF_TEST_PLAN: Final = Plan(resize=Resize(width=4), output=Output(formats=(Format.JPEG,)))
"""Decodes, resamples and encodes."""


def self_test_image() -> Spool:
    """Return the image, in a spool that the caller closes."""
    spool = Spool(len(SELF_TEST_IMAGE))
    spool.write(SELF_TEST_IMAGE)
    return spool
