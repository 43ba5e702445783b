"""The data of a command: what its options, its study and its trainable say they are, loaded and described."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import Any

from results.code import OWN
from results.errors import UserError, foreign
from results.meta import DatasetInfo, StudyMeta
from study.protocol import Trainable, takes
from study.recording.data import describe_data, own_name

UNNAMED = "its own data"  # the label of data that have no name


def load_data(trainable: Trainable, args: Namespace, meta: StudyMeta | None) -> tuple[Any, DatasetInfo]:
    """Load the data, which are None where the trainable loads none, and describe them. Raises UserError."""
    load = trainable.hook("load_data")
    kept = meta.dataset.source if meta else None
    asked: str | None = (
        args.dataset or kept or ("cifar10" if getattr(trainable.module, "__name__", "") in OWN else None)
    )
    label = args.dataset_name or (meta.dataset.name if meta else None)
    if load is None:
        if args.dataset:
            raise UserError(f"--dataset {args.dataset}: trainable '{trainable.name}' loads no data: leave it out")
        return None, describe_data(trainable.name, None, label or UNNAMED, None)
    data_dir = args.data_dir or Path(os.path.abspath(os.environ.get("STUDY_DATA_DIR") or "data"))
    with foreign(f"trainable '{trainable.name}': loading its data"):
        offered = {"dataset": asked and os.path.expanduser(asked), "data_dir": data_dir, "progress": not args.quiet}
        given = takes(load, **{name: value for name, value in offered.items() if value is not None})
        data = load(**given)
    if args.dataset and "dataset" not in given and args.dataset != own_name(data):
        raise UserError(
            f"--dataset {args.dataset}: the data of trainable '{trainable.name}' are always the same: leave it out"
        )
    label = label or own_name(data) or (Path(asked).name if asked else UNNAMED)
    return data, describe_data(trainable.name, data, label, given.get("dataset") and asked)
