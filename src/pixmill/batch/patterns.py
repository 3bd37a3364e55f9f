"""Patterns of originals: ``photos/**/*.jpg``, ``s3://photos/2026/*.{jpg,png}``, a folder, one file, a URL.

Knows the grammar of globs, as shells have it. Must never know a store. ``*`` and ``?`` do not match ``/``; ``**``
matches any number of folders. Names that begin with a dot are matched only by patterns whose own name begins with one.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from pixmill.errors import InvalidParameter
from pixmill.plan.source import OBJECT_STORE_SCHEMES

MEMORY_SCHEME: Final = "memory"
STORE_SCHEMES: Final = (*OBJECT_STORE_SCHEMES, MEMORY_SCHEME)
WEB_SCHEMES: Final = ("http", "https")

MAX_ALTERNATIVES: Final = 1_000
"""Of the braces of one pattern."""

IMAGE_NAMES: Final = (
    "**/*.{jpg,jpeg,jpe,jfif,png,apng,webp,avif,gif,tif,tiff,bmp,ico,svg,svgz,heic,heif,jxl,pdf,"
    "cr2,cr3,nef,arw,dng,orf,rw2,raf}"
)
"""What a folder stands for, in any case of letters."""

_MAX_PLACES: Final = 4_096
"""Folders of listed names whose real paths are remembered."""

_MAGIC: Final = re.compile(r"[*?\[{]")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_BRACES: Final = re.compile(r"(?<!\[)\{([^{}]*,[^{}]*)\}")
_FOLDERS: Final = r"(?:(?!\.)[^/]+/)*"
_NO_DOT: Final = r"(?!\.)"


@dataclass(frozen=True, slots=True)
class Pattern:
    """Where to look and what for.

    ``location`` is the URL of a store (``s3://photos/2026``, an absolute path), or empty for a URL of the web.
    ``glob`` is relative to it; without one ``path`` names a single original. ``ignores_case``: upper and lower case are
    the same.
    """

    location: str
    glob: str = ""
    path: str = ""
    ignores_case: bool = False

    @property
    def text(self) -> str:
        """The same for all spellings."""
        return "/".join(part for part in (self.location.rstrip("/") or self.location, self.glob or self.path) if part)

    def matcher(self) -> re.Pattern[str]:
        """Return the expression that whole paths below ``location`` match."""
        return glob_expression(self.glob, ignores_case=self.ignores_case)


def parse_pattern(text: str, *, is_name: bool = False) -> Pattern:
    """Parse what names originals; ``is_name``: nothing in it is a glob. Raises InvalidParameter."""
    match = _SCHEME.fullmatch(text)
    scheme = match[1].lower() if match else ""
    if scheme in WEB_SCHEMES:
        return Pattern("", path=text)
    if match and scheme in STORE_SCHEMES:
        return _parse_bucket(scheme, match[2], text, is_name=is_name)
    if match and scheme != "file":
        schemes = ", ".join(f"{one}://" for one in (*OBJECT_STORE_SCHEMES, "file", *WEB_SCHEMES))
        raise _invalid(f"{scheme}:// is no location of originals: use a path or {schemes}")
    return _parse_path(unquote(urlsplit(text).path) if match else text, is_name=is_name)


def _parse_bucket(scheme: str, rest: str, text: str, *, is_name: bool) -> Pattern:
    bucket, _, key = rest.partition("/")
    if not bucket or _MAGIC.search(bucket):
        raise _invalid(f"{text}: a bucket must be named before the first slash, without wildcards")
    root = f"{scheme}://{bucket}"
    if is_name or (key and not key.endswith("/") and not _MAGIC.search(key)):
        return Pattern(root, path=key)
    folder, glob = split_glob(key)
    location = "/".join(part for part in (root, folder) if part)
    return Pattern(location, glob) if glob else Pattern(location, IMAGE_NAMES, ignores_case=True)


def _parse_path(text: str, *, is_name: bool) -> Pattern:
    if not text or "\0" in text:
        raise _invalid("An original has no name")
    folder, slash, leaf = text.rpartition("/")
    if is_name and leaf not in {"", ".", ".."} and not text.startswith("~"):  # one of a million, maybe
        location, below = _place_of(folder + slash, os.getcwd())  # noqa: PTH109 - a Path costs more than the rest
        return Pattern(location, path=below + leaf)
    path = Path(text).expanduser()
    if path.is_dir() and not is_name:
        return Pattern(str(path.resolve()), IMAGE_NAMES, ignores_case=True)
    if is_name or path.is_file() or not _MAGIC.search(text):
        return _local_file(path)
    absolute = str(path.absolute())
    folder, glob = split_glob(absolute.lstrip("/"))
    return Pattern(str(Path("/", folder).resolve()), glob)


def _local_file(path: Path) -> Pattern:
    location, below = _place_of(str(path.parent), os.getcwd())  # noqa: PTH109 - as above
    return Pattern(location, path=below + path.name)


@lru_cache(_MAX_PLACES)
def _place_of(folder: str, current: str) -> tuple[str, str]:
    """Return the location of the files of a folder, and the folder there, with a slash at its end.

    The location is the current folder if they are below it, for ``{dir}``; else the root.
    """
    here = Path(current).resolve()
    absolute = Path(here, folder).resolve()
    location = here if absolute.is_relative_to(here) else Path("/")
    return str(location), f"{absolute.relative_to(location)}/".removeprefix("./")


def split_glob(path: str) -> tuple[str, str]:
    """Split at the first segment with a wildcard; both parts without slashes at their ends."""
    segments = path.strip("/").split("/")
    for number, segment in enumerate(segments):
        if _MAGIC.search(segment):
            return "/".join(segments[:number]), "/".join(segments[number:])
    return path.strip("/"), ""


def glob_expression(glob: str, *, ignores_case: bool = False) -> re.Pattern[str]:
    """Compile a glob of whole relative paths. Raises InvalidParameter."""
    alternatives = list(_expand_braces(glob))
    try:
        return re.compile("|".join(map(_translate, alternatives)), re.IGNORECASE if ignores_case else 0)
    except re.error as error:
        raise _invalid(f"{glob} is no pattern: {error}") from error


def _expand_braces(glob: str) -> Iterator[str]:
    """Yield each alternative; braces without a comma are letters."""
    pending, count = [glob], 0
    while pending:
        one = pending.pop(0)
        match = _BRACES.search(one)
        if match is None:
            yield one
            continue
        count += match[1].count(",")
        if count > MAX_ALTERNATIVES:
            raise _invalid(f"A pattern may have at most {MAX_ALTERNATIVES} alternatives in braces")
        pending[:0] = [one[: match.start()] + word + one[match.end() :] for word in match[1].split(",")]


def _translate(glob: str) -> str:
    *folders, name = _without_repeated_stars(glob.split("/"))
    parts = [_FOLDERS if folder == "**" else _translate_segment(folder) + "/" for folder in folders]
    return "(?:" + "".join(parts) + (f"{_FOLDERS}{_NO_DOT}[^/]+" if name == "**" else _translate_segment(name)) + ")"


def _without_repeated_stars(segments: list[str]) -> list[str]:
    """Join ``**/**``, which means the same as one, and would take time that grows with the power of their number."""
    return [one for number, one in enumerate(segments) if one != "**" or segments[number + 1 : number + 2] != ["**"]]


def _translate_segment(segment: str) -> str:
    found, index = [_NO_DOT if segment[:1] in {"*", "?", "["} else ""], 0
    while index < len(segment):
        letter = segment[index]
        index += 1
        if letter == "*":
            if found[-1] != "[^/]*":
                found.append("[^/]*")
        elif letter == "?":
            found.append("[^/]")
        elif letter == "[" and (end := segment.find("]", index + 1 + segment.startswith(("!", "^"), index))) > 0:
            found.append(_translate_class(segment[index:end]))
            index = end + 1
        else:
            found.append(re.escape(letter))
    return "".join(found)


def _translate_class(characters: str) -> str:
    negated = characters[:1] in {"!", "^"}
    escaped = re.sub(r"([\\\[\]&~|^])", r"\\\1", characters[negated:])
    return f"[{'^/' if negated else ''}{escaped}]"


def _invalid(message: str) -> InvalidParameter:
    return InvalidParameter(message, param="inputs")
