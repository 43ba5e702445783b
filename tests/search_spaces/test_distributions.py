"""Own reckoning about distributions, against Optuna's."""

from __future__ import annotations

import random
from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces import choice, distributions, integer, log_float, log_integer, uniform
from search_spaces.dimensions import tidy

FLOATS = st.floats(-10, 10)
WRITTEN = FLOATS.map(lambda x: round(x, 4))  # a stepped range starts at a number that a person writes
DISTRIBUTIONS = st.one_of(
    st.builds(lambda a, b: uniform(min(a, b), max(a, b)), FLOATS, FLOATS),
    st.builds(
        lambda a, n, s: uniform(a, a + n * s, step=s), WRITTEN, st.integers(0, 50), st.sampled_from([0.05, 0.1, 3])
    ),
    st.builds(lambda a, b: log_float(min(a, b), max(a, b)), st.floats(1e-6, 1), st.floats(1e-6, 1)),
    st.builds(lambda a, n, s: integer(a, a + n, step=s), st.integers(-9, 9), st.integers(0, 40), st.integers(1, 7)),
    st.builds(lambda a, n: log_integer(a, a + n), st.integers(1, 9), st.integers(0, 40)),
    st.builds(lambda v: choice(*v), st.lists(st.integers(-9, 9), min_size=1, unique=True)),
).map(lambda dimension: dimension.distribution())


@given(DISTRIBUTIONS, st.integers(0, 9))
@settings(deadline=None, max_examples=200)
def test_what_is_drawn_is_a_member_and_optuna_agrees(distribution: Any, seed: int) -> None:
    ours = distributions.draw(distribution, random.Random(seed))
    assert distributions.member(distribution, ours) == (ours,)
    assert distribution._contains(distribution.to_internal_repr(ours))
    if getattr(distribution, "step", None):
        (back,) = distributions.member(distribution, tidy(ours)) or (None,)
        assert distribution._contains(distribution.to_internal_repr(back))
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed)).ask({"x": distribution})
    assert distributions.member(distribution, trial.params["x"]) is not None
    for end in (*distributions.ends(distribution), *(distributions.values(distribution, 60) or [])):
        assert distributions.member(distribution, end) is not None


@given(DISTRIBUTIONS)
@settings(deadline=None, max_examples=200)
def test_count_is_the_number_of_values(distribution: Any) -> None:
    number = distributions.count(distribution)
    if number is None:
        assert isinstance(distribution, optuna.distributions.FloatDistribution)
        assert distributions.values(distribution, 10**9) is None
    else:
        listed = distributions.values(distribution, number)
        assert len(listed) == len(set(listed)) == number
        assert all(distributions.member(distribution, value) for value in listed)
        assert distributions.values(distribution, number - 1) is None


@pytest.mark.parametrize("value", [0.5, True, "1", None, 11, float("nan"), -1, [1]])
def test_what_is_no_member_of_a_range_of_whole_numbers(value: Any) -> None:
    assert distributions.member(integer(0, 10).distribution(), value) is None


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (choice(1, 2), choice(2, 3), {"choices": [1, 2, 3]}),
        (uniform(0, 1), uniform(0.5, 2), {"low": 0, "high": 2, "log": False, "step": None}),
        (log_float(0.1, 1), uniform(0.5, 2), {"low": 0.1, "high": 2, "log": False, "step": None}),
        (choice(1, 2), integer(1, 2), None),
    ],
)
def test_union_holds_both(one: Any, other: Any, both: Any) -> None:
    first, second = distributions.describe(one.distribution()), distributions.describe(other.distribution())
    assert distributions.union(first, second) == both
