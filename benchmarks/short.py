"""Measure what a command costs beside training: ``baseline --seeds 3`` of trainings of ten seconds, on one core.

    python -m benchmarks.short                 # three times; some three minutes

The small AlexNet on the bundled digits, with as many epochs as make ten seconds here. Wall seconds of the whole
command, start of Python and the report included, without what its records say their epochs took.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.epoch import machine
from benchmarks.programs import revision, write_json
from results.store import Study

SEEDS = 3
LIMIT = 12.0  # seconds beside training
SECONDS = 10.0  # of a training
WARM_UP = 5  # epochs, from which the number of epochs follows
ROOT = Path(__file__).parents[1]


def command(study: Path, seeds: int, epochs: int, engine: str | None) -> float:
    """Run the command on one core; return its wall seconds. Raises RuntimeError where it fails."""
    own = min(os.sched_getaffinity(0))
    words = ["baseline", "--seeds", str(seeds), "--study", str(study), "--dataset", "digits", "--device", "cpu"]
    for one in ("architecture=tiny", "batch_size=64", f"epochs={epochs}"):
        words += ["--set", one]
    words += ["--engine", engine] if engine else []
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "study.run", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {own}),
    )
    if done.returncode != 0:
        raise RuntimeError(f"the command ended with {done.returncode}: {done.stderr}")
    return time.monotonic() - started


def measure(seeds: int, epochs: int, engine: str | None) -> dict[str, float]:
    """Run it once in a study that is thrown away: wall seconds, those of training, and what is left."""
    with tempfile.TemporaryDirectory(prefix="study-bench-") as folder:
        path = Path(folder) / "bench"
        wall = command(path, seeds, epochs, engine)
        records = Study.open(path).records()
        assert [r.status for r in records] == ["complete"] * seeds
        trained = sum(row.seconds for r in records for row in r.history)
    return {"wall": round(wall, 2), "training": round(trained, 2), "beside": round(wall - trained, 2)}


def show(result: dict[str, Any]) -> str:
    """Return the lines."""
    rows = [one["beside"] for one in result["rounds"]]
    kept = "kept" if result["median"] <= LIMIT else "BROKEN"
    each = statistics.median(one["training"] for one in result["rounds"]) / result["seeds"]
    return (
        f"baseline --seeds {result['seeds']}, {each:.1f} s of training each, one core: {result['median']:.1f} s beside "
        f"training ({min(rows):.1f} to {max(rows):.1f}, n = {len(rows)}; at most {LIMIT:g}: {kept})"
    )


def main() -> None:
    """Parse, measure, print, and write the JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.short", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of a training (default: %(default)s)")
    parser.add_argument("--engine", choices=("auto", "here", "ray"), help="default: as the command chooses")
    parser.add_argument("--json", type=Path, default=Path("runs/bench/short.json"), help="default: %(default)s")
    args = parser.parse_args()
    first = measure(1, WARM_UP, args.engine)
    epochs = max(1, round(args.seconds * WARM_UP / first["training"]))
    result: dict[str, Any] = {"seeds": SEEDS, "epochs": epochs, "engine": args.engine, "limit": LIMIT}
    result["rounds"] = [measure(SEEDS, epochs, args.engine) for _ in range(args.rounds)]
    result["median"] = statistics.median(one["beside"] for one in result["rounds"])
    print(show(result))
    write_json(args.json, {"machine": machine(), "revision": revision(), **result})


if __name__ == "__main__":
    main()
