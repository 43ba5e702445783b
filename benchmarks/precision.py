"""Does training in bfloat16 cost accuracy? Paired seeds on the bundled digits, with a margin fixed beforehand.

    python -m benchmarks.precision --processes 2

Every seed is trained twice, alike but for the precision: the same split, initial weights, order and augmentation.
The margin, MARGIN, was chosen before anything was measured. Precisions are called equivalent if the 90 % interval of
the mean difference in test accuracy lies within it (two one-sided tests at 5 %), and different if the 95 % interval
leaves out zero; a difference can be both real and within the margin. Neither shown is "undecided".
The JSON is written after every pair, and pairs that it holds already are not trained again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from results.files import write_atomic

MARGIN = 1.0  # percentage points of test accuracy, either way: about what two seeds of one config differ by
PRECISIONS = ("bf16", "fp32")
SETTINGS: dict[str, Any] = {"batch_size": 32, "epochs": 8}


def train(seed: int, precision: str, threads: int, data: Any) -> dict[str, float]:
    """Train the digits baseline once: test accuracy and losses of its best epoch."""
    from results.outcome import Runtime
    from study.jobs import Model
    from study.protocol import load_trainable
    from study.training import loop

    start = time.perf_counter()
    model = Model(load_trainable("alexnet"), "alexnet", data, Runtime("cpu", precision, threads))
    config = model.trainable.Config(**SETTINGS).model_dump(mode="json")
    outcome = loop.train(model, config, seed, lambda epoch, state, last: False)
    if outcome.val is None or outcome.test is None:
        raise RuntimeError(f"seed {seed} in {precision} ended as {outcome.status}: {outcome.error}")
    seconds = time.perf_counter() - start
    return {
        **outcome.test_values,
        "val_accuracy": outcome.val.accuracy,
        "val_loss": outcome.history[(outcome.best_epoch or 1) - 1].values["val_loss"],
        "seconds": round(seconds, 1),
    }


def _train(what: tuple[int, str, int]) -> dict[str, float]:
    from alexnet.data import load

    return train(*what, load("digits"))


def compare(first: Sequence[float], second: Sequence[float], margin: float) -> dict[str, Any]:
    """Compare paired numbers: the mean of ``first - second`` and what it shows.

    Args:
        first: (n,) one number a seed.
        second: (n,) the same seeds' numbers under the other treatment, in the same unit.
        margin: what counts as equivalent, in that unit.

    Returns:
        mean, deviation (of one difference), interval95 and interval90 (t with n - 1 degrees of freedom), and verdict:
        'equivalent', 'different', 'different, within the margin' or 'undecided'.

    Raises:
        ValueError: fewer than two pairs, or unpaired numbers.
    """
    if len(first) != len(second) or len(first) < 2:
        raise ValueError(f"{len(first)} and {len(second)} numbers: at least two pairs are needed")
    difference = np.asarray(first) - np.asarray(second)
    n, mean, deviation = len(difference), float(difference.mean()), float(difference.std(ddof=1))
    half = {level: float(stats.t.ppf(0.5 + level / 200, n - 1)) * deviation / n**0.5 for level in (90, 95)}
    within, apart = abs(mean) + half[90] < margin, abs(mean) > half[95]
    verdict = {
        (True, True): "different, within the margin",
        (True, False): "equivalent",
        (False, True): "different",
        (False, False): "undecided",
    }[within, apart]
    intervals = {f"interval{level}": [mean - h, mean + h] for level, h in half.items()}
    return {"n": n, "mean": mean, "deviation": deviation, **intervals, "margin": margin, "verdict": verdict}


def kept_runs(path: Path, document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the pairs of an earlier start with the same settings, dataset and threads; none if there are none."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return []
    return list(kept["runs"]) if all(kept.get(key) == value for key, value in document.items()) else []


def main() -> None:
    """Train, compare, print, and write the JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.precision", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=40, help="pairs; at least 10 (default: %(default)s)")
    parser.add_argument("--first", type=int, default=101, help="first seed (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads a run (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=1, help="runs at a time (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=Path("runs/bench/precision.json"), help="default: %(default)s")
    args = parser.parse_args()
    if args.seeds < 10:
        parser.error(f"--seeds {args.seeds}: at least 10, or the interval says next to nothing")
    from alexnet.data import load

    document = {"settings": SETTINGS, "dataset": load("digits").fingerprint, "threads": args.threads}
    seeds = range(args.first, args.first + args.seeds)
    runs = [run for run in kept_runs(args.json, document) if run["seed"] in seeds]
    missing = [seed for seed in seeds if seed not in {run["seed"] for run in runs}]
    with ProcessPoolExecutor(args.processes, mp_context=get_context("spawn")) as pool:
        results = pool.map(_train, [(seed, precision, args.threads) for seed in missing for precision in PRECISIONS])
        for seed in missing:
            run = dict(zip(PRECISIONS, results, strict=False))  # takes the next two
            runs.append({"seed": seed, **run})
            write_atomic(args.json, json.dumps({**document, "runs": runs}, indent=2).encode() + b"\n")
            shown = ", ".join(f"{p} {run[p]['test_accuracy']:.2%} in {run[p]['seconds']:.0f} s" for p in run)
            print(f"seed {seed}: {shown}", file=sys.stderr, flush=True)
    accuracies = {p: [100 * run[p]["test_accuracy"] for run in runs] for p in PRECISIONS}
    result = compare(accuracies["bf16"], accuracies["fp32"], MARGIN)
    (low, high), (low90, high90) = result["interval95"], result["interval90"]
    for precision, values in accuracies.items():
        varied = f"standard deviation {np.std(values, ddof=1):.2f}, {min(values):.2f} to {max(values):.2f}"
        print(f"{precision}: mean test accuracy {np.mean(values):.2f} % ({varied}, n = {len(runs)})")
    print(
        f"bf16 - fp32: {result['mean']:+.2f} points, 95 % interval {low:+.2f} to {high:+.2f} "
        f"(n = {result['n']} pairs); 90 % {low90:+.2f} to {high90:+.2f} against a margin of {MARGIN:g}: "
        f"{result['verdict']}"
    )
    write_atomic(args.json, json.dumps({**document, "result": result, "runs": runs}, indent=2).encode() + b"\n")
    print(f"also written to {args.json}")


if __name__ == "__main__":
    main()
