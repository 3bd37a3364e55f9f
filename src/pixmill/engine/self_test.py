"""A picture of 8 × 6 pixels, and what a worker that works can make of it."""

from base64 import b64decode
from typing import Final

from pixmill.media import Format
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.runtime.spool import Spool

_PNG: Final = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAGCAIAAABxZ0isAAAAGklEQVR42mNkYGBQYBDCRCwMWkIMDFgQPSQAqkMFFlQRfk4AAAAASUVORK5CYII="
)
SELF_TEST_PLAN: Final = Plan(resize=Resize(width=4), output=Output(formats=(Format.JPEG,)))
"""Decoding, resampling and encoding, each once."""


def self_test_image() -> Spool:
    """The picture, in a spool that the caller closes."""
    spool = Spool(len(_PNG))
    spool.write(_PNG)
    return spool
