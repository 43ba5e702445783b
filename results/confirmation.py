"""What ``confirm`` found as rows of a table, like an ablation's: each candidate against the baseline. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from results.ablation import Row, VerdictTable, config_cost
from results.config import changes
from results.record import Record
from results.store import StudyMeta
from results.verdicts import by_run, chosen_run, looks_of, standing


def confirmed(records: Sequence[Record], meta: StudyMeta) -> VerdictTable | None:
    """Return the verdicts that stand on all candidates ever confirmed; None where none was."""
    looks = looks_of(meta, "confirm")
    if not looks:
        return None
    runs, rows = by_run(records, meta.dataset.fingerprint), []
    for judged in standing(records, looks, meta.dataset.fingerprint):
        picked = chosen_run(records, judged.pair)
        if picked is None:
            continue
        changed = changes(picked.config, meta.baseline)
        rows.append(
            Row(
                f"trial {picked.trial}" if picked.trial is not None else picked.run_id,
                "confirm",
                judged,
                {k: before for k, (before, _) in changed.items()},
                {k: after for k, (_, after) in changed.items()},
                *config_cost(picked.config, runs, judged.seeds),
                *config_cost(meta.baseline, runs, judged.seeds),
            )
        )
    return VerdictTable(looks[-1], rows, meta.baseline.get("epochs"))
