"""Measure a sweep: what it costs beside training, and how much faster it is than the classic loop, trial after trial.

    python -m benchmarks.sweep                 # this machine's cores; about eight minutes on four
    python -m benchmarks.sweep --concurrency 2

Both go through the same door as every command, ``study.engine.run_jobs``, without pruning, so that the work is known.
1. Overhead: many trainings of a second or so. Seconds per training spent outside ``fit`` or on reports (scheduling,
   process, data), after each slot's first, and the share of the slots' time that was training.
2. Throughput: AlexNet on random images, one training per core with a thread each, against the classic loop on all of
   the cores, one training after another; the two in turn, n rounds.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.epoch import BATCH, EPOCH_IMAGES, Worker, default_precision, machine
from benchmarks.studies import new_study
from results.outcome import Runtime
from study.engine import FixedJobs, Job, Model, Options, Summary, run_jobs
from study.recording.provenance import usable_cpus


def run(data: Any, config: dict[str, Any], jobs: int, runtime: Runtime, options: Options) -> tuple[Summary, float]:
    """Train ``config`` with seeds 0..jobs-1 in a study that is thrown away; the seconds include Ray's start."""
    alexnet = importlib.import_module("alexnet")
    model = Model(alexnet, "alexnet", data, runtime)
    with tempfile.TemporaryDirectory(prefix="study-bench-") as folder:
        study = new_study(Path(folder) / "bench", model, **config)
        source = FixedJobs([Job("baseline", study.meta.baseline, seed) for seed in range(jobs)])
        started = time.monotonic()
        with study.lock():
            summary = run_jobs(study, model, source, options=options)
        wall = time.monotonic() - started
        bad = [r.error for r in study.records() if r.status != "complete"]
        if bad:
            raise RuntimeError(f"a training ended badly: {bad[0]}")
    return summary, wall


def overhead(concurrency: int, jobs: int) -> dict[str, Any]:
    """Measure short trainings on the bundled digits."""
    from alexnet.data import load

    config = {"architecture": "tiny", "epochs": 3, "batch_size": 64}
    options = Options(concurrency=concurrency, cpus_per_trial=1, quiet=True)
    summary, wall = run(load("digits"), config, jobs, Runtime("cpu", "fp32", 1), options)
    trained = [r.seconds for r in summary.records if r.seconds]
    return {
        "trainings": jobs,
        "seconds_each": round(statistics.mean(trained), 3),
        "overhead_seconds": _rounded(summary.overhead),
        "busy": _rounded(summary.busy),
        "wall_seconds": round(wall, 1),
    }


def throughput(concurrency: int, rounds: int, steps: int, epochs: int) -> dict[str, Any]:
    """Measure epochs per minute, scaled to epochs of 45,000 images: the classic loop and the sweep in turn."""
    from benchmarks.epoch_worker import images

    n = steps * BATCH
    cores = usable_cpus()
    config = {"epochs": epochs, "batch_size": BATCH, "validation_fraction": 0.1}
    data = images(round(n / 0.9), "synthetic")
    options = Options(concurrency=concurrency, cpus_per_trial=1, quiet=True)
    classic = Worker("classic", cores, n, "synthetic")
    scale = n / EPOCH_IMAGES
    classic_rate, sweep_rate, ratios = [], [], []
    try:
        for number in range(rounds):
            classic_rate.append(60 / classic.measure()["seconds"] * scale)
            summary, _ = run(data, config, 2 * concurrency, Runtime("cpu", default_precision(), 1), options)
            sweep_rate.append(60 * epochs * 2 * concurrency / summary.seconds * scale)
            ratios.append(sweep_rate[-1] / classic_rate[-1])
            print(f"  round {number + 1}/{rounds}: {ratios[-1]:.2f} times", file=sys.stderr)
    finally:
        classic.close()
    return {
        "steps": steps,
        "epochs_per_training": epochs,
        "classic_threads": cores,
        "concurrency": concurrency,
        "classic_epochs_per_minute": [round(r, 3) for r in classic_rate],
        "sweep_epochs_per_minute": [round(r, 3) for r in sweep_rate],
        "ratios": [round(r, 3) for r in ratios],
        "ratio": round(statistics.median(ratios), 3),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def main() -> None:
    """Parse, measure, print, and write the JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sweep", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--concurrency", type=int, default=usable_cpus(), help="trainings at a time (default: one per core)"
    )
    parser.add_argument("--jobs", type=int, default=24, help="short trainings for the overhead (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of the comparison (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=40, help=f"of {BATCH} images per epoch (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=5, help="per training of the comparison (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=Path("runs/bench/sweep.json"), help="default: %(default)s")
    args = parser.parse_args()
    short = overhead(args.concurrency, args.jobs)
    print(
        f"{short['trainings']} trainings of {short['seconds_each']:.2f} s, {args.concurrency} at a time: "
        f"{short['overhead_seconds']} s overhead each after each slot's first; slots busy {short['busy']:.0%}",
        flush=True,
    )
    compared = throughput(args.concurrency, args.rounds, args.steps, args.epochs)
    print(
        f"sweep {statistics.median(compared['sweep_epochs_per_minute']):.2f} epochs per minute, "
        f"classic loop {statistics.median(compared['classic_epochs_per_minute']):.2f}: {compared['ratio']:.2f} times "
        f"({min(compared['ratios']):.2f} to {max(compared['ratios']):.2f}, n = {args.rounds} rounds; "
        "start of the workers included)"
    )
    args.json.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine(), "overhead": short, "throughput": compared}
    args.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(f"also written to {args.json}")


if __name__ == "__main__":
    main()
