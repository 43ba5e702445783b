"""Measure what large weights and states cost the driver: its peak memory, CPU seconds per MB, wall seconds per record.

    python -m benchmarks.states                # 'here' one training at a time, 'ray' two; about two minutes

Six trainings with 100 MB of weights and 300 MB of state, each with a checkpoint on the way; every one's weights rank
when it ends. The same with 1 MB is subtracted where a cost per MB or record is given. Memory is what Linux counts for
the driver's process, its base (all imported, nothing started) taken off: what it holds alone, and with what it shares.
A page of Ray's store counts there once a process has looked at it, until the store reuses it for something else.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

import psutil

from benchmarks import bulky
from benchmarks.programs import Marks, Program, revision, write_json
from benchmarks.studies import chooses_engine, model_of, new_study, options
from study.engine import FixedJobs, Job, run_jobs

RECORDS = 6
MEGABYTES = 100  # of weights; a state has three times as many
EVERY = 0.02  # seconds between looks at the driver's memory and at what lies in the study
SECONDS = 0.5  # of training before the first checkpoint


def drive(engine: str, megabytes: int, pause: float, folder: Path) -> None:
    """Be the driver: say when it begins and ends."""
    marks = Marks()
    os.environ["STUDY_CHECKPOINT_SECONDS"] = str(min(SECONDS, pause / 2))
    model = model_of(bulky)
    study = new_study(folder / "bench", model, megabytes=megabytes, pause=pause)
    configs = [{**study.meta.baseline, "right": 50 + n} for n in range(RECORDS)]
    source = FixedJobs([Job("sweep", config, 0, trial=n) for n, config in enumerate(configs)])
    if engine == "ray":
        from study.engine.cluster import import_ray

        import_ray()
        importlib.import_module("study.engine.hooks")  # its imports belong to the base
    marks.say("begin")
    with study.lock():
        run_jobs(study, model, source, options=options(engine))
    marks.say("end")
    assert [r.status for r in study.records()] == ["complete"] * RECORDS


class Watch:
    """Looks at the driver's memory, in MB, and at the states and weights that come to lie in its study."""

    def __init__(self, study: Path) -> None:
        self._study = study
        self._kept: dict[tuple[int, int], int] = {}  # bytes by inode and time of writing
        self._own = 0.0

    def look(self, process: psutil.Process) -> None:
        """Look now."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended just now
            self._own = max(self._own, memory(process, "RssAnon"))
        for folder in ("weights", "checkpoints"):
            for path in (self._study / folder).glob("*.safetensors"):
                try:
                    found = path.stat()
                except OSError:  # replaced or removed just now
                    continue
                self._kept[found.st_ino, found.st_mtime_ns] = found.st_size

    def begin(self, process: psutil.Process) -> None:
        """Take what the driver has now as its base, and forget its peak so far."""
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")
        self._base, self._own_base = memory(process, "VmRSS"), memory(process, "RssAnon")
        self._own = 0.0

    def end(self, process: psutil.Process) -> dict[str, float]:
        """Return the peaks above the base, and how many MB were kept."""
        return {
            "base": self._base,
            "peak": memory(process, "VmHWM") - self._base,
            "peak_own": self._own - self._own_base,  # without what it shares with others
            "kept": sum(self._kept.values()) / 1e6,
        }


def memory(process: psutil.Process, what: str) -> float:
    """Return a line of /proc/PID/status in MB of 10^6 bytes."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{what}:")), 0.0)


def measure(engine: str, megabytes: int, pause: float) -> dict[str, float]:
    """Run once: memory and kept files in MB, seconds of wall and of CPU (the driver's, and of all processes)."""
    with tempfile.TemporaryDirectory(prefix="study-bench-") as folder:
        watch = Watch(Path(folder) / "bench")
        more = ("--engine", engine, "--megabytes", str(megabytes), "--pause", str(pause), "--drive", folder)
        program = Program("benchmarks.states", *more, look=watch.look, every=EVERY)
        process, at = psutil.Process(program.process.pid), {}
        found: dict[str, float] = {}
        for mark, cpu, wall in program.marks():
            own = process.cpu_times()
            at[mark] = {"wall": wall, "cpu": cpu, "cpu_driver": own.user + own.system}
            if mark == "begin":
                watch.begin(process)
            else:
                found = watch.end(process)
    spent = {name: at["end"][name] - at["begin"][name] for name in at["end"]}
    return {name: round(value, 3) for name, value in {**found, **spent}.items()}


def evaluate(engine: str, large: list[dict[str, float]], small: list[dict[str, float]]) -> dict[str, Any]:
    """Return the medians of what large states cost beyond small ones."""

    def median(values: list[float]) -> float:
        return round(statistics.median(values), 4)

    pairs = list(zip(large, small, strict=True))
    return {
        "engine": engine,
        "peak_mb": median([one["peak"] for one in large]),
        "peak_own_mb": median([one["peak_own"] for one in large]),
        "peak_mb_of_small": median([one["peak"] for one in small]),
        "kept_mb": median([one["kept"] for one in large]),
        "cpu_per_mb": median([(a["cpu"] - b["cpu"]) / (a["kept"] - b["kept"]) for a, b in pairs]),
        "cpu_per_mb_of_driver": median(
            [(a["cpu_driver"] - b["cpu_driver"]) / (a["kept"] - b["kept"]) for a, b in pairs]
        ),
        "wall_per_record": median([one["wall"] / RECORDS for one in large]),
        "wall_per_record_beyond_small": median([(a["wall"] - b["wall"]) / RECORDS for a, b in pairs]),
        "rounds": {"large": large, "small": small},
    }


def show(row: dict[str, Any], megabytes: int) -> str:
    """Return one executor's lines."""
    limit = 6 * megabytes
    kept = "kept" if row["peak_own_mb"] < limit else "BROKEN"
    return (
        f"{row['engine']}: the driver holds at most {row['peak_own_mb']:.0f} MB above its base (less than {limit}, two "
        f"states: {kept}); {row['peak_mb']:.0f} with the pages of Ray's store and of files that it has looked at, "
        f"{row['peak_mb_of_small']:.0f} with 1 MB of weights\n"
        f"  {1000 * row['cpu_per_mb']:.2f} ms of CPU per MB, {1000 * row['cpu_per_mb_of_driver']:.2f} of them the "
        f"driver's ({row['kept_mb']:.0f} MB came to lie in the study)\n"
        f"  {row['wall_per_record']:.2f} s per record, {row['wall_per_record_beyond_small']:.2f} of them since its "
        "arrays are large"
    )


def main() -> None:
    """Parse, measure, print, and write the JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.states", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", choices=("here", "ray"), help="default: both, where this revision has both")
    parser.add_argument("--rounds", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--megabytes", type=int, default=MEGABYTES, help="of weights (default: %(default)s)")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds per epoch (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=Path("runs/bench/states.json"), help="default: %(default)s")
    parser.add_argument("--drive", type=Path, help=argparse.SUPPRESS)  # be what is measured, with a study in here
    args = parser.parse_args()
    if args.drive:
        return drive(args.engine, args.megabytes, args.pause, args.drive)
    from benchmarks.epoch import machine  # imports torch, which the driver is to do without

    rows = []
    for engine in [args.engine] if args.engine else ["here", "ray"] if chooses_engine() else ["ray"]:
        large, small = [], []
        for _ in range(args.rounds):
            large.append(measure(engine, args.megabytes, args.pause))
            small.append(measure(engine, 1, args.pause))
        rows.append(evaluate(engine, large, small))
        print(show(rows[-1], args.megabytes), flush=True)
    about = {"records": RECORDS, "megabytes": args.megabytes, "limit_mb": 6 * args.megabytes, "rounds": args.rounds}
    write_json(args.json, {"machine": machine(), "revision": revision(), **about, "engines": rows})
    return None


if __name__ == "__main__":
    main()
