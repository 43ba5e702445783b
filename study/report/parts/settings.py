"""The settings that make the difference, to be taken along, and where the weights are that were trained with them."""

from __future__ import annotations

from markupsafe import Markup

from results.config import RUN_ID, changes
from results.record import Record
from study.report.blocks import Block, Command, Fold, Text
from study.report.cells import Column, Table
from study.report.parts.reproduce import exact, reproduce, set_words
from study.report.text import code, link, plural, text
from study.report.view import View

IN_SIGHT = 8


def settings_blocks(view: View, run: Record) -> list[Block]:
    """What differs from the baseline, exactly; the same to be copied; the weights."""
    changed = changes(run.config, view.meta.baseline)
    same = sum(1 for field in run.config if field not in changed)
    columns = [
        Column("Setting", show=lambda c: code(c[0], 60)),
        Column("Baseline", show=lambda c: code(exact(c[1][0]), 80)),
        Column("Used", show=lambda c: code(exact(c[1][1]), 80)),
    ]
    rows = list(changed.items())
    rest = text("; the other {} as in {}", same, link("#baseline-config", "the baseline")) if same else Markup("")
    caption = text("{} changed{}", plural(len(rows), "setting"), rest)
    blocks: list[Block] = [Table.of(caption, rows[:IN_SIGHT], columns, compact=True, name="changed-settings")]
    if len(rows) > IN_SIGHT:
        more = Table.of("The others that changed", rows[IN_SIGHT:], columns, compact=True)
        blocks.append(Fold(text("{} more", plural(len(rows) - IN_SIGHT, "setting")), [more]))
    blocks.append(Command(set_words({field: new for field, (_, new) in changed.items()}), "As options of a command"))
    return [*blocks, *_weights(view, run)]


def _weights(view: View, run: Record) -> list[Block]:
    """Where the weights lie; where none are, the command that trains them."""
    again = Fold("The command that trains it again", [Command(reproduce(view, run), "In a study of its own")])
    alike = [run, *(r for r in view.records if r.config_hash == run.config_hash and r is not run)]
    places = [(r, view.study.weights_path(r.run_id)) for r in alike if RUN_ID.fullmatch(r.run_id)]
    kept = next(((r, path) for r, path in places if view.study.files.exists(path)), None)
    if kept is None:
        return [Text([text("Weights: none are kept in this study.")]), again]
    record, path = kept
    where = code(path.relative_to(view.path), 120)
    return [Text([text("Weights: {} in the study's folder (seed {}).", where, record.seed)]), again]
