"""Renders images in the engine of the checkout whose interpreter runs this file; for benchmarks/before_after.py.

Standard input has one JSON object a line: ``source`` (a path), ``params`` (parameters of a URL) and ``out`` (a path
for the result). The answer is a line with the CPU milliseconds of the render, of all its threads. Imports nothing of
the benchmarks, which may be those of another revision.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ["VIPS_CONCURRENCY"] = "1"

from pixmill.engine.pixels.pipeline import render
from pixmill.library.params import Compiler, texts_of
from pixmill.plan.limits import Limits
from pixmill.plan.output import RenderMode


def main() -> None:
    compiler, limits = Compiler(RenderMode.BALANCED), Limits()
    for line in sys.stdin:
        task = json.loads(line)
        plan = compiler.plan_of_texts(texts_of(task["params"]))
        source = memoryview(Path(task["source"]).read_bytes())
        began = time.process_time()
        body = render(source, plan, limits).body
        cpu_ms = (time.process_time() - began) * 1000
        Path(task["out"]).write_bytes(body)
        print(json.dumps({"cpu_ms": cpu_ms}), flush=True)


if __name__ == "__main__":
    main()
