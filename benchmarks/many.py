"""Measure a sweep of very many trivial trials: the driver's peak memory, how soon it ends, what starting again costs.

    python -m benchmarks.many                  # 10,000 trials on 'here'; a few minutes

Random sampling and successive halving, as in benchmarks/overhead.py, with an objective of one step.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from benchmarks import trivial
from benchmarks.programs import Marks, Program, revision, write_json
from benchmarks.states import memory
from benchmarks.studies import model_of, new_study, options
from results.store import Study
from search_spaces import load_space
from study.search.options import SweepOptions
from study.search.sweep import Training, sweep

TRIALS = 10_000
LIMITS = {"peak_mb": 1000.0, "end_seconds": 5.0, "again_cpu": 20.0}
WHAT = {
    "peak_mb": "MB at most in the driver",
    "end_seconds": "s from the last record's line to the end",
    "again_cpu": "s of CPU to start again with all done",
}
EVERY = 0.05  # seconds between looks at records.jsonl


def drive(engine: str, trials: int, folder: Path) -> None:
    """Be the driver: start the sweep, or go on with it."""
    marks = Marks()
    model, path = model_of(trivial), folder / "bench"
    exists = (path / "study.json").exists()
    study = Study.open(path) if exists else new_study(path, model, batch_size=trivial.TRAINING)
    space = load_space("default", trivial.Config, study.meta.baseline, own=trivial.SPACES)
    asked = SweepOptions(trials, sampler="random", scheduler="asha")
    with study.lock():
        done = sweep(study, Training(model, options(engine)), space, asked)
    marks.say("returned")
    assert [r.status for r in done.records] == ["complete"] * trials


def start(engine: str, trials: int, folder: str, look: Callable[[psutil.Process], None]) -> dict[str, float]:
    """Start it and wait: CPU seconds of all processes, the driver's peak in MB, and the clock when sweep() returned."""
    words = ("--engine", engine, "--trials", str(trials), "--drive", folder)
    program = Program("benchmarks.many", *words, look=look, every=EVERY)
    process, found = psutil.Process(program.process.pid), {}
    for _, cpu, _ in program.marks():
        found = {"clock": time.monotonic(), "cpu": cpu, "peak_mb": memory(process, "VmHWM")}
    return found


def measure(engine: str, trials: int) -> dict[str, float]:
    """Sweep, and start again with all done."""
    with tempfile.TemporaryDirectory(prefix="study-bench-") as folder:
        records, last = Path(folder) / "bench" / "records.jsonl", [0, 0.0]  # its size, since when

        def look(process: psutil.Process) -> None:
            if records.exists() and records.stat().st_size != last[0]:
                last[:] = records.stat().st_size, time.monotonic()

        began = time.monotonic()
        first = start(engine, trials, folder, look)
        again = start(engine, trials, folder, lambda process: None)
    found = {"wall": first["clock"] - began, "cpu": first["cpu"], "peak_mb": first["peak_mb"]}
    found |= {"end_seconds": first["clock"] - last[1], "again_cpu": again["cpu"], "again_peak_mb": again["peak_mb"]}
    return {name: round(value, 2) for name, value in found.items()}


def show(result: dict[str, Any]) -> str:
    """Return the lines."""
    lines = [f"{result['trials']} trials on '{result['engine']}': {result['wall']:.0f} s, {result['cpu']:.0f} of CPU"]
    for name, limit in LIMITS.items():
        kept = "kept" if result[name] < limit else "BROKEN"
        lines.append(f"  {result[name]:>7.1f} {WHAT[name]} (less than {limit:g}: {kept})")
    return "\n".join(lines)


def main() -> None:
    """Parse, measure, print, and write the JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.many", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=TRIALS, help="default: %(default)s")
    parser.add_argument("--engine", choices=("here", "ray"), default="here", help="default: %(default)s")
    parser.add_argument("--json", type=Path, default=Path("runs/bench/many.json"), help="default: %(default)s")
    parser.add_argument("--drive", type=Path, help=argparse.SUPPRESS)  # be what is measured, with a study in here
    args = parser.parse_args()
    if args.drive:
        return drive(args.engine, args.trials, args.drive)
    from benchmarks.epoch import machine  # imports torch, which the driver is to do without

    result = {"trials": args.trials, "engine": args.engine, "limits": LIMITS, **measure(args.engine, args.trials)}
    print(show(result))
    write_json(args.json, {"machine": machine(), "revision": revision(), **result})
    return None


if __name__ == "__main__":
    main()
