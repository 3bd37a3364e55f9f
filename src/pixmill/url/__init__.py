"""Makes URLs of a Pixmill server, signed if there is a key: ``Client(base, key).url("photo.jpg", width=400)``.

Knows nothing else of Pixmill and needs the standard library only: it is also the distribution ``pixmill-url``, whose
package is ``pixmill_url``.
"""

from .client import Client
from .elements import Html
from .errors import (
    ConflictingParameters,
    InvalidParameter,
    InvalidSetting,
    MissingParameter,
    RepeatedParameter,
    UnknownParameter,
    UrlError,
)
from .version import VERSION

__version__ = VERSION

__all__ = [
    "Client",
    "ConflictingParameters",
    "Html",
    "InvalidParameter",
    "InvalidSetting",
    "MissingParameter",
    "RepeatedParameter",
    "UnknownParameter",
    "UrlError",
]
