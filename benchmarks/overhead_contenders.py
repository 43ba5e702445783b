"""What benchmarks/overhead.py measures: the same trivial objective, sampled at random, through one of CONTENDERS.

    python -m benchmarks.overhead_contenders NAME TRIALS MARK,MARK,...

Each is set up as its own documentation shows it. Says a mark after so many ended trials.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.programs import Marks
from benchmarks.trivial import HIGHEST, LOWEST, Config, load_data, work

SEED = 504


def score(learning_rate: float, decay: float) -> float:
    """Train and return what is maximised: the validation accuracy."""
    return work(load_data(), Config(learning_rate=learning_rate, decay=decay), SEED).val.accuracy


def optuna_(trials: int, marks: Marks, at: Collection[int], journal: bool) -> None:
    """Optuna alone, one trial at a time, in memory or with a journal file."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial: optuna.Trial) -> float:
        names = ("learning_rate", "decay")
        return score(**{name: trial.suggest_float(name, LOWEST, HIGHEST, log=True) for name in names})

    with tempfile.TemporaryDirectory(prefix="study-bench-") as folder:
        storage = JournalStorage(JournalFileBackend(f"{folder}/journal.log")) if journal else None
        sampler = optuna.samplers.RandomSampler(seed=SEED)
        study = optuna.create_study(direction="maximize", sampler=sampler, storage=storage)
        study.optimize(objective, n_trials=trials, callbacks=[lambda study, trial: marks.ended(at)])
        assert len(study.trials) == trials


def tune_(trials: int, marks: Marks, at: Collection[int]) -> None:
    """Ray Tune with Optuna's random sampler and ASHA, two trials at a time, in processes that are used again."""
    import optuna
    import ray
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler
    from ray.tune.search.optuna import OptunaSearch

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(config: dict[str, Any]) -> None:
        tune.report({"accuracy": score(config["learning_rate"], config["decay"])})

    class Counting(tune.Callback):
        def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
            marks.ended(at)

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    with tempfile.TemporaryDirectory(prefix="study-bench-") as folder:
        tuner = tune.Tuner(
            objective,
            param_space={name: tune.loguniform(LOWEST, HIGHEST) for name in ("learning_rate", "decay")},
            tune_config=tune.TuneConfig(
                metric="accuracy",
                mode="max",
                search_alg=OptunaSearch(sampler=optuna.samplers.RandomSampler(seed=SEED)),
                scheduler=ASHAScheduler(),
                num_samples=trials,
                max_concurrent_trials=2,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(storage_path=folder, callbacks=[Counting()], verbose=0),
        )
        results = tuner.fit()
        assert len(results) == trials and not results.errors
        ray.shutdown()


def engine(trials: int, marks: Marks, at: Collection[int], name: str) -> None:
    """The engine of this repository: a sweep from an empty study."""
    from benchmarks import trivial
    from benchmarks.studies import model_of, new_study, options
    from search_spaces import load_space
    from study.search.options import SweepOptions
    from study.search.source import SweepSource
    from study.search.sweep import Training, sweep

    written: list[str] = []
    done = SweepSource.done

    def counting(self: SweepSource, *about: Any) -> None:
        """Hold the driver at a mark until the records so far are written: it may be far ahead of a slow disk."""
        done(self, *about)
        while marks.next in at and len(written) < marks.next:
            time.sleep(0.01)
        marks.ended(at)

    with tempfile.TemporaryDirectory(prefix="study-bench-") as folder, patch.object(SweepSource, "done", counting):
        model = model_of(trivial)
        study = new_study(Path(folder) / "bench", model)
        space = load_space("default", Config, study.meta.baseline, own=trivial.SPACES)
        training = Training(model, options(name), after=[lambda record, outcome: written.append(record.run_id)])
        with study.lock():
            found = sweep(study, training, space, SweepOptions(trials, SEED, sampler="random", scheduler="asha"))
        assert [r.status for r in found.records] == ["complete"] * trials


CONTENDERS = {
    "Optuna, in memory": (optuna_, {"journal": False}),
    "Optuna, journal file": (optuna_, {"journal": True}),
    "Ray Tune": (tune_, {}),
    "here": (engine, {"name": "here"}),
    "ray": (engine, {"name": "ray"}),
}


if __name__ == "__main__":
    marks = Marks()
    run, more = CONTENDERS[sys.argv[1]]
    run(int(sys.argv[2]), marks, {int(n) for n in sys.argv[3].split(",")}, **more)
    marks.say("returned")
