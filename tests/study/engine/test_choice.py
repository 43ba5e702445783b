"""Which executor runs what, and why it says it does."""

from __future__ import annotations

from typing import Any

import pytest

from results.errors import UserError
from study.engine import Options
from study.engine.choice import RAY_START, for_jobs, for_sweep


@pytest.fixture(autouse=True)
def nobody_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STUDY_ENGINE", raising=False)


@pytest.mark.parametrize(
    ("jobs", "at_once", "seconds", "engine"),
    [
        (1, 1, 2700.0, "here"),
        (1, 2, None, "here"),
        (3, 1, 30.0, "here"),
        (6, 2, None, "ray"),
        (6, 2, 6 * 2700.0, "ray"),
        (4, 2, 2 * RAY_START, "here"),  # two at a time save half of it
        (4, 2, 2 * RAY_START + 1, "ray"),
        (3, 2, 3 * RAY_START - 1, "here"),  # two rounds: a third of it
    ],
)
def test_auto_weighs_what_is_saved_against_rays_start(jobs: int, at_once: int, seconds: Any, engine: str) -> None:
    assert for_jobs(Options(), jobs, at_once, seconds).engine == engine


def test_a_sweep_is_ray_tune_unless_asked_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert for_sweep(Options()).engine == "ray" and for_sweep(Options()).fallback
    assert for_sweep(Options(engine="here")).engine == "here"
    assert not for_sweep(Options(engine="ray")).fallback  # whoever asks for Ray gets it or an error
    monkeypatch.setenv("STUDY_ENGINE", "here")
    assert for_sweep(Options()).engine == "here"
    assert for_jobs(Options(engine="ray"), 1, 1, None).engine == "ray"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"engine": "her"}, "unknown engine 'her'; did you mean 'here'?"),
        ({"engine": "here", "address": "a:1"}, "--engine here trains on this machine, not on the cluster at --address"),
    ],
)
def test_contradictions_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as refused:
        for_sweep(Options(**options))
    assert said in str(refused.value)
