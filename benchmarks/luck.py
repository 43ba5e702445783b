"""How often the chance of luck is said to be 5 % or less where all is luck: it should be in 5 % of the sweeps.

    python -m benchmarks.luck                # a few seconds

Sweeps of 49 configs all equal to the baseline, which has 3, 7 or 13 seeds, by made-up noise: *normal*, as it is taken
to be; *skewed* (now and then a poor run) and its mirror image (now and then a good one); *heavy* (Student t, 3 degrees
of freedom); *collapse* (one run in fifty fails); *shared*: all trials of a sweep and the baseline's first seed have
half of their variance in common, as from one split of the data.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.programs import write_json
from benchmarks.worlds import shifts
from results.analysis.luck import RARE, lead_by_luck

OUT = Path(__file__).parent / "results" / "luck.json"
TRIED, SEEDS, SWEEPS = 49, (3, 7, 13), 20_000
NOISES = ("normal", "skewed", "skewed to the better", "heavy", "collapse", "shared")


def draws(noise: str, sweeps: int, seeds: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw (sweeps, seeds) scores of the baseline and (sweeps,) of the best of TRIED unchanged configs."""
    world, sign = ("skewed", -1) if noise == "skewed to the better" else (noise, 1)
    all_runs = sign * shifts(world, (sweeps, seeds + TRIED), rng, candidate=False)
    if noise == "shared":
        common = shifts(world, (sweeps, seeds), rng, candidate=False)
        all_runs[:, :seeds] += common
        all_runs[:, seeds:] += common[:, :1]
    return all_runs[:, :seeds], all_runs[:, seeds:].max(axis=1)


def rate(noise: str, sweeps: int, seeds: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return how often the chance is said to be 1 in RARE or less, with its Monte-Carlo error."""
    baseline, best = draws(noise, sweeps, seeds, rng)
    leads = (best - baseline.mean(axis=1)) / baseline.std(axis=1, ddof=1)
    found = float(np.mean(leads >= lead_by_luck(1 / RARE, TRIED, seeds)))
    return {"noise": noise, "seeds": seeds, "rate": found, "error": math.sqrt(found * (1 - found) / sweeps)}


def main(argv: Sequence[str] | None = None) -> int:
    """Simulate, print and write; 1 where it does not hold even for normal noise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.luck", description=__doc__.partition("\n")[0])
    parser.add_argument("--sweeps", type=int, default=SWEEPS, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, default=OUT, metavar="FILE", help="(default: %(default)s)")
    args = parser.parse_args(argv)
    rng = np.random.default_rng(0)
    rows = [rate(noise, args.sweeps, seeds, rng) for noise in NOISES for seeds in SEEDS]
    for row in rows:
        print(f"{row['noise']:<22} {row['seeds']:>3} seeds {100 * row['rate']:6.2f} % +- {100 * row['error']:.2f}")
    write_json(args.out, {"tried": TRIED, "sweeps": args.sweeps, "said": 1 / RARE, "rows": rows})
    held = all(abs(r["rate"] - 1 / RARE) < 4 * r["error"] for r in rows if r["noise"] == "normal")
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
