"""Resizes the inputs of a command with all workers, and says of each what became of it."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pixmill.cli.error_messages import fail, option_sentence, print_failure
from pixmill.cli.files import open_source, write_standard_output
from pixmill.cli.output import file_size, print_message
from pixmill.cli.result_names import STANDARD, Job, ResultNames, is_folder, mismatch, plan_jobs
from pixmill.cli.usage import WrongUsage
from pixmill.errors import BadRequest
from pixmill.library.engine import Engine
from pixmill.library.params import Compiler
from pixmill.library.result import Result
from pixmill.library.targets import write_file
from pixmill.settings import Settings, load
from pixmill.telemetry.redaction import printable

_MAX_THREADS: Final = 32
"""Each holds an input that is read, or waits for a worker; the engine limits how many are at work."""


def resize_all(sources: Sequence[str], target: str, params: Mapping[str, str], *, may_overwrite: bool) -> bool:
    """Resize inputs into a target; return whether all succeeded. Raises WrongUsage before anything is written."""
    names = ResultNames(sources, may_overwrite)
    jobs = plan_jobs(sources, target, params, names)
    settings = load()
    for form in {job.format for job in jobs}:
        check_params({**params, "format": form}, settings)
    _make_folders(jobs, target)
    workers = min(settings.worker_count(), len(jobs))
    failed = 0
    with Engine.of(settings.model_copy(update={"workers": workers})) as engine:
        for job, outcome in _outcomes(engine, jobs, params, names):
            if isinstance(outcome, Exception):
                failed += 1
                print_failure(job.source, outcome)
            elif isinstance(outcome, ResultSummary):
                _print_result(job, outcome, is_single=len(jobs) == 1)
    if len(jobs) > 1:
        print_message(f"{len(jobs) - failed} resized{f', {failed} failed' if failed else ''}")
    return not failed


def check_params(params: Mapping[str, str], settings: Settings) -> None:
    """Refuse values that no image could be made with. Raises WrongUsage."""
    try:
        Compiler(settings.render_mode).plan_of_texts(params)
    except BadRequest as error:
        raise WrongUsage(option_sentence(error, "resize", params)) from error


def _make_folders(jobs: Sequence[Job], target: str) -> None:
    """Make the folders of results; that of a single named file must be there."""
    if "{" not in target and not is_folder(target) and target != STANDARD:
        folder = Path(target).parent
        if not folder.is_dir():
            what = "is a file" if folder.exists() else f"is not there; make it with mkdir -p {folder}"
            fail(f"{folder}: this folder, for {target}, {what}")
        return
    for folder in {Path(job.name).parent for job in jobs if job.name != STANDARD and not job.is_late}:
        folder.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True, slots=True)
class ResultSummary:
    """What is said of a result; its body is on the disk already."""

    path: Path | None
    format: str
    width: int
    height: int
    size: int
    is_truncated: bool


def _outcomes(
    engine: Engine, jobs: Sequence[Job], params: Mapping[str, str], names: ResultNames
) -> Iterator[tuple[Job, ResultSummary | Exception]]:
    """Yield each job with its result or error, as they are done."""
    with ThreadPoolExecutor(min(len(jobs), _MAX_THREADS)) as pool:
        futures: dict[Future[ResultSummary], Job] = {
            pool.submit(_make, engine, job, params, names): job for job in jobs
        }
        try:
            for future in as_completed(futures):
                yield futures[future], _outcome(future)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            engine.close()
            raise


def _outcome(future: Future[ResultSummary]) -> ResultSummary | Exception:
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - printed by the caller
        return error


def _make(engine: Engine, job: Job, params: Mapping[str, str], names: ResultNames) -> ResultSummary:
    """Render an input and write its result. Raises PixmillError, OSError, WrongUsage."""
    with open_source(job.source) as original:
        result = engine.render_texts(original, {**params, "format": job.format})
    if job.name == STANDARD:
        write_standard_output(result.body)
        return _summary_of(result, None)
    path = job.path(result.format)
    if job.is_late:
        names.claim(path, job.source)
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_file(path, result.body)
    except OSError as error:  # which may name a temporary file
        raise type(error)(error.errno, error.strerror, str(path)) from error
    return _summary_of(result, path)


def _summary_of(result: Result, path: Path | None) -> ResultSummary:
    return ResultSummary(path, result.format, result.width, result.height, len(result.body), result.is_truncated)


def _print_result(job: Job, summary: ResultSummary, *, is_single: bool) -> None:
    name = printable(str(summary.path))
    size = f"{summary.format} {summary.width} x {summary.height}"
    print_message(f"{size}, {summary.size} bytes" if is_single else f"{name}: {size}, {file_size(summary.size)}")
    warning = "" if summary.path is None else mismatch(summary.path, summary.format)
    if warning:
        print_message(f"pixmill: warning: {warning}")
    if summary.is_truncated:
        print_message(f"pixmill: warning: {printable(job.source)} is cut off; the rest of the image is missing")
