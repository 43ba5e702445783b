"""The command that trains a recorded config again."""

from __future__ import annotations

import shlex

from results.record import Record
from study.report.text import clean, value
from study.report.view import View


def reproduce(view: View, record: Record) -> str:
    """The command that trains this config with this seed again, every field given, as a baseline of its own study."""
    meta = view.meta
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in meta.name[:40]) or "study"
    words = ["python", "-m", "study.run", "baseline", "--study", f"runs/{stem}-{record.run_id[:60]}"]
    if meta.trainable != "alexnet":
        words += ["--trainable", clean(meta.trainable)]
    if meta.dataset.source:
        words += ["--dataset", clean(meta.dataset.source)]
        if meta.dataset.name != meta.dataset.source:
            words += ["--dataset-name", clean(meta.dataset.name, 80)]
    words += ["--seed", str(record.seed), "--precision", clean(record.precision or meta.precision, 20)]
    for field, setting in record.config.items():
        words += ["--set", f"{clean(field, 60)}={_typed(setting)}"]
    return shlex.join(words)


def _typed(setting: object) -> str:
    """A value as ``--set`` reads it, with every digit."""
    return "null" if setting is None else repr(setting) if isinstance(setting, float) else value(setting)
