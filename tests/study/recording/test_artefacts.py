"""Pictures of features: also where there is nothing to see."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from study.recording.artefacts import embed
from tests.support import ROOT


@pytest.mark.parametrize("features", ["np.zeros((12, 3))", "np.full((12, 3), 1e-38) * np.arange(12)[:, None]"])
def test_features_that_are_all_alike_make_no_picture(features: str) -> None:
    """In a process of its own: t-SNE ended it by SIGSEGV."""
    code = (
        "import numpy as np; from study.recording.artefacts import embed; "
        f"print(embed(({features}).astype(np.float32), np.arange(12) % 3, 1))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "None"), done.stderr[-500:]


def test_one_dimension_makes_no_picture() -> None:
    assert embed(np.random.default_rng(0).random((12, 1)), np.arange(12) % 3, 1) is None
