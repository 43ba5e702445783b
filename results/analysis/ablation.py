"""A winner taken apart, from records alone: which change does what, the greedy path, the interaction of two. Pure.

Effects are always (with the change) - (without it), in fractions, so that positive speaks for the change, also for a
named ablation: (the start with it) - (the start). Verdicts are given on these, on leaving a change out and on adding it
alone; path and interaction are chosen on validation and only described.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from results.analysis.ablation_plan import ROLES, Anatomy, Config, Interaction, Step, interacting, walked
from results.analysis.evidence import Evidence
from results.analysis.importance import comparable, importance
from results.analysis.looks import Look, Runs
from results.analysis.verdicts import Judged
from results.config import changes, config_hash
from results.formatting import points


@dataclass(frozen=True)
class Row:
    """One change with its verdict. ``before`` and ``after``: its fields in the config without and with it.

    ``parameters`` and ``seconds`` (mean per run) are of the config without a change where it is left out, and of the
    one with it where it is added; ``reference_*`` of the other side. ``by_confirm``: confirm has judged this very
    comparison, and its verdict is the one shown: a second, in another family, could contradict it.
    """

    name: str
    role: str
    judged: Judged
    before: Config
    after: Config
    parameters: int | None
    seconds: float | None
    reference_parameters: int | None
    reference_seconds: float | None
    by_confirm: bool = False


@dataclass(frozen=True)
class VerdictTable:
    """Comparisons with their verdicts, and the last look at their family."""

    look: Look
    rows: list[Row]
    epochs: Any  # of the config that is compared, where it has that field


@dataclass(frozen=True)
class Ablated(VerdictTable):
    """All that an ablation found."""

    anatomy: Anatomy
    path: list[Step]
    interaction: Interaction | None
    disagreements: list[str]
    elsewhere: list[str]  # commands that took another start apart; given again, they show it and train nothing


def ablated(evidence: Evidence) -> Ablated | None:
    """Return what the study's last ablation found, with verdicts over all its looks; None where there was none."""
    looks = evidence.looks("ablation")
    if not looks:
        return None
    look = looks[-1]
    anatomy = Anatomy.from_dict(look.details)
    elsewhere: list[str] = []
    for earlier in reversed(looks[:-1]):
        before = Anatomy.from_dict(earlier.details)
        if (before.start, before.baseline) == (anatomy.start, anatomy.baseline):
            anatomy = before.joined(anatomy)
        elif earlier.command and earlier.command not in elsewhere:
            elsewhere.append(earlier.command)
    judged = {j.pair.key: j for j in evidence.verdicts("ablation")}
    confirmed = {j.pair.key: j for j in evidence.verdicts("confirm")}
    rows = []
    for key, (role, name) in anatomy.comparisons().items():  # roles of an earlier ablation may have been others
        own, other = judged.get(key), confirmed.get(key)
        if other is not None and (own is None or other.verdict.decided or not own.verdict.decided):
            rows.append(_row(other, role, name, anatomy, evidence.runs, by_confirm=True))
        elif own is not None:  # decided here before confirm asked: what was given stands
            rows.append(_row(own, role, name, anatomy, evidence.runs, by_confirm=False))
    rows.sort(key=lambda r: list(ROLES).index(r.role))
    return Ablated(
        look,
        rows,
        anatomy.start.get("epochs"),
        anatomy,
        walked(anatomy, evidence.runs),
        interacting(anatomy, evidence.runs, _seeds(look)),
        disagreements(rows, evidence),
        elsewhere,
    )


def _seeds(look: Look) -> tuple[int, ...]:
    return tuple(sorted({s for p in look.pairs for s in p.seeds}))


def _row(
    judged: Judged,
    role: str,
    name: str,
    anatomy: Anatomy,
    runs: Runs,
    by_confirm: bool,
) -> Row:
    with_it, without_it = {
        "all": lambda: (anatomy.start, anatomy.baseline),
        "leave-one-out": lambda: (anatomy.start, anatomy.without(name)),
        "add-one-in": lambda: (anatomy.adding(name), anatomy.baseline),
        "named": lambda: (anatomy.without(name), anatomy.start),
    }[role]()
    fields = [k for k in with_it if with_it[k] != without_it.get(k)]
    shown, other = (without_it, with_it) if role == "leave-one-out" else (with_it, without_it)
    parameters, seconds = config_cost(shown, runs, judged.seeds)
    reference_parameters, reference_seconds = config_cost(other, runs, judged.seeds)
    return Row(
        name,
        role,
        judged,
        {k: without_it.get(k) for k in fields},
        {k: with_it[k] for k in fields},
        parameters,
        seconds,
        reference_parameters,
        reference_seconds,
        by_confirm,
    )


def config_cost(config: Config, runs: Runs, seeds: Sequence[int]) -> tuple[int | None, float | None]:
    """Return (parameters, mean seconds per run) over those of ``seeds`` that the config has; None for unknown."""
    name = config_hash(config)
    found = [runs[name, s] for s in seeds if (name, s) in runs]
    seconds = [r.seconds for r in found if r.seconds is not None]
    return (found[0].parameters if found else None), (float(np.mean(seconds)) if seconds else None)


def _sure(row: Row) -> tuple[float, float]:
    """The least and the largest size of an effect within its 95 % interval."""
    v = row.judged.latest
    return (0.0 if v.low <= 0 <= v.high else min(abs(v.low), abs(v.high))), max(abs(v.low), abs(v.high))


def disagreements(rows: Sequence[Row], evidence: Evidence) -> list[str]:
    """Say where measured effects and the sweep's importance tell different stories, a sentence each.

    Importance speaks of a knob's whole range in the sweep, an ablation of one change: both can be right.
    """
    alike = comparable([r for r in evidence.records if r.kind == "sweep" or r.trial is not None])
    if alike is None:
        return []
    shares = {i.field: i.share for i in importance(alike.configs, alike.scores)}
    early = "" if alike.epochs is None else f" (within {alike.epochs} epoch{'s' if alike.epochs > 1 else ''})"
    effects: dict[str, Row] = {}
    for role in ("leave-one-out", "add-one-in"):
        for row in rows:
            if row.role == role and row.name in shares:
                effects.setdefault(row.name, row)
    if not shares or len(effects) < 2:
        return []
    found = []
    biggest = max(effects, key=lambda n: abs(effects[n].judged.latest.estimate))
    foremost = max(effects, key=lambda n: shares[n])
    size = {n: f"{points(r.judged.latest.estimate)} points ({r.judged.verdict.label})" for n, r in effects.items()}
    if biggest != foremost and _sure(effects[biggest])[0] > _sure(effects[foremost])[1]:
        found.append(
            f"The sweep's importance{early} puts {foremost} first among the changes ({100 * shares[foremost]:.0f} %, "
            f"measured effect {size[foremost]}), "
            f"but the largest measured effect is that of {biggest} ({size[biggest]}, importance "
            f"{100 * shares[biggest]:.0f} %)."
        )
    for name, row in effects.items():
        label = row.judged.verdict.label
        if shares[name] >= 0.25 and label in ("equivalent", "worse"):
            found.append(
                f"{name} has an importance of {100 * shares[name]:.0f} %{early}, yet this change of it is {label} "
                f"({size[name]})."
            )
        if shares[name] < 0.05 and label in ("better", "worse"):
            found.append(
                f"{name} has an importance of only {100 * shares[name]:.0f} %{early}, yet this change of it is {label} "
                f"({size[name]})."
            )
    return found


def confirmed(evidence: Evidence) -> VerdictTable | None:
    """Return the verdicts that stand on all candidates ever confirmed; None where none was."""
    looks, meta = evidence.looks("confirm"), evidence.meta
    if not looks:
        return None
    runs, rows = evidence.runs, []
    for judged in evidence.verdicts("confirm"):
        picked = evidence.chosen_run(judged.pair)
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
