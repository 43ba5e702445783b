"""What to run next: the command, what it can show and what it costs."""

from __future__ import annotations

import re

from results.commands import contract_command
from study.planning.step import given_command
from study.report.blocks import Block, Command, Text
from study.report.parts.reproduce import homely
from study.report.text import NBSP, capital, clean, text
from study.report.view import View

_TOGETHER = re.compile(r"(?<=\d) (?=(?:h|min|s|trainings?|trials?)\b)|(?<=h) (?=\d\d min)")  # a number and its unit


def next_blocks(view: View) -> list[Block]:
    """The command with its sentence; the sentence alone where the page itself is what to read."""
    step = view.next
    said = capital(clean(step.sentence, 1000).removeprefix("read the page: "))
    said = said.replace("Read the page and study.log", "Read study.log")
    told = text("{}", _TOGETHER.sub(NBSP, said if said.endswith("?") else f"{said}."))
    mended = _to_mend(view)
    if step.name == "report":
        return [Text([told]), *mended]
    return [*mended, Command(given_command(step, view.path, view.meta), told)]


def _to_mend(view: View) -> list[Block]:
    """The command that shows what is wrong with a trainable of which no run ends; a script has none."""
    lost = [r for r in view.records if r.status in ("failed", "diverged")]
    if not lost or view.best is not None or (view.reference and not view.trials) or view.meta.script:
        return []
    source = view.meta.dataset.source
    words = ["--dataset", homely(source)] if source else []
    command = contract_command(homely(view.meta.trainable), *words)
    return [Command(command, "To train it a few times, shortly, and see where it breaks")]
