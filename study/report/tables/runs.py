"""A study for other tools: one row per run as csv, parquet or json; one run's config and weights."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pandas as pd

from results.arrays import STATE_BYTES
from results.errors import UserError, nearest
from results.files import Folder, write_atomic
from results.frame import frame
from results.record import Record, find_run
from results.store import Study
from study.report.tables.writers import csv, parquet, rows_json

WRITERS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "csv": lambda table: csv(table).encode(),
    "parquet": parquet,
    "json": lambda table: rows_json(table).encode(),
}


@dataclass(frozen=True)
class ExportedRun:
    """What was written of a run, and a line on what there is no more of."""

    config: Path
    weights: Path | None
    note: str | None


def export(study: Study, format: str, out: Path | IO[bytes]) -> int:
    """Write one row per run, with the columns of :func:`results.frame.frame`, to a file (atomically) or a stream.

    A missing value is empty in csv and null in parquet and json. A config value that is a list, or of a kind that
    differs between runs, is JSON text in csv and parquet. A text that a spreadsheet would run as a formula has a quote
    in front in csv.

    Returns:
        The number of rows.

    Raises:
        UserError: an unknown format, or the disk refuses.
    """
    if format not in WRITERS:
        raise UserError(f"unknown format '{format}'{nearest(format, WRITERS)}")
    table = frame(study.records(), study.meta)

    data = WRITERS[format](table)
    if isinstance(out, Path):
        _write(study, out, data)
    else:
        out.write(data)
    return len(table)


def export_run(study: Study, run_id: str, out_dir: Path) -> ExportedRun:
    """Write ``config.json`` (for ``--config``) and, if they were kept, ``weights.safetensors`` into ``out_dir``.

    ``run_id`` may be shortened to a beginning that only one run has.

    Raises:
        UserError: no such run, more than one, or the disk refuses.
    """
    record = find_run(study.records(), run_id)
    config, weights = out_dir / "config.json", out_dir / "weights.safetensors"
    with contextlib.ExitStack() as stack:
        source = None
        with contextlib.suppress(FileNotFoundError):  # opened first: a refusal leaves nothing written
            source = stack.enter_context(study.files.open(study.weights_path(record.run_id), STATE_BYTES))
        _write(study, config, json.dumps(record.config, indent=2, ensure_ascii=False).encode() + b"\n")
        if source is None:
            Folder(out_dir).remove(weights.name)  # an earlier run's would be taken for this one's
            return ExportedRun(config, None, _why_no_weights(record))
        _write(study, weights, functools.partial(shutil.copyfileobj, source))
    return ExportedRun(config, weights, None)


def _write(study: Study, out: Path, data: bytes | Callable[[IO[bytes]], None]) -> None:
    """Write a file inside the study by its own door, elsewhere to where the user said."""
    if study.files.holds(out):
        study.files.write(Path(os.path.abspath(out)), data)
    else:
        write_atomic(out, data)


def _why_no_weights(record: Record) -> str:
    if record.status != "complete":
        return f"run '{record.run_id}' has no weights: it is {record.status}, and only complete runs keep theirs"
    return (
        f"the weights of '{record.run_id}' were not kept: a study keeps the baseline's and those of its best few; "
        f"--config with its config.json and --seed {record.seed} in another --study trains it again"
    )
