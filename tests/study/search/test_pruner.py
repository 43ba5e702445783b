"""Successive halving: the same decisions as Ray Tune's own, and none forgotten over a restart."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from study.search.pruner import Halving


def test_rungs_lie_below_the_longest_training():
    assert Halving(25, 3, 1).rungs == [1, 3, 9]
    assert Halving(25, 4, 2).rungs == [2, 8]
    assert Halving(1, 3, 1).rungs == []
    assert Halving(10, 1.5, 1).rungs == [1, 2, 3, 5, 7]  # rounded down, none twice


def test_by_hand():
    halving = Halving(9, 3, 1)  # one in three goes on: the cutoff is the 66.7th percentile of those before
    assert not halving.stops("a", 1, 0.5)  # the first has nobody to be compared with
    assert halving.stops("b", 1, 0.4)
    assert not halving.stops("c", 1, 0.6)
    assert halving.cutoff(1) == pytest.approx(0.4 + (0.6 - 0.4) * 4 / 6)
    assert not halving.stops("d", 2, 0.0)  # no rung at epoch 2
    assert halving.stops("d", 1, float("nan"))


def test_last_epoch_and_protected_are_measured_but_not_stopped():
    halving = Halving(9, 3, 1)
    halving.stops("a", 3, 0.9)
    assert not halving.stops("short", 3, 0.1, last=True)
    assert not halving.stops("baseline", 3, 0.1, protected=True)
    assert halving.cutoff(3) == pytest.approx(np.percentile([0.9, 0.1, 0.1], 100 * 2 / 3))
    assert halving.stops("b", 3, 0.2)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_decides_as_ray_does(factor):
    bracket_class = pytest.importorskip("ray.tune.schedulers.async_hyperband")._Bracket
    random = np.random.default_rng(factor)
    ours, theirs = Halving(27, factor, 1), bracket_class(1, 26, factor, 0)
    assert ours.rungs == sorted(int(milestone) for milestone, _ in theirs._rungs)
    live = {f"t{i}": 0 for i in range(40)}
    stopped = 0
    while live:
        name = random.choice(sorted(live))
        live[name] += 1
        score = float(random.random())
        mine = ours.stops(name, live[name], score)
        assert mine == (theirs.on_result(SimpleNamespace(trial_id=name), live[name], score) == "STOP")
        stopped += mine
        if mine or live[name] == 26:
            del live[name]
    assert stopped > 20


def test_refilled_rungs_decide_as_if_never_interrupted():
    random = np.random.default_rng(0)
    curves = {f"t{i}": random.random(9).tolist() for i in range(30)}
    whole, first = Halving(10, 3, 1), Halving(10, 3, 1)
    seen: dict[str, list[float]] = {}

    def play(halving: Halving, names: list[str]) -> list[bool]:
        decisions = []
        for name in names:
            for epoch, score in enumerate(curves[name], start=1):
                seen.setdefault(name, []).append(score)
                decisions.append(halving.stops(name, epoch, score))
                if decisions[-1]:
                    break
        return decisions

    names = sorted(curves)
    uninterrupted = play(whole, names)
    seen.clear()
    before = play(first, names[:17])
    again = Halving(10, 3, 1)
    for name, scores in seen.items():
        again.known(name, scores)
    assert before + play(again, names[17:]) == uninterrupted


@pytest.mark.parametrize("factor", [1.1, 1.5, 2, 3, 4, 7.3])
def test_the_cutoff_is_the_percentile_to_the_last_bit(factor):
    random = np.random.default_rng(int(factor * 10))
    halving = Halving(9, factor, 1)
    seen = []
    for i in range(300):
        score = float(random.choice([random.random(), random.normal() * 1e-9, 0.5]))
        halving.known(i, [score])
        halving.known(i, [score + 1])  # the first counts
        seen.append(score)
        assert halving.cutoff(1) == float(np.percentile(seen, (1 - 1 / factor) * 100))
