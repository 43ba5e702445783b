"""The head of the page, its first screen: what is known, by which numbers, what to use, and what to run next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from results.record import Record
from study.report.blocks import Block, Tile
from study.report.parts.lead import lead, said_before_verdicts
from study.report.parts.measured import others, paired_figure, tiles
from study.report.parts.next_command import next_blocks
from study.report.parts.pairs import Paired, paired
from study.report.parts.settings import settings_blocks
from study.report.text import name, text
from study.report.view import View


@dataclass
class Answer:
    """What stands first on the page. ``tone`` as of a Note; ``mark`` says the same in a word."""

    study: Markup
    subtitle: Markup
    tone: str
    mark: str
    verdict: Markup
    tiles: Sequence[Tile]
    others: Sequence[Block] = ()  # candidates beside the one that the verdict is about
    evidence: Sequence[Block] = ()
    settings: Sequence[Block] = ()
    use: str = ""  # whose settings
    next: Sequence[Block] = ()


def answer(view: View) -> Answer:
    """Say the most that the records support."""
    script = view.meta.script
    what = name(script.template if script else view.meta.trainable, 120)
    subtitle = text("{} on {}", what, name(view.meta.dataset.name))
    tone, mark, verdict = lead(view) or said_before_verdicts(view)
    two = paired(view)
    run, whose = _used(view, two)
    return Answer(
        name(view.meta.name, 80),
        subtitle,
        tone,
        mark,
        verdict,
        tiles(view, two),
        others(view),
        paired_figure(view, two),
        settings_blocks(view, run) if run is not None else (),
        whose,
        next_blocks(view),
    )


def _used(view: View, two: Paired | None) -> tuple[Record | None, str]:
    """The run whose settings a reader would take, and what it is called."""
    if two is None or two.record is None or not two.changes:
        return None, ""
    return two.record, f"The settings of {two.name}"
