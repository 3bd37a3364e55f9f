"""A result in a program: the encoded image, its format and size. Shows itself in notebooks."""

import os
from base64 import b64encode
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Final

from pixmill.errors import ConflictingParameters
from pixmill.library.targets import Target, format_of, write
from pixmill.media import DESCRIPTION_FORMATS, MEDIA, Format
from pixmill.ports.values import Rendered

_SHOWN_FORMATS: Final = frozenset(
    (Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF, Format.GIF, Format.SVG, Format.BMP, Format.ICO)
)
"""The formats that browsers show."""

_MAX_SHOWN_BYTES: Final = 4 * 2**20
"""A larger image is not put into a notebook, which would keep it for ever."""


@dataclass(frozen=True, slots=True)
class Result:
    """An encoded image. ``width`` and ``height`` are in pixels.

    ``path`` is the file that it was written to, if it was. ``is_truncated``: the original was cut off, and the rest is
    missing.

    >>> import pixmill
    >>> photo = pixmill.resize("photo.jpg", width=120, format="webp")
    >>> photo
    <Result webp, 120 × 80, 2.3 kB>
    >>> photo.content_type, photo.extension
    ('image/webp', 'webp')
    """

    body: bytes = field(repr=False)
    format: str
    width: int
    height: int
    path: Path | None = None
    is_truncated: bool = False

    @classmethod
    def of(cls, rendered: Rendered, path: Path | None = None) -> "Result":
        """Take over what the engine returns."""
        return cls(rendered.body, rendered.format.value, rendered.width, rendered.height, path, rendered.truncated)

    @property
    def content_type(self) -> str:
        """The media type, such as ``image/webp``."""
        return MEDIA[Format(self.format)].mime

    @property
    def extension(self) -> str:
        """The usual ending of a file name, without a dot."""
        return MEDIA[Format(self.format)].extension

    @property
    def text(self) -> str:
        """The body of a result that is text, such as ``format="thumbhash"``."""
        return self.body.decode()

    def save(self, target: Target) -> Path | None:
        """Write to a path, which is replaced at once, or to a file object. Return the path.

        Raises ConflictingParameters if the ending of the path is that of another format, OSError.
        """
        if isinstance(target, str | os.PathLike):
            form = format_of(target)
            if form is not None and form.value != self.format:
                raise ConflictingParameters(
                    f"{Path(target).name} is the name of a {form.value} file, and the result is {self.format}",
                    param="target",
                )
        return write(target, self.body)

    def __len__(self) -> int:
        return len(self.body)

    def __repr__(self) -> str:
        return f"<Result {self._caption()}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Show the image in a notebook, with format, size and bytes below it."""
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def _repr_html_(self) -> str:
        caption = f'<figcaption style="font: 12px sans-serif; opacity: .7">{escape(self._caption())}</figcaption>'
        return f'<figure style="margin: 0">{self._markup()}{caption}</figure>'

    def _markup(self) -> str:
        form = Format(self.format)
        if form in DESCRIPTION_FORMATS:
            return f'<pre style="white-space: pre-wrap; overflow-wrap: anywhere">{escape(self.text)}</pre>'
        if form not in _SHOWN_FORMATS or len(self.body) > _MAX_SHOWN_BYTES:
            return ""
        url = f"data:{self.content_type};base64,{b64encode(self.body).decode()}"
        return f'<img src="{url}" width="{self.width}" height="{self.height}" style="max-width: 100%; height: auto">'

    def _caption(self) -> str:
        return f"{self.format}, {self.width} × {self.height}, {_size(len(self.body))}"


def _size(count: int) -> str:
    """Write a number of bytes for people, in decimal units.

    >>> _size(834), _size(2_300), _size(4_200_000)
    ('834 bytes', '2.3 kB', '4.2 MB')
    """
    if count < 1_000:  # noqa: PLR2004 - a kilobyte
        return f"{count} bytes"
    return f"{count / 1_000:,.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"  # noqa: PLR2004
