"""One-shot functions: calls to an engine that all of a process shares, from the first call to its end."""

import os
import sys
from threading import Lock
from typing import TYPE_CHECKING, Final

from pixmill.library.engine import Engine, PlaceholderKind
from pixmill.library.result import Result
from pixmill.library.sources import Source
from pixmill.library.targets import Target
from pixmill.runtime.system import available_cores
from pixmill.setting_errors import PREFIX

if TYPE_CHECKING:
    from typing import Unpack

    from pixmill.library.param_types import Info, InfoParams, ResizeParams, SrcsetParams
    from pixmill.library.srcset import Srcset

_MAX_WORKERS: Final = 4
"""Of the shared engine, unless ``PIXMILL_WORKERS`` says more: a script that renders one image starts all of them."""

_lock = Lock()
_engine: Engine | None = None


def resize(source: Source, target: Target | None = None, **params: "Unpack[ResizeParams]") -> Result:
    """Render an image by the shared engine, as ``Engine.resize``.

    >>> import pixmill
    >>> pixmill.resize("photo.jpg", width=400, height=300, fit="cover", format="webp")
    <Result webp, 400 × 300, 16.2 kB>
    >>> pixmill.resize("photo.jpg", "small.avif", width=200).path
    PosixPath('small.avif')
    """
    return shared_engine().resize(source, target, **params)


def info(source: Source, **params: "Unpack[InfoParams]") -> "Info":
    """Return facts about an image by the shared engine, as ``Engine.info``.

    >>> import pixmill
    >>> pixmill.info("photo.jpg")["width"]
    4272
    """
    return shared_engine().info(source, **params)


def placeholder(source: Source, kind: PlaceholderKind = "thumbhash") -> str:
    """Return a placeholder by the shared engine, as ``Engine.placeholder``.

    >>> import pixmill
    >>> pixmill.placeholder("photo.jpg", "color")
    '#87898e'
    """
    return shared_engine().placeholder(source, kind)


def srcset(
    source: Source, target: str | os.PathLike[str], *, url: str = "", **params: "Unpack[SrcsetParams]"
) -> "Srcset":
    """Write the files of a responsive image by the shared engine, as ``Engine.srcset``.

    >>> import pixmill
    >>> photo = pixmill.srcset("photo.jpg", "photo-{width}.{ext}", url="/", widths=[320, 640], formats=["webp", "jpeg"])
    >>> [image.path.name for image in photo.images]
    ['photo-320.webp', 'photo-640.webp', 'photo-320.jpg', 'photo-640.jpg']
    >>> photo.html.splitlines()[0]
    '<picture>'
    """
    return shared_engine().srcset(source, target, url=url, **params)


def shared_engine() -> Engine:
    """Return the engine of the one-shot functions."""
    global _engine  # noqa: PLW0603 - one for the process
    if _engine is None:
        with _lock:
            if _engine is None:
                _engine = Engine(workers=_worker_count())
    return _engine


def _worker_count() -> int | None:
    """Return how many workers it has: one in a process of a pool, which has siblings; None for the environment's."""
    if any(name.upper() == f"{PREFIX}WORKERS" for name in os.environ):
        return None
    return 1 if _is_child() else min(_MAX_WORKERS, available_cores())


def _is_child() -> bool:
    """Return whether this process belongs to a pool of ``multiprocessing``, or of Celery, which has a copy of it."""
    for name in ("multiprocessing", "billiard"):
        process = sys.modules.get(f"{name}.process")
        if process is not None and process.current_process().name != "MainProcess":
            return True
    return False


def _after_fork() -> None:
    """Forget the engine: a forked process decides for itself how many workers it has."""
    global _lock, _engine
    _lock, _engine = Lock(), None


os.register_at_fork(after_in_child=_after_fork)
