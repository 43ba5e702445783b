"""Studies of the toy trainable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from results.meta import StudyMeta, StudyMetric
from results.store import Study
from study.protocol import load_trainable
from study.recording.data import describe_data
from tests.support import TOY


@pytest.fixture
def toy() -> Any:
    return load_trainable(TOY)


def make_toy_study(path: Path, trainable: str = TOY, **baseline: Any) -> tuple[Study, Any]:
    """Start a study of the toy and load its data."""
    toy = load_trainable(trainable)
    data = toy.hook("load_data")("600", Path("."))
    info = describe_data(toy.name, data, data.name, None)
    config = toy.Config(**baseline).model_dump()
    meta = StudyMeta(
        name=path.name,
        trainable=TOY,
        dataset=info,
        metric=StudyMetric.of(toy.metric),
        prefix=toy.prefix,
        baseline=config,
        device="cpu",
        precision="fp32",
    )
    return Study.create(path, meta), data


@pytest.fixture
def make_study(tmp_path):
    """Return a function that starts a study of the toy and loads its data."""
    return lambda **baseline: make_toy_study(tmp_path / "toy", **baseline)
