"""A command as a trainable: ``--command "python train.py --lr {lr} --seed {seed}"``, without a change to the script."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from results.config import ConfigClass
from results.errors import UserError, nearest, shown
from results.metric import GOALS, Goal, Metric
from results.names import is_accuracy, is_loss
from study.configs import made
from study.protocol import Trainable
from study.scripts.measure import Measuring
from study.scripts.parse import Parser
from study.scripts.process import Process, ScriptFailed
from study.scripts.template import RUN_DIR, Template

COMMAND = "command"  # the trainable's name in study.json
SEED = "seed"
Epochs = Generator[dict[str, float], None, dict[str, float]]


@dataclass(frozen=True)
class Script:
    """A command and how it is read: all that a process needs to know of it."""

    template: str
    folder: str  # where it runs
    metric: Metric
    baseline: Mapping[str, Any]  # a value for each placeholder but the seed
    parse: str | None = None  # a regular expression by which its output is read; None for name=value and JSON lines


def scripted(script: Script) -> Trainable:
    """Return the trainable of a command: its fields are the template's placeholders, with the baseline's values.

    Raises UserError where they do not fit together, or the program is not there.
    """
    template, parser = Template.of(script.template), Parser.of(script.parse)
    template.find(script.folder)

    def start(values: Mapping[str, Any], run: Any) -> Epochs:
        own = tempfile.mkdtemp(prefix="run-") if RUN_DIR in template.names else None
        process = Process(template.argv(values, run.seed, own or ""), script.folder, own=own)
        return _follow(process, parser, script.metric)

    config = _config(template, script.baseline)
    return Trainable(script.template, config, script.metric, start, seeded=template.has_seed, script=script)


def _follow(script: Process, parser: Parser, metric: Metric) -> Epochs:
    """Run the script and yield an epoch for each line with the metric; return the values of the end."""
    measuring, epochs = Measuring(metric.name, metric.test), 0
    with script as process:
        for line in process.lines():
            epoch = measuring.line(parser.values(line), redrawn="\r" in line)
            if epoch is not None:
                epochs += 1
                yield _sound(epoch, metric)
        process.check()
    if not epochs:
        raise ScriptFailed.quoting(
            f"it never printed '{metric.name}'{_seen(measuring)}; --parse REGEX reads other output", process.tail
        )
    final = measuring.final
    if metric.test is not None and metric.test not in final:
        raise ScriptFailed.quoting(f"it never printed '{metric.test}', the test metric{_seen(measuring)}", process.tail)
    return _sound(final, metric)  # noqa: B901


def _sound(values: Mapping[str, float], metric: Metric) -> dict[str, float]:
    """Leave out what a script prints of its own and a record does not take: an accuracy in percent, say."""
    own = (metric.name, metric.test, metric.selects[0])
    return {
        n: v
        for n, v in values.items()
        if n in own or ((math.isfinite(v) or is_loss(n)) and (0 <= v <= 1 or not is_accuracy(n)))
    }


def _seen(measuring: Measuring) -> str:
    names = ", ".join(f"'{name}'" for name in list(measuring.names)[:10])
    return f" (it printed {names})" if names else " (no number with a name)"


def parse_metric(text: str) -> tuple[str, Goal]:
    """Read ``NAME:max`` or ``NAME:min``. Raises UserError."""
    name, _, goal = text.rpartition(":")
    for known in GOALS:
        if goal == known:
            return name, known
    name = text.partition(":")[0] or "NAME"
    raise UserError(f"--metric {shown(text)}: say which way is better, {name}:max or {name}:min")


def parse_baseline(text: str) -> dict[str, Any]:
    """Read ``lr=0.001,width=16``: values as JSON where they are, else texts. Raises UserError."""
    found: dict[str, Any] = {}
    for word in filter(None, _words(text)):
        name, equals, value = word.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise UserError(f"--baseline: '{word.strip()}' is not FIELD=VALUE, as in --baseline lr=0.001,width=16")
        if name in found:
            raise UserError(f"--baseline: {name} is given twice")
        found[name] = _value(value.strip())
    return found


def _words(text: str) -> list[str]:
    """Split at commas that stand in no brackets or quotes."""
    words, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == '"'
        depth += 0 if quoted else (letter in "[{") - (letter in "]}")
        if letter == "," and not depth and not quoted:
            words.append("")
        else:
            words[-1] += letter
    return words


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, dict) or (isinstance(value, float) and not math.isfinite(value)) else value


def _config(template: Template, baseline: Mapping[str, Any]) -> ConfigClass:
    names = template.fields
    for name in baseline:
        if name not in names:
            raise UserError(f"--baseline: the command has no {{{name}}}{nearest(name, names)}")
    missing = [name for name in names if name not in baseline]
    if missing:
        such = ",".join(f"{name}=..." for name in sorted(missing))
        raise UserError(f"--baseline lacks a value for {', '.join(sorted(missing))}: give --baseline {such}")
    kinds = {int: int | float, type(None): Any}  # a script's 1 may as well be a 0.5
    fields = {name: (kinds.get(type(value), type(value)), value) for name, value in baseline.items()}
    return made("Config", fields, "--baseline")
