"""The command that trains a recorded config again, and settings as ``--set`` takes them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping

from results.commands import command, given_again
from results.escaping import hide_home
from results.record import Record
from study.report.text import clean
from study.report.view import View

LONGEST = 500
"""Characters of a word; a longer one is cut, before it is quoted, and its command is not complete."""


def reproduce(view: View, record: Record) -> str:
    """The command that trains this config with this seed again, every field given, as a baseline of its own study."""
    meta = view.meta
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in meta.name[:40]) or "study"
    words = _trainable(view)
    if meta.dataset.source:
        words += ["--dataset", homely(meta.dataset.source)]
        if meta.dataset.name != meta.dataset.source:
            words += ["--dataset-name", _cut(meta.dataset.name)]
    words += ["--seed", str(record.seed), "--precision", _cut(record.precision or meta.precision)]
    if meta.script is not None:
        words += ["--baseline", ",".join(f"{_cut(field)}={listed(value)}" for field, value in record.config.items())]
    else:
        words += shlex.split(set_words(record.config))
    return command("baseline", f"runs/{stem}-{record.run_id[:60]}", *words)


def _trainable(view: View) -> list[str]:
    """What names the trainable in a new study: a script with its metric, or a module or file."""
    meta, metric = view.meta, view.metric
    if meta.script is None:
        return [] if meta.trainable == "alexnet" else given_again(meta) or ["--trainable", homely(meta.trainable)]
    words = [*given_again(meta), "--metric", f"{metric.name}:{metric.goal}"]
    words += ["--test-metric", metric.test] if metric.test else []
    words += ["--unit", metric.unit] if metric.unit else []
    return words + (["--parse", meta.script.parse] if meta.script.parse else [])


def homely(path: str) -> str:
    """A path that the toolkit expands, without the name of whose home it lies in."""
    hidden = hide_home(path, anyone=True)
    return _cut(hidden if hidden.startswith("~") else path)


def set_words(settings: Mapping[str, object]) -> str:
    """Settings as ``--set FIELD=VALUE --set ...``, with every digit, as a shell reads them."""
    return " ".join(f"--set {shlex.quote(f'{_cut(field)}={typed(setting)}')}" for field, setting in settings.items())


def typed(setting: object) -> str:
    """A value as ``--set`` reads it, with every digit."""
    return _cut(setting) if isinstance(setting, str) else json.dumps(setting)


def exact(setting: object) -> str:
    """The same as it is shown: in one line."""
    return clean(typed(setting), LONGEST)


def listed(setting: object) -> str:
    """A value as ``--baseline`` reads it between commas: a text that is no plain word is one of JSON."""
    word = isinstance(setting, str) and re.fullmatch(r"[A-Za-z_][\w./:+-]*", setting)
    if word and setting not in ("true", "false", "null", "NaN", "Infinity"):
        return str(setting)
    return json.dumps(_cut(setting) if isinstance(setting, str) else setting)


def _cut(word: str) -> str:
    return word if len(word) <= LONGEST else clean(word, LONGEST, home=True)
