"""The command that trains a recorded config again, and settings as ``--set`` takes them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

from results.commands import command, given_again
from results.record import Record
from study.report.text import clean
from study.report.view import View

LONGEST = 500
"""Characters of a setting; no command of a study with a longer one is complete."""


def reproduce(view: View, record: Record) -> str:
    """The command that trains this config with this seed again, every field given, as a baseline of its own study."""
    meta = view.meta
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in meta.name[:40]) or "study"
    words = [clean(word, 4000) for word in _trainable(view)]
    if meta.dataset.source:
        words += ["--dataset", clean(meta.dataset.source)]
        if meta.dataset.name != meta.dataset.source:
            words += ["--dataset-name", clean(meta.dataset.name, 80)]
    words += ["--seed", str(record.seed), "--precision", clean(record.precision or meta.precision, 20)]
    if meta.script is not None:
        given = ",".join(f"{clean(field, 60)}={typed(setting)}" for field, setting in record.config.items())
        words += ["--baseline", given]
    else:
        words += shlex.split(set_words(record.config))
    return command("baseline", f"runs/{stem}-{record.run_id[:60]}", *words)


def _trainable(view: View) -> list[str]:
    """What names the trainable in a new study: a script with its metric, or a module or file."""
    meta, metric = view.meta, view.metric
    if meta.script is None:
        return [] if meta.trainable == "alexnet" else given_again(meta) or ["--trainable", meta.trainable]
    words = [*given_again(meta), "--metric", f"{metric.name}:{metric.goal}"]
    words += ["--test-metric", metric.test] if metric.test else []
    words += ["--unit", metric.unit] if metric.unit else []
    return words + (["--parse", meta.script.parse] if meta.script.parse else [])


def set_words(settings: Mapping[str, object]) -> str:
    """Settings as ``--set FIELD=VALUE --set ...``, with every digit, as a shell reads them."""
    return " ".join(
        f"--set {shlex.quote(f'{clean(field, 60)}={typed(setting)}')}" for field, setting in settings.items()
    )


def typed(setting: object) -> str:
    """A value as ``--set`` reads it, with every digit."""
    return clean(setting, LONGEST) if isinstance(setting, str) else json.dumps(setting)
