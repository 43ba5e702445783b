"""An ablation from records alone: which change does what, the greedy path, the interaction of two. Pure.

Effects are always (with the change) - (without it), in gains, so that positive speaks for the change, also for a
named ablation: (the start with it) - (the start). Verdicts are given on these, on leaving a change out and on adding it
alone; path and interaction are chosen on validation and only described.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from results.analysis import importance
from results.analysis.ablation_plan import ROLES, AblationPlan, Config, Interaction, Step, interacting, walked
from results.analysis.evidence import Evidence
from results.analysis.looks import Family, Look, Runs
from results.analysis.plans import Plan
from results.analysis.verdicts import PairVerdict
from results.config import changes, config_hash


@dataclass(frozen=True)
class VerdictRow:
    """One change with its verdict. ``changes``: field -> (its value without the change, with it).

    ``parameters`` and ``seconds`` (mean per run) are of the config without a change where it is left out, and of the
    one with it where it is added. ``by_confirm``: confirm has tested this very comparison, and its verdict is the one
    shown: a second, in another family, could contradict it.
    """

    name: str
    role: str
    tested: PairVerdict
    changes: dict[str, tuple[Any, Any]]
    parameters: int | None
    seconds: float | None
    by_confirm: bool = False


@dataclass(frozen=True)
class VerdictTable:
    """Comparisons with their verdicts, and the looks and plans of their family."""

    family: Family
    rows: list[VerdictRow]
    epochs: Any  # of the config that is compared, where it has that field
    looks: list[Look]
    plans: list[Plan]

    @property
    def last(self) -> Look | Plan:
        """What was asked last: its claim, its margin."""
        return (self.plans or self.looks)[-1]


@dataclass(frozen=True)
class AblationResult(VerdictTable):
    """All that an ablation found."""

    plan: AblationPlan
    path: list[Step]
    interaction: Interaction | None
    disagreements: list[str]
    elsewhere: list[str]  # commands that ablated another start; given again, they show it and train nothing


def ablation_result(evidence: Evidence) -> AblationResult | None:
    """Return what the study's last ablation found, with verdicts over all its looks; None where there was none."""
    looks, plans = evidence.looks("ablation"), evidence.plans("ablation")
    asked: list[Look | Plan] = [*looks, *plans]
    if not asked:
        return None
    last = asked[-1]
    plan = AblationPlan.from_dict(last.details).now(evidence.identity)
    elsewhere: list[str] = []
    for earlier in reversed(asked[:-1]):
        before = AblationPlan.from_dict(earlier.details).now(evidence.identity)
        if (before.start, before.baseline) == (plan.start, plan.baseline):
            plan = before.joined(plan)
        elif earlier.command and earlier.command not in elsewhere:
            elsewhere.append(earlier.command)
    tested = {j.pair.key: j for j in evidence.verdicts("ablation")}
    confirmed = {j.pair.key: j for j in evidence.verdicts("confirm")}
    rows = []
    for key, (role, name) in plan.comparisons().items():  # roles of an earlier ablation may have been others
        own, other = tested.get(key), confirmed.get(key)
        if other is not None and (own is None or other.verdict.decided or not own.verdict.decided):
            rows.append(_row(other, role, name, plan, evidence.runs, by_confirm=True))
        elif own is not None:  # decided here before confirm asked: what was given stands
            rows.append(_row(own, role, name, plan, evidence.runs, by_confirm=False))
    rows.sort(key=lambda r: list(ROLES).index(r.role))
    return AblationResult(
        "ablation",
        rows,
        plan.start.get("epochs"),
        looks,
        plans,
        plan,
        walked(plan, evidence.runs),
        interacting(plan, evidence.runs, _seeds(last)),
        disagreements(rows, evidence),
        elsewhere,
    )


def _seeds(asked: Look | Plan) -> tuple[int, ...]:
    return tuple(sorted({s for p in asked.pairs for s in p.seeds}))


def _row(tested: PairVerdict, role: str, name: str, plan: AblationPlan, runs: Runs, by_confirm: bool) -> VerdictRow:
    with_it, without_it = {
        "all": lambda: (plan.start, plan.baseline),
        "leave-one-out": lambda: (plan.start, plan.without(name)),
        "add-one-in": lambda: (plan.adding(name), plan.baseline),
        "named": lambda: (plan.without(name), plan.start),
    }[role]()
    shown = without_it if role == "leave-one-out" else with_it
    return VerdictRow(
        name, role, tested, changes(with_it, without_it), *_cost(shown, runs, tested.seeds), by_confirm=by_confirm
    )


def _cost(config: Config, runs: Runs, seeds: Sequence[int]) -> tuple[int | None, float | None]:
    """Return (parameters, mean seconds per run) over those of ``seeds`` that the config has; None for unknown."""
    name = config_hash(config)
    found = [runs[name, s] for s in seeds if (name, s) in runs]
    seconds = [r.seconds for r in found if r.seconds is not None]
    return (found[0].parameters if found else None), (float(np.mean(seconds)) if seconds else None)


def _sure(row: VerdictRow) -> tuple[float, float]:
    """The least and the largest size of an effect within its interval."""
    v = row.tested.latest
    return (0.0 if v.low <= 0 <= v.high else min(abs(v.low), abs(v.high))), max(abs(v.low), abs(v.high))


def disagreements(rows: Sequence[VerdictRow], evidence: Evidence) -> list[str]:
    """Say where measured effects and the sweep's importance tell different stories, a sentence each.

    Importance speaks of a hyperparameter's whole range in the sweep, an ablation of one change: both can be right.
    """
    alike = importance.comparable([t.record for t in evidence.trials], evidence.meta.prefix)
    if alike is None:
        return []
    shares = importance.shares(alike.configs, alike.scores)
    early = "" if alike.epochs is None else f" (within {alike.epochs} epoch{'s' if alike.epochs > 1 else ''})"
    effects: dict[str, VerdictRow] = {}
    for role in ("leave-one-out", "add-one-in"):
        for row in rows:
            if row.role == role and row.name in shares:
                effects.setdefault(row.name, row)
    if not shares or len(effects) < 2:
        return []
    found = []
    biggest = max(effects, key=lambda n: abs(effects[n].tested.latest.estimate))
    foremost = max(effects, key=lambda n: shares[n])
    size = {
        n: f"{evidence.metric.with_unit(r.tested.latest.estimate)} ({r.tested.verdict.label})"
        for n, r in effects.items()
    }
    if biggest != foremost and _sure(effects[biggest])[0] > _sure(effects[foremost])[1]:
        found.append(
            f"The sweep's importance{early} puts {foremost} first among the changes ({100 * shares[foremost]:.0f} %, "
            f"measured effect {size[foremost]}), "
            f"but the largest measured effect is that of {biggest} ({size[biggest]}, importance "
            f"{100 * shares[biggest]:.0f} %)."
        )
    for name, row in effects.items():
        label = row.tested.verdict.label
        if shares[name] >= 0.25 and label in ("equivalent", "no gain", "worse"):
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
    """Return the final verdicts on all candidates ever confirmed; None where none was."""
    looks, plans, meta = evidence.looks("confirm"), evidence.plans("confirm"), evidence.meta
    if not looks and not plans:
        return None
    rows = []
    for tested in evidence.verdicts("confirm"):
        picked = evidence.chosen_run(tested.pair)
        if picked is not None:
            name = f"trial {picked.trial}" if picked.trial is not None else picked.run_id
            cost = _cost(picked.config, evidence.runs, tested.seeds)
            rows.append(VerdictRow(name, "confirm", tested, changes(picked.config, meta.baseline), *cost))
    return VerdictTable("confirm", rows, meta.baseline.get("epochs"), looks, plans)
