"""Names of results: from a file, a folder or a template, and the inputs. Refuses what would be lost.

Knows endings and paths. Must never open an image.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from pixmill.cli.usage import WrongUsage, did_you_mean
from pixmill.library.targets import ENDINGS
from pixmill.media import DESCRIPTION_FORMATS, MEDIA, Format

STANDARD: Final = "-"
"""Standard input or output."""

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_IN_FOLDER: Final = "{stem}.{ext}"
_EXTENSION: Final = "ext"
_NEAR: Final = 0.5
"""Endings are short: ``wpb`` is as far from ``webp`` as this."""

_LATE: Final = "\0"
"""Stands for an ending that is known when the result is there; no name has it."""

_LATE_FORMAT: Final = "\0\0"
"""The same of a format."""


@dataclass(frozen=True, slots=True)
class Job:
    """One input and its result. ``format`` is the parameter; ``name`` lacks the ending while that is not known."""

    source: str
    name: str
    format: str

    def path(self, form: str) -> Path:
        """Return the file of a result in a format."""
        return Path(self.name.replace(_LATE_FORMAT, form).replace(_LATE, MEDIA[Format(form)].extension))

    @property
    def is_late(self) -> bool:
        return _LATE in self.name


@dataclass(slots=True)
class ResultNames:
    """The names that are taken: by inputs, which are kept unless ``may_overwrite``, and by results."""

    sources: Sequence[str]
    may_overwrite: bool = False
    _owners: dict[Path, str] = field(default_factory=dict)
    _inputs: dict[tuple[int, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for source in self.sources:
            if not is_url(source) and source != STANDARD and (identity := _identity(source)):
                self._inputs[identity] = source

    def claim(self, path: Path, source: str) -> None:
        """Reserve the name of a result. Raises WrongUsage if something would be lost."""
        owner = self._owners.setdefault(path, source)
        if owner is not source:
            raise WrongUsage(
                f"{source} and {owner} would both become {str(path).replace(_LATE, '…')}; "
                f"give a template, such as {path.parent}/{{parent}}-{{stem}}.{{ext}}"
            )
        lost = self._inputs.get(_identity(path) or (-1, -1))
        if lost is not None and not self.may_overwrite:
            raise WrongUsage(f"{path} is an input, and would be replaced; give another target, or --overwrite")


def plan_jobs(sources: Sequence[str], target: str, params: Mapping[str, str], names: ResultNames) -> list[Job]:
    """Return what to make of each input. Raises WrongUsage."""
    if len(sources) > 1 and STANDARD in (*sources, target):
        raise WrongUsage("- stands for one image: give one input with it")
    template = _template(target, is_single=len(sources) == 1)
    given = params.get("format", "")
    jobs = [_job(source, template, given, params) for source in sources]
    for job in jobs:
        if job.name != STANDARD:
            names.claim(Path(job.name), job.source)
    if template == target and not names.may_overwrite:
        _keep_a_second_input(sources[0], target)
    return jobs


def is_url(source: str) -> bool:
    return "://" in source or source.startswith("canvas:")


def is_folder(target: str) -> bool:
    return target.endswith("/") or Path(target).is_dir()


def _template(target: str, *, is_single: bool) -> str:
    """Return the target as a template. Raises WrongUsage if it is one file for several inputs."""
    if target == STANDARD or "{" in target:
        return target
    if is_folder(target):
        return f"{target.rstrip('/') or '/'}/{_IN_FOLDER}"
    if is_single:
        return target
    suggestion = "thumbs/" if Path(target).suffix else f"{target}/"
    raise WrongUsage(
        f"several inputs need a folder as the target, and {target} is none; end it with a slash, as {suggestion}, "
        f"or give a template, as {suggestion}{{stem}}.webp"
    )


def _keep_a_second_input(source: str, target: str) -> None:
    """Refuse a target that may be meant as an input: the shell makes two of ``*.jpg`` where there are two files."""
    is_same_kind = Path(target).suffix.lower() == PurePosixPath(_path_of(source)).suffix.lower()
    if is_same_kind and not is_url(source) and source != STANDARD and Path(target).is_file():
        raise WrongUsage(
            f"{target} is there already: to resize both images, name a folder last, as in {source} {target} thumbs/; "
            "to replace it, give --overwrite"
        )


def _job(source: str, template: str, given: str, params: Mapping[str, str]) -> Job:
    if template == STANDARD:
        return Job(source, STANDARD, given or "auto")
    form = ENDINGS.get(given, given) or _format_of(source, template)
    is_known = form in set(Format)
    extension = MEDIA[Format(form)].extension if is_known else _LATE
    named = {**params, "format": form if is_known else _LATE_FORMAT, _EXTENSION: extension}
    return Job(source, _filled(source, template, named), form)


def _format_of(source: str, template: str) -> str:
    """Return the format of a result: that of the ending of its name, else of its input."""
    suffix = PurePosixPath(template).suffix.lower().removeprefix(".")
    if suffix == f"{{{_EXTENSION}}}":
        form = ENDINGS.get(PurePosixPath(_path_of(source)).suffix.lower().removeprefix("."))
        return "auto" if form is None or form in DESCRIPTION_FORMATS else form.value
    if not suffix:
        return "auto"
    if suffix not in ENDINGS:
        raise unknown_ending(template, suffix)
    return ENDINGS[suffix].value


def unknown_ending(name: str, suffix: str) -> WrongUsage:
    """Return the error for a name whose ending is no format."""
    near = did_you_mean(suffix, ENDINGS, _NEAR) or f"; one is {', '.join(ENDINGS)}"
    return WrongUsage(f"{name}: .{suffix} is the ending of no format that is written{near}; or give --format webp")


def mismatch(path: Path, form: str) -> str:
    """Return a warning if the ending of a name says another format than the result has; empty if not."""
    suffix = path.suffix.lower().removeprefix(".")
    named = ENDINGS.get(suffix)
    if not suffix or named == form:
        return ""
    what = f"says {named.value}" if named else f"is that of no format{did_you_mean(suffix, ENDINGS, _NEAR)}"
    return f"{path} is {form}, but its ending {what}"


def _filled(source: str, template: str, values: Mapping[str, str]) -> str:
    path = PurePosixPath(_path_of(source))
    known = {**values, "stem": path.stem or "image", "name": path.name or "image", "parent": path.parent.name}

    def value(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise WrongUsage(
                f"{{{match[1]}}} in {template} is not known; use {{stem}}, {{name}}, {{parent}}, {{ext}}, {{format}} "
                "or a parameter that is given, such as {width}"
            )
        text = known[match[1]].replace("/", "_")
        return "_" if text in {"", ".", ".."} else text

    return _PLACEHOLDER.sub(value, template)


def _path_of(source: str) -> str:
    if source == STANDARD:
        return "image"
    if source.startswith("canvas:"):
        return "canvas"
    if not is_url(source):
        return str(Path(source).absolute())
    try:
        return unquote(urlsplit(source).path)
    except ValueError:  # the engine says what is wrong with it
        return "image"


def _identity(path: str | Path) -> tuple[int, int] | None:
    """Return what tells a file from others, whatever its name; None if there is none."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino
