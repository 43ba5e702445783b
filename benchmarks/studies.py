"""A study for a benchmark to fill, and how it asks for an executor of the engine."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

from results.meta import StudyMeta, StudyMetric
from results.outcome import Runtime
from results.store import Study
from study.engine import Model, Options
from study.protocol import takes, trainable_of
from study.recording.data import describe_data


def model_of(module: ModuleType, dataset: str = "", runtime: Runtime | None = None) -> Model:
    """Return a trainable of an importable module with its data."""
    trainable = trainable_of(module, module.__name__)
    load = trainable.hook("load_data")
    data = load(**takes(load, dataset=dataset or trainable.name, data_dir=Path("."))) if load else None
    return Model(trainable, module.__name__, data, runtime or Runtime())


def new_study(path: Path, model: Model, **baseline: Any) -> Study:
    """Start a study of ``model`` whose baseline is ``baseline``, filled up."""
    trainable = model.trainable
    label = str(getattr(model.data, "name", trainable.name))
    meta = StudyMeta(
        name=path.name,
        trainable=model.name,
        dataset=describe_data(trainable.name, model.data, label, None),
        metric=StudyMetric.of(trainable.metric),
        prefix=trainable.prefix,
        baseline=trainable.Config(**baseline).model_dump(mode="json"),
        device=model.runtime.device,
        precision=model.runtime.precision,
    )
    return Study.create(path, meta)


def chooses_engine() -> bool:
    """Whether this revision can be asked for an executor; one that cannot has Ray alone."""
    return "engine" in {f.name for f in fields(Options)}


def options(engine: str) -> Options:
    """Return options for the executor 'here', one training at a time, or 'ray', two; a core each, nothing shown.

    Raises ValueError for 'here' where this revision cannot be asked for it.
    """
    if chooses_engine():
        more: dict[str, Any] = {"engine": engine}
    elif engine == "ray":
        more = {}
    else:
        raise ValueError(f"this revision cannot be asked for the engine '{engine}'")
    return Options(concurrency=1 if engine == "here" else 2, cpus_per_trial=1, quiet=True, **more)
