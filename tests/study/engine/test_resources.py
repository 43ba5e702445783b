"""How many at once: decided from counts, so machines we do not have can be tested."""

from __future__ import annotations

import pytest

from results.errors import UserError
from study.engine.resources import Machine, Options, plan_resources
from study.recording.provenance import usable_cpus


def plan_for(cpus, gpus=0, *, use_gpu=None, jobs=None, gpu_memory_gib=None, **asked):
    return plan_resources(Machine(cpus, gpus, gpu_memory_gib), Options(**asked), use_gpu=use_gpu, jobs=jobs)


def slots(*args, **kwargs):
    plan = plan_for(*args, **kwargs)
    return plan.concurrency, plan.cpus_per_trial, plan.gpus_per_trial


def test_a_cpu_gets_one_trial_per_core_with_one_thread():
    assert slots(4) == (4, 1, 0)
    assert slots(1) == (1, 1, 0)
    assert slots(4, cpus_per_trial=2) == (2, 2, 0)
    assert slots(4, concurrency=2) == (2, 2, 0)
    assert slots(4, concurrency=3) == (3, 1, 0)


def test_gpus_are_shared_as_far_as_cores_and_memory_go():
    assert slots(16, 1) == (4, 4, 0.25)
    assert slots(16, 8) == (16, 1, 0.5)
    assert slots(2, 1) == (2, 1, 0.5)
    assert slots(16, 1, gpu_memory_gib=8) == (2, 8, 0.5)
    assert slots(64, 8, gpu_memory_gib=80) == (32, 2, 0.25)
    assert slots(16, 4, use_gpu=False) == (16, 1, 0)
    assert slots(16, 4, gpus_per_trial=0) == (16, 1, 0)


def test_what_was_asked_for_is_done():
    assert slots(16, 2, gpus_per_trial=1) == (2, 8, 1)
    assert slots(16, 4, gpus_per_trial=2) == (2, 8, 2)
    assert slots(16, 2, concurrency=6) == (6, 2, 0.3333)
    assert slots(16, 4, concurrency=2) == (2, 8, 2)
    assert slots(4, concurrency=8, cpus_per_trial=1) == (8, 1, 0)
    assert "slower" in str(plan_for(4, concurrency=8, cpus_per_trial=1))


def test_a_share_rounded_for_show_still_fits_on_the_gpu():
    for n in range(1, 33):
        plan = plan_for(64, 1, concurrency=n)
        assert plan.concurrency * plan.gpus_per_trial <= 1


def test_no_more_slots_than_jobs():
    assert slots(16, jobs=3)[0] == 3
    assert slots(16, 1, jobs=1)[0] == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"gpus_per_trial": 2},
        {"gpus_per_trial": 0.5, "concurrency": 4},
        {"cpus_per_trial": 9},
        {"gpus_per_trial": 1, "use_gpu": False},
    ],
)
def test_refuses_what_there_is_not(asked):
    with pytest.raises(UserError, match="--"):
        plan_for(8, 1, **asked)


def test_says_that_there_is_no_gpu():
    with pytest.raises(UserError, match="no GPU here"):
        plan_for(8, 0, gpus_per_trial=0.5)


def test_this_machine():
    assert usable_cpus() >= 1
