"""Simulate what successive halving costs: the table of docs/sweep.md. Trains nothing; a few seconds.

    python -m benchmarks.halving [--out benchmarks/results]

Fifty trials of 25 epochs, four at a time, through the sweep's own rule. Trial i has a quality of its own, uniform in
0..1; its score after every epoch is that plus noise (normal, 0.3), so early scores mislead as those of real runs do.
The first trial is the baseline and is never stopped. Costs are in full trainings: epochs trained / 25.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from study.search.pruner import Halving

TRIALS, EPOCHS, SLOTS, NOISE = 50, 25, 4, 0.3
SETTINGS = ((2, 1), (3, 1), (4, 1), (3, 2), (3, 3))


def cost(factor: float, grace: int, rng: np.random.Generator) -> float:
    """Full trainings that one sweep of TRIALS costs."""
    halving = Halving(EPOCHS, factor, grace)
    quality = rng.random(TRIALS)
    running: dict[int, int] = {}
    started = trained = 0
    while started < TRIALS or running:
        while len(running) < SLOTS and started < TRIALS:
            running[started] = 0
            started += 1
        trial = int(rng.choice(list(running)))
        running[trial] += 1
        trained += 1
        epoch = running[trial]
        score = quality[trial] + NOISE * rng.normal()
        last = epoch == EPOCHS
        if halving.stops(trial, epoch, score, last=last, protected=trial == 0) or last:
            del running[trial]
    return trained / EPOCHS


def main() -> None:
    """Simulate every setting, print a line each, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.halving", description="What successive halving costs.")
    parser.add_argument("--sweeps", type=int, default=300, metavar="N", help="per setting (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("runs/bench"), metavar="DIR", help="(default: %(default)s)")
    args = parser.parse_args()
    rows = []
    for factor, grace in SETTINGS:
        rng = np.random.default_rng([factor, grace])
        costs = np.array([cost(factor, grace, rng) for _ in range(args.sweeps)])
        low, high = np.percentile(costs, [5, 95])
        rows.append(
            {
                "reduction_factor": factor,
                "grace": grace,
                "mean": round(float(costs.mean()), 1),
                "low": round(float(low), 1),
                "high": round(float(high), 1),
                "sweeps": args.sweeps,
            }
        )
        print(f"factor {factor}, grace {grace}: {costs.mean():.1f} ({low:.1f} to {high:.1f}), n = {args.sweeps}")
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "halving.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
