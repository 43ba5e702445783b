"""A sweep of the toy as a program of its own, to be killed: ``python -m tests.support.sweep_toy STUDY TRIALS``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from results.outcome import Runtime
from results.store import Study
from search_spaces import choice, load_space, log_float
from study.engine import Options
from study.jobs import Model
from study.protocol import load_trainable
from study.search.options import SweepOptions
from study.search.sweep import SweepSummary, Training, sweep
from tests.support import TOY
from tests.support.studies import make_toy_study

SPACES = {
    "toy": {
        "learning_rate": log_float(1e-3, 1.0),
        "noise": choice(0.0, 0.3, 1.0),
        "epochs": choice(3, 9, 12),
    },
    "small": {"noise": choice(0.0, 0.3), "epochs": choice(3, 9)},
}
SEED = 5


def run(
    path: Path,
    trials: int,
    *,
    space: str = "toy",
    options: dict | None = None,
    spaces=None,
    fixed=None,
    trainable: str = TOY,
    **changes,
) -> SweepSummary:
    """Open or start the study and sweep; ``options`` are the engine's, ``changes`` of SweepOptions."""
    toy = load_trainable(trainable)
    if (path / "study.json").exists():
        study, data = Study.open(path), toy.hooks["load_data"]("600", Path("."))
    else:
        study, data = make_toy_study(path, trainable, epochs=9, pause=0.1)
    found = load_space(space, toy.Config, study.meta.baseline, fixed or {}, spaces or SPACES)
    with study.lock():
        return sweep(
            study,
            Training(
                Model(toy, trainable, data, Runtime()),
                Options(**{"concurrency": 2, "cpus_per_trial": 1} | (options or {})),
            ),
            found,
            SweepOptions(trials=trials, seed=SEED, **changes),
        )


if __name__ == "__main__":
    done = run(Path(sys.argv[1]), int(sys.argv[2]), **json.loads(sys.argv[3] if len(sys.argv) > 3 else "{}"))
    sys.exit(done.exit_code)
