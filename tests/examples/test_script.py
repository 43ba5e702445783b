"""The ordinary script, run as it is and as a trainable: few changed lines, the same numbers."""

from __future__ import annotations

import difflib
import re
import subprocess
import sys

import pytest

from results.outcome import Runtime
from study.jobs import Model
from study.protocol import load_trainable
from study.training.loop import train
from tests.support import ROOT

SCRIPT, TRAINABLE = ROOT / "examples/script/train.py", ROOT / "examples/script_trainable.py"


def test_it_becomes_a_trainable_by_at_most_fifteen_changed_lines() -> None:
    before, after = ([line for line in f.read_text().splitlines() if line.strip()] for f in (SCRIPT, TRAINABLE))
    changes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    assert sum(max(i2 - i1, j2 - j1) for kind, i1, i2, j1, j2 in changes if kind != "equal") <= 15


def test_the_trainable_gives_the_numbers_that_the_script_prints() -> None:
    words = ["--epochs", "3", "--lr", "0.01", "--width", "8", "--seed", "5"]
    ran = subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True, check=True)
    printed = [float(value) for value in re.findall(r"val_acc=([\d.]+)", ran.stdout)]
    trainable = load_trainable(str(TRAINABLE))
    config = trainable.Config(epochs=3, lr=0.01, width=8).model_dump()
    outcome = train(Model(trainable, "", None, Runtime(threads=1)), config, 5, lambda epoch, state, last: False)
    assert [epoch.values["val_acc"] for epoch in outcome.history] == pytest.approx(printed, abs=6e-5)
    (test,) = re.findall(r"test_acc=([\d.]+)", ran.stdout)
    assert outcome.test_values["test_acc"] == pytest.approx(float(test), abs=6e-5)
