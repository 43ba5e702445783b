"""``python mymodel.py``, where main() at its end is decorated: it trains once, and takes what the command line says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.trainings import temporary_module

SIGNATURE = '''"""A made-up training."""
import random
from study import Metric, trainable

@trainable(metric=Metric("val_loss", "min", test="test_loss"), data=lambda: 10)
def train(rate: float = 0.5, epochs: int = 2, *, run):
    for epoch in run.epochs(epochs):
        yield {"val_loss": run.data * rate / epoch + 0 * random.random()}
    return {"test_loss": run.seed}

if __name__ == "__main__":
    train(CALL)
'''
PARSER = """
import argparse
from study import Metric, trainable

def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=3)
    args = parser.parse_args()
    args.double = 2 * args.rate
    return args

@trainable(metric=Metric("val_loss", "min"), config=parse_args)
def main(args, run):
    return {"val_loss": args.double, "seed": args.seed, "run": run.seed}

if __name__ == "__main__":
    main()
"""


def run_file(folder: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    file = temporary_module(folder, text)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, file, *words], env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("call", "words", "said"),
    [
        ("", [], ["epoch 1 val_loss=5", "epoch 2 val_loss=2.5", "complete test_loss=0"]),
        ("rate=2, seed=7", [], ["epoch 1 val_loss=20", "epoch 2 val_loss=10", "complete test_loss=7"]),
        ("", ["--rate", "1", "--epochs", "1", "--seed", "4"], ["epoch 1 val_loss=10", "complete test_loss=4"]),
    ],
)
def test_a_decorated_function_called_by_hand(call: str, words: list[str], said: list[str], tmp_path: Path) -> None:
    done = run_file(tmp_path, SIGNATURE.replace("CALL", call), *words)
    assert done.stdout.splitlines() == said, done.stderr


@pytest.mark.parametrize(("words", "value"), [([], 1.0), (["--rate", "4"], 8.0)])
def test_a_script_with_its_own_parser(words: list[str], value: float, tmp_path: Path) -> None:
    done = run_file(tmp_path, PARSER, *words)
    assert done.stdout.splitlines()[0] == f"epoch 1 val_loss={value:g} seed=3 run=3", done.stderr


@pytest.mark.parametrize(
    ("call", "words", "said"),
    [
        ("", ["--rate", "x"], "rate='x'"),
        ("", ["--rat", "1"], "--rat"),
        ("0.5", [], "called without run, a trainable takes its settings by name"),
        ("ratte=1", [], "did you mean 'rate'?"),
    ],
)
def test_a_slip_is_told(call: str, words: list[str], said: str, tmp_path: Path) -> None:
    done = run_file(tmp_path, SIGNATURE.replace("CALL", call), *words)
    assert done.returncode != 0 and said in done.stderr.splitlines()[-1]


def test_called_with_run_it_is_the_function_that_it_was() -> None:
    from study import Metric, trainable

    @trainable(metric=Metric("val_loss"))
    def train(a: int = 1, *, run: object) -> object:
        """Its own words."""
        return a, run

    assert train(run="x") == (1, "x") and train(2, run="y") == (2, "y")
    assert train.__name__ == "train" and train.__doc__ == "Its own words."
