"""The options of ``pixmill batch`` besides those of images: help and docs/batch.md are derived from these rows.

A row without a type is a switch.
"""

from typing import Final

from pixmill.cli.option_rows import OptionRow

INPUTS: Final = "Originals"
RESULTS: Final = "Results"
RUN: Final = "How it runs"
REPORTS: Final = "What it says"

ROWS: Final = (
    OptionRow(
        "to",
        ("--to",),
        RESULTS,
        "TEMPLATE",
        "Where results go: a folder or a bucket, and the names there, with placeholders. A folder alone keeps the "
        "folders of the originals.",
        examples=("'thumbs/{stem}-{width}.{ext}'", "'s3://thumbs/{dir}/{name}.webp'"),
    ),
    OptionRow(
        "files_from",
        ("--files-from", "-T"),
        INPUTS,
        "FILE",
        "Also take the originals that FILE names, one a line: paths and URLs, never patterns. -: standard input.",
        examples=("names.txt",),
    ),
    OptionRow(
        "null", ("--null", "-0"), INPUTS, "", "The names in FILE end with a null byte, as those of find -print0."
    ),
    OptionRow(
        "exclude",
        ("--exclude",),
        INPUTS,
        "PATTERN",
        "Leave out originals with such a name, or such a path if there is a slash in it. May be given several times.",
        examples=("'*-old.jpg'", "'drafts/**'"),
    ),
    OptionRow(
        "preset",
        ("--preset",),
        RESULTS,
        "NAME",
        "Presets of PIXMILL_PRESETS; several make several results.",
        examples=("card,hero",),
    ),
    OptionRow(
        "skip_existing",
        ("--skip-existing",),
        RESULTS,
        "",
        "Leave out originals whose results are all there. Other results are replaced.",
    ),
    OptionRow("dry_run", ("--dry-run", "-n"), RUN, "", "Print what would be made, and write nothing."),
    OptionRow(
        "on_error",
        ("--on-error",),
        RUN,
        "continue|stop",
        "What happens when an original fails. A full disk, or a bucket that is not there, stops the batch in any case.",
        "continue",
        words=("continue", "stop"),
    ),
    OptionRow(
        "workers",
        ("--workers", "-j"),
        RUN,
        "INT",
        "Processes that render; 0: one per core.",
        "0",
        "PIXMILL_WORKERS",
        examples=("4",),
    ),
    OptionRow(
        "journal",
        ("--journal",),
        RUN,
        "FOLDER|URL",
        "Where it is noted what is done. By default beside the results, until all is done; a journal of this option "
        "stays, and the next run makes what is new or has changed.",
        examples=("s3://jobs/thumbs-journal",),
    ),
    OptionRow("restart", ("--restart",), RUN, "", "Forget what the journal has, and make all results again."),
    OptionRow(
        "shard",
        ("--shard",),
        RUN,
        "INDEX/COUNT",
        "Take one of COUNT parts of the originals, INDEX from 0: one on each of several machines. auto: as AWS "
        "Batch, Cloud Run, Google Cloud Batch and Slurm number their tasks; auto/COUNT: also as a Kubernetes Indexed "
        "Job does.",
        examples=("0/8", "auto", "auto/8"),
    ),
    OptionRow(
        "shard_size",
        ("--shard-size",),
        RUN,
        "INT",
        "Originals between two notes in the journal: as many as that, for each worker, are made again after a kill.",
        "64",
        examples=("16",),
    ),
    OptionRow(
        "report",
        ("--report",),
        REPORTS,
        "FILE",
        "Write what failed, and why, as JSON lines. -: standard output.",
        examples=("failed.jsonl",),
    ),
    OptionRow(
        "report_all", ("--report-all",), REPORTS, "", "The report also has what was made, with sizes, and skipped."
    ),
    OptionRow("quiet", ("--quiet",), REPORTS, "", "Show no progress, only the summary."),
)

EXAMPLES: Final = {
    "pixmill batch 'photos/**/*.jpg' --to 'thumbs/{dir}/{stem}-{width}.{ext}' -w 320,640 -f avif,webp": "four of each",
    "pixmill batch photos --to s3://thumbs -w 320 -f webp": "a folder into a bucket",
    "find . -name '*.png' -print0 | pixmill batch -0 -T - --to out -w 320 -f webp": "names from a program",
}
