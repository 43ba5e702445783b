"""One training behind the door of results: what its end means, and the line of the trainable that failed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from study.engine.training import reason, train

from results.errors import BadResult
from results.outcome import Outcome, Runtime
from study.jobs import Model
from study.protocol import load_trainable

FILE = """
from tests.support.toy import *
from tests.support import toy

def fit(config, seed, data, on_epoch, state=None):
    outcome = toy.fit(config, seed, data, on_epoch, state)
    {then}
    return outcome
"""


def model(folder: Path, then: str) -> Model:
    file = folder / "mine.py"
    file.write_text(FILE.format(then=then))
    trainable = load_trainable(str(file))
    return Model(trainable, str(file), trainable.load_data("600", folder), Runtime())


def run(what: Model, stop: bool = False) -> Outcome:
    return train(what, {"epochs": 3}, 1, lambda epoch, snapshot: stop, None)


@pytest.fixture(autouse=True)
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_IN_PROCESS", "1")


def test_who_stops_was_asked_to(tmp_path: Path) -> None:
    stopped = model(tmp_path, "outcome.status = 'stopped'")
    with pytest.raises(BadResult, match="status is 'stopped', but on_epoch never returned True"):
        run(stopped)
    assert run(stopped, stop=True).status == "stopped"


def test_the_epoch_that_speaks_for_a_training_is_no_choice(tmp_path: Path) -> None:
    with pytest.raises(BadResult, match=r"best_epoch is \d, but epoch \d has the lowest validation loss"):
        run(model(tmp_path, "outcome.best_epoch = outcome.best_epoch % 3 + 1"))


def test_a_failure_names_the_trainables_own_line(tmp_path: Path) -> None:
    failing = model(tmp_path, "int('x')  # deeper: numpy's, torch's own lines say nothing to who wrote this")
    with pytest.raises(ValueError) as caught:
        run(failing)
    line = 1 + FILE.splitlines().index("    {then}")
    assert re.fullmatch(rf"ValueError: .*'x' \(mine\.py, line {line}\)", reason(caught.value, failing.trainable))
