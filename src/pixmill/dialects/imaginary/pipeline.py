"""Plans of imaginary: one operation of a path, or the operations of a pipeline, which is a list in JSON.

A pipeline has at most ten operations, each with parameters of its own; those of the URL have no effect on it. The last
``type`` is that of the result, and the last operation sets the quality.
"""

from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pixmill.dialects.imaginary.operations import OPERATIONS, Operation, add, check
from pixmill.dialects.imaginary.options import AUTO, FORMATS, UNWRITABLE, Params, read_params
from pixmill.dialects.imaginary.responses import UNSUPPORTED_FORMAT
from pixmill.dialects.imaginary.values import Value
from pixmill.dialects.kit.resampling import resampled
from pixmill.dialects.kit.stages import StageSequence
from pixmill.errors import BadRequest, InvalidParameter, MissingParameter
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Input, Output, Plan, ResampleSpace
from pixmill.plan.output import MAX_EFFORT, Encoding, Metadata, Profile, RenderMode

PIPELINE: Final = "pipeline"

_MAX_OPERATIONS: Final = 10
_SHORTEST_JSON: Final = 2
_QUALITY: Final = 75
_BLACK: Final = Colour(0, 0, 0)
_OPERATIONS: Final = {**OPERATIONS, "watermarkImage": OPERATIONS["watermarkimage"]}
del _OPERATIONS["watermarkimage"]


class _Step(Struct, frozen=True, forbid_unknown_fields=True):
    """An operation of a pipeline, as JSON has it."""

    operation: str = ""
    ignore_failure: bool = False
    params: dict[str, msgspec.Raw] | None = None


class _Job(Struct, frozen=True):
    """An operation with its parameters."""

    operation: Operation
    params: Params
    lenient: bool = False


def plan_of(name: str, params: Params, mode: RenderMode, space: ResampleSpace = ResampleSpace.SRGB) -> Plan:
    """Return the plan of an operation by name; its resizing mixes what ``space`` says.

    Raises InvalidParameter, MissingParameter.
    """
    if name == PIPELINE:
        jobs = _read_pipeline(params.operations)
    else:
        _check_type(params.type)
        check(OPERATIONS[name], params)
        jobs = [_Job(OPERATIONS[name], params)]
    stages = StageSequence("operations" if name == PIPELINE else name)
    for job in jobs:
        add(stages, job.operation, job.params, lenient=job.lenient)
    output = _output([job.params for job in jobs if not job.operation.ignores_params], mode)
    if output.formats == (Format.JPEG,):
        stages.put(("flatten",), _BLACK)
    first = jobs[0].params
    is_turned = bool(first.norotation or first.rotate) and not jobs[0].operation.ignores_params
    source = Input(animated=False, orientation=1 if is_turned else 0)
    return resampled(normal_form(replace(stages.plan(), input=source, output=output)), space)


def _check_type(name: str) -> None:
    lower = name.lower()
    if name and name != AUTO and lower not in FORMATS and lower not in UNWRITABLE:
        raise InvalidParameter(UNSUPPORTED_FORMAT, param="type")
    if lower in UNWRITABLE:
        raise InvalidParameter("Unsupported image output type", param="type")


def _read_pipeline(text: str) -> list[_Job]:
    """Read the operations; those that may fail, and do, are left out. Raises InvalidParameter, MissingParameter."""
    steps = _decode(text)
    if not steps:
        raise MissingParameter("Missing or invalid pipeline operations JSON", param="operations")
    if len(steps) > _MAX_OPERATIONS:
        raise InvalidParameter("Maximum allowed pipeline operations exceeded", param="operations")
    jobs = [job for job in map(_job, steps) if job]
    if not jobs:
        raise InvalidParameter("All pipeline operations failed", param="operations")
    return jobs


def _decode(text: str) -> list[_Step]:
    if len(text) < _SHORTEST_JSON:
        return []
    try:
        return msgspec.json.decode(text, type=list[_Step])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        message = 'error while processing parameter "operations", error: not a JSON list of operations'
        raise InvalidParameter(message, param="operations") from None


def _job(step: _Step) -> _Job | None:
    operation = _OPERATIONS.get(step.operation)
    if operation is None:
        raise InvalidParameter(f"Unsupported operation name: {step.operation[:64]}", param="operations")
    params = read_params(_plain_values(step.params or {}))
    try:
        check(operation, params)
        if operation is OPERATIONS["convert"] and params.type.lower() not in FORMATS:
            raise InvalidParameter(f"Invalid image type: {params.type[:64]}", param="type")
    except BadRequest:
        if step.ignore_failure:
            return None
        raise
    return _Job(operation, params, step.ignore_failure)


_NAMES: Final = frozenset(Params.__struct_fields__)


def _plain_values(params: dict[str, msgspec.Raw]) -> dict[str, Value]:
    """Return the values of known parameters; lists and objects are values of the wrong kind."""
    found: dict[str, Value] = {}
    for name, raw in params.items():
        if name not in _NAMES:
            continue
        try:
            found[name] = msgspec.json.decode(raw, type=Value)
        except (msgspec.MsgspecError, RecursionError):
            found[name] = None
    return found


def _output(jobs: list[Params], mode: RenderMode) -> Output:
    last = jobs[-1] if jobs else Params()
    names = [job.type.lower() for job in jobs if job.type]
    form = next((FORMATS[name] for name in reversed(names) if name in FORMATS), None)
    effort = last.speed or (last.compression if form is Format.PNG else 0)
    output = Output(
        quality=min(last.quality, 100) or _QUALITY,
        metadata=Metadata.STRIP if any(job.stripmeta for job in jobs) else Metadata.KEEP,
        profile=Profile.SRGB if any(job.noprofile for job in jobs) else Profile.KEEP,
        encoding=Encoding(
            mode=mode,
            effort=min(effort, MAX_EFFORT) if effort else None,
            progressive=last.interlace,
            colours=256 if last.palette else 0,
        ),
    )
    if form is not None:
        return replace(output, formats=(form,))
    output = replace(output, source_format=True, original_formats=tuple(FORMATS.values()))
    if names == [AUTO]:
        return replace(output, formats=(Format.WEBP,), negotiated=True, ordered=True)
    return output
