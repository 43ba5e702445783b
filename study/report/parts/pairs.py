"""The candidate that the page is about, run by run beside the baseline: on fresh seeds, else as the sweep ran it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from results.analysis.verdicts import PairVerdict
from results.config import changes
from results.record import Record
from study.report.parts.lead import foremost
from study.report.parts.verdicts import candidate, plain_name
from study.report.text import plural
from study.report.view import View, trial_link


@dataclass(frozen=True)
class Paired:
    """Its runs and the baseline's of the same seeds. ``tested``: by fresh seeds; None: one run each."""

    name: str
    who: Markup  # the same as a link
    record: Record | None
    changes: dict[str, tuple[object, object]]
    pairs: Sequence[tuple[Record, Record]]  # (candidate, baseline)
    tested: PairVerdict | None = None

    @property
    def seeds(self) -> list[int]:
        """The seed of each pair."""
        return [baseline.seed for _, baseline in self.pairs]

    def epochs(self, view: View) -> str:
        """How long they were trained: '25 epochs', '15 epochs against 25'; empty where there are none."""
        if not view.has_epochs or not self.pairs:
            return ""
        mine, its = (r.config.get("epochs", len(r.history)) for r in self.pairs[0])
        return plural(mine, "epoch") + (f" against {its}" if mine != its else "")


def paired(view: View) -> Paired | None:
    """The foremost candidate with its fresh seeds; without one as :func:`single`."""
    first = foremost(view)
    if first is None:
        return single(view)
    record = view.chosen_run(first.pair)
    both = [[view.runs.get((name, seed)) for name in first.pair.key] for seed in first.seeds]
    pairs = [(mine, its) for mine, its in both if mine is not None and its is not None]
    changed = changes(record.config, view.meta.baseline) if record else {}
    return Paired(plain_name(view, first), candidate(view, first), record, changed, pairs, first)


def single(view: View) -> Paired | None:
    """The best trial with the run of the baseline that it is compared with."""
    best = view.best
    if best is None:
        return None
    base = best.compared.baseline
    pairs = [(best.record, base)] if base is not None else []
    return Paired(best.label, trial_link(best), best.record, best.changes, pairs)
