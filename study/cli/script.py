"""``--command``: a script as the model of a study, given on each command line that runs it."""

from __future__ import annotations

import os
import shlex
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from results import meta as kept
from results.code import LARGEST, fingerprint
from results.errors import UserError
from results.formatting import plural
from results.meta import StudyMeta
from results.metric import Metric
from results.record import Record
from study.protocol import Trainable
from study.scripts.scripted import COMMAND, Script, parse_baseline, parse_metric, scripted
from study.scripts.template import Template
from study.terminal.screen import note

OPTIONS = ("metric", "test_metric", "unit", "script_margin", "parse", "baseline")
"""What is said of a command beside the command; where it goes on, all is the study's."""


def open_script(args: Namespace, meta: StudyMeta | None) -> Trainable | None:
    """Return the trainable of ``--command``; None where the study is of Python. Raises UserError.

    A command runs only where the command line gives it: a study's word alone runs none.
    """
    script = meta.script if meta is not None and meta.trainable == COMMAND else None
    if args.script is None:
        given = [name.removeprefix("script_") for name in OPTIONS if getattr(args, name, None) is not None]
        if given:
            raise UserError(f"--{given[0].replace('_', '-')} is for a script: give --command as well")
        if script is not None and args.trainable is None:
            again = shlex.quote(script.template)
            raise UserError(
                f"study '{args.study}' runs a command, and a study's word alone runs none: give it on this command "
                f"line, --command {again}"
            )
        return None
    if args.trainable is not None:
        raise UserError("--command and --trainable: a study is of one of them")
    if meta is not None and script is None:
        raise UserError(
            f"study '{args.study}' is of trainable '{meta.trainable}', not of a command; choose another --study"
        )
    if meta is None or script is None:
        return scripted(_new(args))
    return scripted(_again(args, meta, script))


def _new(args: Namespace) -> Script:
    if args.metric is None:
        raise UserError("--command needs --metric NAME:max or NAME:min: which number that it prints is the score")
    name, goal = parse_metric(args.metric)
    metric = Metric(name, goal, args.unit or "", None, args.test_metric)
    if args.script_margin is not None:
        metric = replace(metric, margin=args.script_margin / abs(metric.scale))
    return Script(args.script, os.getcwd(), metric, parse_baseline(args.baseline or ""), args.parse)


def _again(args: Namespace, meta: StudyMeta, script: kept.Script) -> Script:
    """What is not given again is the study's, and what is given must be."""
    metric = meta.metric.plain
    margin = None if metric.margin is None else round(metric.margin * abs(metric.scale), 10)
    fixed: tuple[tuple[str, object, object], ...] = (
        ("command", args.script, script.template),
        ("metric", args.metric and parse_metric(args.metric), (metric.name, metric.goal)),
        ("test-metric", args.test_metric, metric.test),
        ("unit", args.unit, metric.unit),
        ("margin", getattr(args, "script_margin", None), margin),
        ("parse", args.parse, script.parse),
        ("baseline", args.baseline and parse_baseline(args.baseline), meta.baseline),
    )
    for option, given, of_study in fixed:
        if given is not None and given != of_study:
            has = f"no --{option}" if of_study is None else f"--{option} {_said(of_study)}"
            raise UserError(f"study '{args.study}' has {has}, not {_said(given)}; choose another --study")
    return Script(script.template, os.getcwd(), metric, meta.baseline, script.parse)


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return ":".join(map(str, value))
    return ",".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else f"'{value}'"


def keep_script(meta: StudyMeta, trainable: Trainable) -> None:
    """Make the study's command what runs now, and say which of its files were changed since it last ran."""
    script = trainable.script
    if script is None:
        return
    now = {word: fingerprint(Path(script.folder) / word, "script") for word in _files(script)}
    for word, before in (meta.script.files if meta.script else {}).items():
        if now.get(word) != before:
            note(
                f"note: '{word}' was changed since this study last ran it; if it trains otherwise now, old and new "
                "runs do not compare"
            )
    meta.script = kept.Script(template=script.template, parse=script.parse, files=now)


def _files(script: Script) -> list[str]:
    """Return the words of a command that are files of the user's: 'train.py', not '/usr/bin/python'."""
    words = [word for word in shlex.split(script.template) if "{" not in word and not os.path.isabs(word)]
    paths = {word: Path(script.folder) / word for word in words}
    return [word for word, path in paths.items() if path.is_file() and path.stat().st_size <= LARGEST]


def refuse_unseeded(meta: StudyMeta | None, seeded: bool = True) -> None:
    """Raise UserError where the command has no ``{seed}``: runs of a config are alike, and no verdict is possible."""
    script = meta.script if meta is not None else None
    if not seeded or (script is not None and not Template.of(script.template).has_seed):
        raise UserError(
            "the command has no {seed}, so further runs of a config tell nothing new, and no verdict is possible: "
            "start a study with one that has, as in --command 'python train.py --seed {seed}'"
        )


def what_was_read(trainable: Trainable, records: Sequence[Record]) -> str:
    """Say what was found in the output of a command's first run that came to an end; empty where there is none."""
    record = next((r for r in records if r.status == "complete"), None)
    if trainable.script is None or record is None:
        return ""
    metric = trainable.metric
    per_epoch, final = ", ".join(record.history[-1].values), ", ".join(record.test)
    lines = f"read from its output: {per_epoch} ({plural(len(record.history), 'time')}; {metric.name} is the metric)"
    return lines + (f"; at the end {final}" if final else "")
