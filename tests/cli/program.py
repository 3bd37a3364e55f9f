"""The command line as tests run it: the entry point in this process, where an exception that escapes fails the test."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: bytes
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Done]


def opened(path: Path | bytes) -> Image.Image:
    return Image.open(io.BytesIO(path.read_bytes() if isinstance(path, Path) else path))
