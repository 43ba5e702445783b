"""The two executors through the command line: with as many threads, the same bits."""

from __future__ import annotations

from pathlib import Path

import pytest

from results.store import Study
from tests.support import flat
from tests.support.commands import run_apart

TINY = ["--dataset", "digits", "--set", "architecture=tiny", "--set", "epochs=3", "--cpus-per-trial", "1"]


@pytest.fixture(autouse=True)
def no_engine_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STUDY_ENGINE", raising=False)


@pytest.mark.long
def test_a_run_gives_the_same_bits_on_both(tmp_path: Path) -> None:
    told = []
    for engine in ("here", "ray"):
        path = tmp_path / engine
        _, said = run_apart("baseline", "--seeds", "2", "--engine", engine, *TINY, "--study", str(path))
        assert f"(--engine {engine})" in flat(said)
        records = sorted(Study.open(path).records(), key=lambda r: r.seed)
        assert [r.environment["threads"] for r in records] == [1, 1]
        told.append([(r.val, r.test, r.test_examples, r.test_confusion) for r in records])
        arrays = [Study.open(path).predictions(r.run_id, "test") for r in records]
        told[-1].append([a.probabilities.tobytes() for a in arrays if a is not None])
    assert told[0] == told[1] and len(told[0][-1]) == 2


@pytest.mark.long
def test_a_command_says_which_it_takes_and_why(tmp_path: Path) -> None:
    _, said = run_apart("baseline", *TINY, "--study", str(tmp_path / "s"))
    assert "(a single training): 1 training at a time, 1 core each" in flat(said)
    _, said = run_apart("baseline", "--seeds", "3", *TINY, "--concurrency", "2", "--study", str(tmp_path / "s"))
    assert "less than the start of Ray takes): 1 training at a time" in flat(said)
