"""The test set chooses nothing: whatever its labels, the sweep proposes, prunes and picks the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from results.analysis.evidence import Evidence
from results.store import Study
from study.planning.confirm import candidates
from tests.support import ROOT
from tests.support.commands import run_apart

OTHER_LABELS = """
import importlib.util, numpy as np
spec = importlib.util.spec_from_file_location("the_example", {example!r})
example = importlib.util.module_from_spec(spec)
spec.loader.exec_module(example)
Config, METRIC, PREFIX, SPACES, train = (getattr(example, n) for n in ("Config", "METRIC", "PREFIX", "SPACES", "train"))

def load_data():
    data = example.load_data()
    data.test_y = (data.test_y + {shift}) % 10
    return data
"""


def sweep(folder: Path, shift: int) -> Study:
    folder.mkdir()
    trainable = folder / "shifted.py"
    trainable.write_text(OTHER_LABELS.format(example=str(ROOT / "examples" / "digits_sklearn.py"), shift=shift))
    words = ["--study", str(folder / "study"), "--trainable", str(trainable), "--dataset", "digits", "--quiet"]
    words += ["--trials", "14", "--sampler", "tpe", "--scheduler", "asha", "--concurrency", "1", "--set", "epochs=4"]
    run_apart("sweep", *words)
    return Study.open(folder / "study")


@pytest.mark.long
def test_changing_every_test_label_changes_no_choice(tmp_path):
    one, other = sweep(tmp_path / "true", 0), sweep(tmp_path / "shifted", 1)
    a, b = one.records(), other.records()
    assert [(r.config, r.status, len(r.history)) for r in a] == [(r.config, r.status, len(r.history)) for r in b]
    assert {r.status for r in a} >= {"complete", "pruned"}
    scores = [(x.test_score, y.test_score) for x, y in zip(a, b, strict=True) if x.status == "complete"]
    assert all(x > 0.7 and y < 0.3 for x, y in scores)  # the labels did change
    assert [r.run_id for r in candidates(Evidence(a, one.meta), 3)] == [
        r.run_id for r in candidates(Evidence(b, other.meta), 3)
    ]
