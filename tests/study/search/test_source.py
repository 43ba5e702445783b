"""The sweep's decisions without Ray: what comes next, what counts, what a restart knows."""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
import optuna
import pytest

from results.config import config_hash
from results.errors import UserError
from results.metric import Metric
from results.outcome import Epoch
from results.reading import Reading
from results.record import HistoryRow, MetricTag
from search_spaces import choice, log_float
from study.jobs import Job
from study.recording.checkpoints import Interrupted
from study.search.options import SweepOptions
from study.search.pruner import Halvings
from study.search.sampler import Proposer, as_trial
from study.search.source import SweepSource
from tests.support.runs import meta
from tests.support.sweep_records import record_of, space_of
from tests.support.sweep_toy import SEED


@pytest.fixture
def baseline(toy):
    return toy.Config(epochs=9).model_dump()


def epoch(number, accuracy, loss=1.0):
    return Epoch(number, {"val_loss": loss, "val_accuracy": accuracy}, 1.0)


def source_of(
    toy, baseline, records=(), *, trials=6, interrupted=(), space=None, halvings=None, sampler="random", **of
):
    """``of``: ``seed``, and what the study is (``metric``, ``prefix``)."""
    options = SweepOptions(trials, of.pop("seed", SEED), sampler)
    return SweepSource(
        space=space or space_of(toy, baseline),
        study=meta(**of, baseline=baseline),
        reading=Reading(list(records)),
        interrupted=list(interrupted),
        options=options,
        halvings=halvings,
        about={"space": "toy"},
    )


def play(source, status="complete", accuracy=0.5):
    """Run a source to its end, one job at a time."""
    records = []
    while (job := source.next()) is not None:
        records.append(record_of(job, status, accuracy))
        source.done(job, records[-1])
    assert source.exhausted()
    return records


def test_baseline_first_then_as_many_as_asked(toy, baseline):
    records = play(source_of(toy, baseline, trials=6))
    assert records[0].config == baseline and [r.trial for r in records] == list(range(6))
    assert len({r.config_hash for r in records}) == 6 and {r.seed for r in records} == {SEED}


def test_every_status_counts(toy, baseline):
    earlier = play(source_of(toy, baseline, trials=4), status="failed")
    assert len(play(source_of(toy, baseline, earlier, trials=6))) == 2
    assert source_of(toy, baseline, earlier, trials=4).exhausted()
    assert source_of(toy, baseline, earlier, trials=2).exhausted()


def test_baseline_of_this_seed_is_not_trained_again(toy, baseline):
    have = record_of(Job("baseline", baseline, SEED))
    records = play(source_of(toy, baseline, [have], trials=4))
    assert len(records) == 4 and all(r.config_hash != have.config_hash for r in records)
    other = record_of(Job("baseline", baseline, SEED + 1))
    assert play(source_of(toy, baseline, [other], trials=4))[0].config == baseline


def test_baseline_that_failed_elsewhere_is_tried_again_under_another_name(toy, baseline):
    failed = record_of(Job("baseline", baseline, SEED), "failed")
    first = source_of(toy, baseline, [failed]).next()
    assert first.config == baseline and first.attempt == 2 and first.run_id != failed.run_id


def test_baseline_comes_first_even_where_the_space_lacks_it(toy, baseline):
    space = space_of(toy, baseline, fixed={"batch_size": 64})
    records = play(source_of(toy, baseline, trials=3, space=space))
    assert records[0].config == baseline
    assert all(r.config["batch_size"] == 64 for r in records[1:])


def test_a_restart_proposes_something_new(toy, baseline):
    for sampler in ("tpe", "random", "qmc"):
        first = play(source_of(toy, baseline, trials=5, sampler=sampler))
        more = play(source_of(toy, baseline, first, trials=10, sampler=sampler))
        assert [r.trial for r in more] == [5, 6, 7, 8, 9]
        rates = [r.config["learning_rate"] for r in first[1:] + more]
        assert len(set(rates)) == 9, sampler


def test_same_seed_proposes_the_same(toy, baseline):
    def configs(seed):
        return [r.config for r in play(source_of(toy, baseline, trials=5, seed=seed))]

    assert configs(1) == configs(1) != configs(2)


def test_a_known_config_is_answered_and_not_counted(toy, baseline):
    space = space_of(toy, baseline, "small")
    other_kind = record_of(Job("confirm", baseline | {"noise": 0.3}, SEED), accuracy=0.9)
    source = source_of(toy, baseline, [other_kind], trials=9, space=space)
    records = play(source)
    assert source.exhausted_space
    assert len(records) == 3  # the space holds 2 * 2 configs, one of which is known
    assert other_kind.config_hash not in {r.config_hash for r in records}


def test_running_configs_are_not_proposed_again(toy, baseline):
    source = source_of(toy, baseline, trials=9, space=space_of(toy, baseline, "small"))
    jobs = [source.next() for _ in range(4)]
    assert len({config_hash(j.config) for j in jobs}) == 4 and source.next() is None and source.exhausted()


def test_an_exhausted_continuous_space_ends_too(toy, baseline):
    space = space_of(toy, baseline, {"noise": choice(0.0, 0.1, 0.2)})
    source = source_of(toy, baseline, trials=50, space=space, sampler="tpe")
    assert len(play(source)) == 3 and source.exhausted_space


def test_jobs_that_were_cut_off_come_first_and_keep_their_number(toy, baseline):
    done = play(source_of(toy, baseline, trials=3))
    lost = Job("sweep", baseline | {"learning_rate": 0.5}, SEED, trial=4)
    elsewhere = Job("confirm", baseline | {"noise": 1.0}, SEED)
    row = epoch(1, 0.5)
    cut = [
        Interrupted(lost, [row]),
        Interrupted(elsewhere, [row]),
        Interrupted(dataclasses.replace(lost, seed=SEED + 1), [row]),
    ]
    source = source_of(toy, baseline, done, trials=6, interrupted=cut)
    assert source.next() == lost
    rest = play(source)
    assert sorted(r.trial for r in rest) == [3, 5]


def test_what_is_pruned_and_what_never(toy, baseline):
    source = source_of(toy, baseline, trials=9, halvings=Halvings(12, 3, 1))

    def history(accuracy):
        return [epoch(1, accuracy)]

    base, good, bad = source.next(), source.next(), source.next()
    assert not source.epoch(good, history(0.9))
    assert not source.epoch(base, history(0.1))  # protected
    assert source.epoch(bad, history(0.5))
    short = dataclasses.replace(bad, config=bad.config | {"epochs": 1, "noise": 0.7})
    assert not source.epoch(short, history(0.2))  # its own last epoch


def test_rungs_know_earlier_runs_after_a_restart(toy, baseline):
    earlier = play(source_of(toy, baseline, trials=4), accuracy=0.9)
    source = source_of(toy, baseline, earlier, trials=6, halvings=Halvings(12, 3, 1))
    job = source.next()
    assert source.epoch(job, [epoch(1, 0.01)])


def test_what_optuna_is_told(toy, baseline):
    space = space_of(toy, baseline)
    job = Job("sweep", baseline | {"learning_rate": 0.5}, SEED, trial=1)
    complete = as_trial(space, record_of(job, accuracy=0.8))
    assert complete.state == optuna.trial.TrialState.COMPLETE and complete.value == 0.8
    pruned = as_trial(space, record_of(job, "pruned", 0.4, epochs=3))
    assert pruned.state == optuna.trial.TrialState.PRUNED and sorted(pruned.intermediate_values) == [1, 2, 3]
    for status in ("failed", "diverged"):
        told = as_trial(space, record_of(job, status))
        assert told.state == optuna.trial.TrialState.FAIL and told.value is None
    assert as_trial(space, record_of(dataclasses.replace(job, config=baseline | {"batch_size": 7}))) is None


def test_telling_and_rebuilding_are_the_same_to_optuna(toy, baseline):
    space = space_of(toy, baseline)
    live = Proposer(space, "random", 0, [])
    records = []
    for number, status in enumerate(("complete", "pruned", "failed", "diverged")):
        trial, config = live.ask()
        records.append(record_of(Job("sweep", config, SEED, trial=number), status, epochs=2))
        live.tell(trial, records[-1])
    again = Proposer(space, "random", 0, records)
    for a, b in zip(live.study.trials, again.study.trials, strict=True):
        assert (a.state, a.values, a.params, a.distributions) == (b.state, b.values, b.params, b.distributions)
        assert (a.intermediate_values, a.user_attrs) == (b.intermediate_values, b.user_attrs)


def test_space_with_conditions_is_traced_back(toy, baseline):
    def conditional(trial):
        config = {"noise": trial.suggest_categorical("noise", [0.0, 1.0])}
        if config["noise"]:
            config["batch_size"] = trial.suggest_int("batch_size", 8, 64, log=True)
        return config

    space = space_of(toy, baseline, conditional)
    records = play(source_of(toy, baseline, trials=8, space=space, sampler="tpe"))
    again = Proposer(space, "tpe", 0, records)
    assert again.outside == 0 and len(again.study.trials) == len(records)
    assert {len(t.params) for t in again.study.trials} == {1, 2}


def test_records_outside_the_space_are_counted_not_learnt(toy, baseline):
    earlier = play(source_of(toy, baseline, trials=4))
    narrow = space_of(toy, baseline, {"batch_size": choice(16, 32)})
    source = source_of(toy, baseline, earlier, trials=5, space=narrow)
    assert source.outside == 3  # all but the baseline
    assert len(play(source)) == 1


def test_best_line_compares_at_equal_epochs(toy, baseline):
    source = source_of(toy, baseline, trials=3)
    job = source.next()
    source.done(job, record_of(job, accuracy=0.9))
    job = source.next()
    job = dataclasses.replace(job, config=job.config | {"epochs": 3})
    source.done(job, record_of(job, accuracy=0.6))
    assert "60.00 %" in source.best_line() and "baseline 30.00 % after 3 epochs" in source.best_line()


RMSE = Metric("val_rmse", "min", "mpg", select="last")


def error(number, value):
    return Epoch(number, {"val_rmse": value}, 1.0)


def of_rmse(job, values, status="complete"):
    """Return a record whose metric is an error."""
    rows = [HistoryRow(epoch=e, values={"val_rmse": v}, seconds=1) for e, v in enumerate(values, 1)]
    made = {"metric": MetricTag(**RMSE.tag), "history": rows, "test": {}, "test_examples": None, "test_confusion": None}
    scored = {"best_epoch": len(rows), "val": rows[-1].values} if status in ("complete", "pruned") else {}
    return record_of(job, status).model_copy(update=made | scored)


def test_an_error_is_minimised_by_optuna_which_sees_it_as_it_is(toy, baseline):
    space = space_of(toy, baseline, {"learning_rate": log_float(1e-3, 1.0)})
    live = Proposer(space, "tpe", 0, [], "min")
    records = []
    for number in range(12):
        trial, config = live.ask()
        far = abs(np.log10(config["learning_rate"]) + 2)  # least at 0.01
        records.append(of_rmse(Job("sweep", config, SEED, trial=number), [5 + far, 2 + far]))
        live.tell(trial, records[-1])
    assert live.study.direction == optuna.study.StudyDirection.MINIMIZE
    assert live.study.best_value == min(r.val["val_rmse"] for r in records)
    assert live.study.trials[0].intermediate_values == {
        1: records[0].history[0].values["val_rmse"],
        2: live.study.trials[0].value,
    }
    again = Proposer(space, "random", 0, records, "min")
    assert again.study.best_value == live.study.best_value


def test_a_greater_error_is_what_is_pruned(toy, baseline):
    source = source_of(toy, baseline, trials=9, halvings=Halvings(12, 3, 1), metric=RMSE)
    source.next()
    one, other = source.next(), source.next()
    assert not source.epoch(one, [error(1, 2.0)]) and source.epoch(other, [error(1, 3.0)])
    source.done(one, of_rmse(one, [2.0, 1.25]))
    assert source.best_line() == "best so far 1.250 mpg validation (trial 1, 2 epochs)"


def test_where_no_prefix_is_claimed_trials_of_another_length_are_another_group(toy, baseline):
    """A cosine schedule over nine epochs and one over twelve do not compare after one epoch."""
    source = source_of(toy, baseline, trials=30, halvings=Halvings(None, 3, 1), prefix=False)
    source.next()

    def job(epochs, noise):
        config = baseline | {"epochs": epochs, "noise": noise}
        return source._job(config)

    assert not source.epoch(job(9, 0.1), [epoch(1, 0.9)])
    assert not source.epoch(job(12, 0.1), [epoch(1, 0.2)]), "the first of its length has nobody beside it"
    assert source.epoch(job(9, 0.2), [epoch(1, 0.5)]) and not source.epoch(job(12, 0.2), [epoch(1, 0.5)])
    assert job(9, 0.3).sweep["rungs"] == [1, 3] and job(12, 0.3).sweep["rungs"] == [1, 3, 9]
    earlier = record_of(job(12, 0.4), "pruned", 0.95, epochs=1)
    again = source_of(toy, baseline, [earlier], trials=30, halvings=Halvings(None, 3, 1), prefix=False)
    assert again.epoch(job(12, 0.5), [epoch(1, 0.5)]) and not again.epoch(job(9, 0.5), [epoch(1, 0.5)])


def test_without_epochs_in_the_config_all_are_one_group_and_none_stops_where_another_ended(toy, baseline):
    own = {name: value for name, value in baseline.items() if name != "epochs"}
    halvings = Halvings(None, 3, 1)
    source = source_of(toy, baseline, halvings=halvings, prefix=False)

    def job(noise):
        return Job("sweep", own | {"noise": noise}, SEED, trial=int(10 * noise))

    assert not source.epoch(job(0.1), [epoch(1, 0.9)]) and source.epoch(job(0.2), [epoch(1, 0.5)])
    source.done(job(0.1), record_of(dataclasses.replace(job(0.1), config=own | {"noise": 0.1}), accuracy=0.9, epochs=3))
    rows = [epoch(e, 0.1) for e in (1, 2, 3)]
    assert not source.epoch(job(0.3), rows), "trainings end after three epochs: there is nothing left to save"
    assert source.epoch(job(0.4), rows[:1])


def test_best_line_lays_no_trial_beside_the_first_epochs_of_a_longer_schedule(toy, baseline):
    source = source_of(toy, baseline, trials=3, prefix=False)
    job = source.next()
    source.done(job, record_of(job, accuracy=0.9))
    job = source.next()
    job = dataclasses.replace(job, config=job.config | {"epochs": 3})
    source.done(job, record_of(job, accuracy=0.6))
    assert "(trial 1, 3 epochs); baseline 90.00 % after its 9 epochs; one run each" in source.best_line()


def test_unknown_sampler(toy, baseline):
    with pytest.raises(UserError, match="did you mean 'tpe'"):
        source_of(toy, baseline, sampler="tpee")


def test_gp_proposes(toy, baseline):
    space = space_of(toy, baseline, {"learning_rate": log_float(1e-3, 1.0)})
    assert len(play(source_of(toy, baseline, trials=13, space=space, sampler="gp"))) == 13


def test_a_trial_takes_no_more_steps_late_than_early(toy, baseline):
    halvings = Halvings(12, 3, 1)
    source = source_of(toy, baseline, trials=2000, halvings=halvings)
    steps = []

    def one(accuracy):
        job = source.next()
        source.epoch(job, [epoch(1, accuracy)])
        source.done(job, record_of(job, "pruned", accuracy, 1))

    def step(frame, event, argument):
        steps[-1] += event == "line"
        return step

    accuracies = np.random.default_rng(0).random(700)
    for number, accuracy in enumerate(accuracies):
        steps.append(0)
        before = sys.gettrace()
        if number >= 650 or 50 <= number < 100:
            sys.settrace(step)
        try:
            one(float(accuracy))
        finally:
            sys.settrace(before)
    assert 100 < np.median(steps[650:]) <= 1.05 * np.median(steps[50:100])
