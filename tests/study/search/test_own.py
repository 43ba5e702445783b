"""A sampler from a file: the trials are what it proposes, nothing else; what it does wrong is told as its own."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import optuna
import pytest

from results.errors import UserError
from results.reading import Reading
from search_spaces import Space, choice, integer, log_float
from study.search.options import SweepOptions
from study.search.own import load_sampler
from study.search.sampler import SAMPLERS, make_sampler, tried
from study.search.source import SweepSource
from tests.support.runs import meta
from tests.support.sweep_records import record_of, space_of

FIXED = [(0.5, 3), (0.25, 5), (0.125, 9), (1.0, 4)]  # learning rate, epochs
FILE = f"""
import functools
import threading

import numpy as np
import optuna
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, GridSampler, RandomSampler, TPESampler

seeds = []


class Fixed(BaseSampler):
    '''Proposes a list, in its order, and then says that it has no more.'''

    def __init__(self, seed=None):
        seeds.append(seed)
        self.left = {FIXED}

    def before_trial(self, study, trial):
        if "fixed_params" not in trial.system_attrs:
            self.now = dict(zip(("learning_rate", "epochs"), self.left.pop(0)))

    def after_trial(self, study, trial, state, values):
        if not self.left:
            study.stop()

    def infer_relative_search_space(self, study, trial):
        return {{}}

    def sample_relative(self, study, trial, space):
        return {{}}

    def sample_independent(self, study, trial, name, distribution):
        return np.float64(self.now[name]) if name == "learning_rate" else np.int64(self.now[name])


class Relative(Fixed):
    def infer_relative_search_space(self, study, trial):
        return {{"learning_rate": optuna.distributions.FloatDistribution(1e-3, 1.0, log=True),
                 "epochs": optuna.distributions.IntDistribution(3, 12)}}

    def sample_relative(self, study, trial, space):
        return {{name: np.array([self.now[name]])[0] for name in space}}


class Repeats(RandomSampler):
    def sample_independent(self, study, trial, name, distribution):
        return distribution.low


class Outside(RandomSampler):
    def sample_independent(self, study, trial, name, distribution):
        return 7.0


class Late(RandomSampler):
    def sample_independent(self, study, trial, name, distribution):
        return [0.5, 0.25][trial.number]


def make(seed):
    return RandomSampler(seed=seed)


def raises(seed):
    return {{}}["nothing"]


def nothing(seed):
    return None


def unseeded():
    return make(1)


class Locked(RandomSampler):
    lock = property(lambda self: 0)

    def __init__(self, seed=None):
        super().__init__(seed)
        self.held = threading.Lock()


locked = Locked()
ready = Fixed()
part = functools.partial(TPESampler, n_startup_trials=3)
grid = GridSampler({{"learning_rate": [0.5, 0.25], "epochs": [3, 9]}})
other_grid = GridSampler({{"noise": [0.0]}})
number = 3
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return path


@pytest.fixture
def baseline(toy: Any) -> dict[str, Any]:
    return toy.Config(epochs=9).model_dump()


@pytest.fixture
def space(toy: Any, baseline: dict[str, Any]) -> Space:
    return space_of(toy, baseline, {"learning_rate": log_float(1e-3, 1.0), "epochs": integer(3, 12)})


def play(
    space: Space, baseline: dict[str, Any], sampler: Any, trials: int, known: Any = ()
) -> tuple[list, SweepSource]:
    options = SweepOptions(trials, 5, sampler)
    options.check()
    source = SweepSource(
        space=space, study=meta(baseline=baseline), reading=Reading(list(known)), interrupted=[],
        options=options, halvings=None,
        about={},
    )  # fmt: skip
    records = []
    while (job := source.next()) is not None:
        records.append(record_of(job))
        source.done(job, records[-1])
    return records, source


def points(records: list) -> list[tuple[float, int]]:
    return [(r.config["learning_rate"], r.config["epochs"]) for r in records]


@pytest.mark.parametrize("name", ["Fixed", "Relative", "ready"])
def test_the_trials_are_exactly_what_the_sampler_proposes(file: Path, space: Space, baseline: Any, name: str) -> None:
    own = tried(load_sampler(f"{file}:{name}"), space, 5, 20)
    records, source = play(space, baseline, own, 20)
    assert records[0].config == baseline and points(records[1:]) == FIXED
    kinds = [(type(r.config["learning_rate"]), type(r.config["epochs"])) for r in records]
    assert set(kinds) == {(float, int)}, "numpy's numbers became Python's"
    assert source.exhausted() and source.sampler_ended, "the space has more, the sampler has not"


def test_a_resumed_one_that_begins_again_is_answered_from_the_records(file: Path, space: Space, baseline: Any) -> None:
    first, _ = play(space, baseline, load_sampler(f"{file}:Fixed"), 3)
    assert points(first[1:]) == FIXED[:2]
    more, _ = play(space, baseline, load_sampler(f"{file}:Fixed"), 20, first)
    assert points(more) == FIXED[2:]


def test_every_point_of_a_grid_once_however_often_resumed(file: Path, space: Space, baseline: Any) -> None:
    own = tried(load_sampler(f"{file}:grid"), space, 5, 20)
    records: list = []
    for trials in (1, 2, 4, 20, 30):
        records += play(space, baseline, own, trials, records)[0]
    assert sorted(points(records[1:])) == sorted(itertools.product([0.5, 0.25], [3, 9]))


def test_a_grid_of_one_point_is_not_confused_by_the_baseline(tmp_path: Path, space: Space, baseline: Any) -> None:
    path = tmp_path / "one.py"
    path.write_text(
        "from optuna.samplers import GridSampler\none = GridSampler({'learning_rate': [0.5], 'epochs': [3]})\n"
    )
    records, _ = play(space, baseline, load_sampler(f"{path}:one"), 9)
    assert points(records[1:]) == [(0.5, 3)]


def test_one_that_repeats_itself_is_not_exchanged_for_another(file: Path, toy: Any, baseline: Any) -> None:
    small = space_of(toy, baseline, {"learning_rate": log_float(0.01, 1.0)})
    records, source = play(small, baseline, load_sampler(f"{file}:Repeats"), 9)
    assert [r.config["learning_rate"] for r in records[1:]] == [0.01] and source.sampler_ended


def test_seeds_are_those_of_the_sweep_and_how_many_are_known(file: Path, space: Space, baseline: Any) -> None:
    own = load_sampler(f"{file}:make")
    first, _ = play(space, baseline, own, 5)
    again, _ = play(space, baseline, own, 5)
    built_in, _ = play(space, baseline, "random", 5)
    assert points(first) == points(again) == points(built_in)
    more, _ = play(space, baseline, own, 10, first)
    assert points(more) == points(play(space, baseline, "random", 10, first)[0])
    assert not set(points(more)) & set(points(first))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mkae", "sampler file '{file}' has no sampler 'mkae'; did you mean 'make'?"),
        ("number", "sampler file '{file}' has no sampler 'number'; valid: "),
        ("", "which sampler of '{file}'? Say --sampler {file}:NAME; it has: "),
        ("nothing", "sampler '{file}:nothing' gives None, which is no Optuna sampler"),
        ("raises", "sampler '{file}:raises', line {line}: KeyError: 'nothing'"),
        ("unseeded", "sampler '{file}:unseeded' cannot be called with seed=... alone: "),
        ("GridSampler", "cannot be called with seed=... alone: missing a required argument: 'search_space'; give"),
        ("other_grid", "The parameter name, learning_rate, is not found in the given grid"),
        ("Outside", "sampler '{file}:Outside' proposes learning_rate=7.0, and the space has no such value"),
        ("locked", "is a ready one that cannot be copied (TypeError: cannot pickle '_thread.lock' object): give"),
    ],
)
def test_what_is_wrong_is_told_in_a_line_before_a_sweep(file: Path, space: Space, name: str, message: str) -> None:
    line = FILE.split("\n").index('    return {}["nothing"]') + 1
    with pytest.raises(UserError) as caught:
        tried(load_sampler(f"{file}:{name}".rstrip(":")), space, 5, 20)
    assert message.format(file=file, line=line) in str(caught.value) and "\n" not in str(caught.value)


def test_a_sampler_that_lacks_its_package_is_found_before_the_sweep(
    file: Path, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Optuna's CMA-ES imports its package when it has seen a trial, not when it is made."""
    monkeypatch.setitem(__import__("sys").modules, "cmaes", None)
    with pytest.raises(UserError, match="No module named 'cmaes'|cmaes"):
        tried(load_sampler(f"{file}:CmaEsSampler"), space, 5, 20)


@pytest.mark.parametrize("name", ["part", "GPSampler", "make"])
def test_those_of_optuna_pass(file: Path, space: Space, baseline: Any, name: str) -> None:
    own = tried(load_sampler(f"{file}:{name}"), space, 5, 13)
    records, _ = play(space, baseline, own, 13)
    assert len(records) == 13 and all(r.config in space for r in records)


def test_never_more_is_tried_than_the_sweep_will_ask_for(file: Path, toy: Any, baseline: Any) -> None:
    small = space_of(toy, baseline, {"learning_rate": choice(0.5, 0.25, 0.1)})
    assert tried(load_sampler(f"{file}:Late"), small, 5, 2)
    with pytest.raises(UserError, match="IndexError"):
        tried(load_sampler(f"{file}:Late"), small, 5, 3)


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_toolkits_own_are_optunas(name: str) -> None:
    assert isinstance(make_sampler(name, 5, 0), optuna.samplers.BaseSampler)
