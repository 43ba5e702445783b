"""The source of a plan's runs: in the order of rounds, ahead of the verdicts, and no further than they need."""

from __future__ import annotations

import random
from typing import Any

import pytest

from results.analysis.looks import Pair, by_run
from results.analysis.plans import Plan, failures, judge
from results.config import config_hash
from study.jobs import Job
from study.planning.rounds import Rounds, job_maker
from tests.support.runs import BASE, hash_of, run

ONE, WIDE, DEEP = hash_of(), hash_of(width=16), hash_of(depth=3)
CONFIGS = {ONE: BASE, WIDE: BASE | {"width": 16}, DEEP: BASE | {"depth": 3}}
SEEDS = (9, 2, 7, 4, 5, 11)


def plan(halving: tuple[int, ...] = ()) -> Plan:
    table = tuple((float("inf"), float("inf"), *(5.0 + m,) * 4) for m in range(2))
    pairs = tuple(Pair(name, ONE, SEEDS) for name in (WIDE, DEEP))
    return Plan("confirm", 1, pairs, SEEDS, 0.005, "test-set", 0.04, table, halving=halving).sealed()


def outcome(job: Job) -> Any:
    """Wide gains 3 points at every seed, deep wobbles; deep fails at seed 4."""
    name, changed = job.config_hash, {k: v for k, v in job.config.items() if v != BASE[k]}
    if (name, job.seed) == (DEEP, 4):
        return run(4, test=None, val=None, status="failed", depth=3)
    base = 0.7 + 0.003 * (job.seed % 5)
    gain = {ONE: 0.0, WIDE: 0.03 + 0.001 * (job.seed % 3), DEEP: 0.02 * (-1) ** job.seed}[name]
    return run(job.seed, test=base + gain, **changed)


def source(made: Plan, own: list | None = None) -> Rounds:
    own = own or []
    make = job_maker("confirm", CONFIGS, {}, lambda job: job)
    return Rounds(made, make, by_run(own), failures(own), lambda pair, judged: f"{pair.candidate} is told")


def test_runs_come_round_by_round_the_reference_first() -> None:
    rounds = source(plan())
    jobs = [rounds.next() for _ in range(18)]
    assert [(j.config_hash, j.seed) for j in jobs if j] == [(h, s) for s in SEEDS for h in (ONE, WIDE, DEEP)]
    assert all(j is not None and j.kind == "confirm" for j in jobs)
    assert rounds.next() is None and rounds.exhausted()


def test_what_is_recorded_or_has_failed_is_not_handed_out() -> None:
    own = [run(s) for s in SEEDS[:3]] + [run(9, test=None, val=None, status="failed", width=16)]
    rounds = source(plan(), own)
    names = [(j.config_hash, j.seed) for j in (rounds.next() for _ in range(14)) if j]
    assert len(names) == 14 and rounds.exhausted()
    assert (WIDE, 9) not in names and not {(ONE, s) for s in SEEDS[:3]} & set(names)


def drive(made: Plan, slots: int, seed: int) -> tuple[Rounds, list]:
    """Run a plan with so many side by side, which end in a random order."""
    rounds, rng, going, own, states = source(made), random.Random(seed), [], [], []
    while True:
        while len(going) < slots and (job := rounds.next()) is not None:
            going.append(job)
        states.append(rounds.exhausted())
        if not going:
            break
        job = going.pop(rng.randrange(len(going)))
        own.append(outcome(job))
        rounds.done(job, own[-1])
    assert states == sorted(states), "once exhausted, always exhausted"
    assert len({(r.config_hash, r.seed) for r in own}) == len(own), "no run twice"
    return rounds, own


@pytest.mark.parametrize("halving", [(), (3,)])
def test_any_order_of_ending_gives_the_same_verdict(halving: tuple[int, ...]) -> None:
    made = plan(halving)
    first, own = drive(made, 1, 0)
    stopped = first.judged.decisions.stopped[0]
    assert first.judged.ended and stopped[0] == 5, "wide is decided after five rounds: the rest is not trained"
    for name, last in zip((WIDE, DEEP), stopped, strict=True):
        assert {r.seed for r in own if r.config_hash == name} == set(SEEDS[:last])
    for slots in (2, 3, 7):
        for seed in range(8):
            other, records = drive(made, slots, seed)
            assert other.judged.verdicts() == first.judged.verdicts()
            assert other.judged.digests() == first.judged.digests()
            assert len(own) <= len(records) <= 18
            shuffled = random.Random(seed).sample(records, len(records))
            again = judge(made, by_run(shuffled), failures(shuffled))
            assert again.verdicts() == first.judged.verdicts()


def test_it_hands_nothing_out_once_all_is_decided() -> None:
    made = plan()
    own = [outcome(Job("confirm", CONFIGS[h], s)) for s in SEEDS for h in CONFIGS]
    rounds = source(made, own)
    assert rounds.judged.ended and rounds.exhausted() and rounds.next() is None


def test_it_tells_each_decision_once_and_where_it_is() -> None:
    rounds = source(plan())
    assert rounds.best_line() == "round 0 of at most 6: 2 of 2 still open"
    told = []
    while (job := rounds.next()) is not None:
        rounds.done(job, outcome(job))
        told += rounds.news()
    assert told == [f"{WIDE} is told", f"{DEEP} is told"] and rounds.news() == []
    assert rounds.best_line() == "round 6 of at most 6: 0 of 2 still open"
    assert config_hash(CONFIGS[WIDE]) == WIDE and not rounds.epoch(Job("confirm", BASE, 1), [])
