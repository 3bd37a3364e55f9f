from pixmill import errors as errors
from pixmill.errors import PixmillError as PixmillError
from pixmill.library.engine import Engine as Engine
from pixmill.library.result import Result as Result
from pixmill.library.shared import info as info
from pixmill.library.shared import placeholder as placeholder
from pixmill.library.shared import resize as resize
from pixmill.library.shared import srcset as srcset

__all__ = ["Engine", "PixmillError", "Result", "__version__", "errors", "info", "placeholder", "resize", "srcset"]
__version__: str
