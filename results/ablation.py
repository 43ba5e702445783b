"""A winner taken apart, from records alone: which change does what, the greedy path, the interaction of two. Pure.

Effects are always (with the change) - (without it), in fractions, so that positive speaks for the change, also for a
named ablation: (the start with it) - (the start). Verdicts are given on these, on leaving a change out and on adding it
alone; path and interaction are chosen on validation and only described.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from results.config import config_hash
from results.formatting import points
from results.importance import comparable, importance
from results.record import Record
from results.stats import t_tests
from results.store import StudyMeta
from results.verdicts import Judged, Look, by_run, looks_of, standing

Config = dict[str, Any]
ROLES = {
    "confirm": "the candidate, against the baseline",
    "all": "all changes together, against the baseline",
    "leave-one-out": "the winner with it, against the winner without",
    "add-one-in": "the baseline with it, against the baseline",
    "named": "the start with the named ablation, against the start as it is",
}


@dataclass(frozen=True)
class Anatomy:
    """What is taken apart, kept in the look's ``details``: whole configs, and each change as fields with their values.

    ``changes`` are applied to the baseline or reverted in the start; ``named`` ablations are applied to the start.
    ``pins`` hold for every run. ``path`` names the changes in the order of the greedy path, as far as it was walked.
    """

    start: Config
    baseline: Config
    changes: dict[str, Config] = field(default_factory=dict)
    named: dict[str, Config] = field(default_factory=dict)
    pins: Config = field(default_factory=dict)
    origin: str = "best"
    path: tuple[str, ...] = ()
    path_seeds: tuple[int, ...] = ()
    interaction: tuple[str, str] | None = None

    def without(self, name: str) -> Config:
        """Return the start with one change reverted, or with a named ablation applied."""
        if name in self.named:
            return self.start | self.named[name]
        return self.start | {k: self.baseline[k] for k in self.changes[name]}

    def adding(self, *names: str) -> Config:
        """Return the baseline with only these changes."""
        config = dict(self.baseline)
        for name in names:
            config |= self.changes[name]
        return config

    def comparisons(self, roles: Collection[str] = tuple(ROLES)) -> dict[tuple[str, str], tuple[str, str]]:
        """Map (candidate, reference), as hashes, to (role, name): what may get a verdict, each comparison once."""
        start, baseline = config_hash(self.start), config_hash(self.baseline)
        found = [((start, baseline), ("all", "all changes"))] if self.changes and start != baseline else []
        found += [((start, config_hash(self.without(n))), ("leave-one-out", n)) for n in self.changes]
        found += [((config_hash(self.adding(n)), baseline), ("add-one-in", n)) for n in self.changes]
        found += [((config_hash(self.without(n)), start), ("named", n)) for n in self.named]
        unique: dict[tuple[str, str], tuple[str, str]] = {}
        for key, what in found:  # a start with one change is the same comparison three times
            if what[0] in roles and key[::-1] not in unique:  # a named ablation may be a change taken back
                unique.setdefault(key, what)
        return unique

    def joined(self, later: Anatomy) -> Anatomy:
        """Return both as one: what was asked of the same start, in one go or in several."""
        walked = later if later.path else self
        return replace(
            later,
            changes=self.changes | later.changes,
            named=self.named | later.named,
            path=walked.path,
            path_seeds=walked.path_seeds,
            interaction=later.interaction or self.interaction,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-able values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Anatomy:
        """Undo :meth:`as_dict`."""
        own = {k: value[k] for k in ("start", "baseline", "changes", "named", "pins", "origin") if k in value}
        pair = value.get("interaction")
        return cls(
            **own,
            path=tuple(value.get("path", ())),
            path_seeds=tuple(value.get("path_seeds", ())),
            interaction=(pair[0], pair[1]) if pair else None,
        )


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
class Step:
    """One step of the greedy path: the change added (None: the baseline), mean accuracies and n."""

    name: str | None
    val: float | None
    test: float | None
    n: int


@dataclass(frozen=True)
class Interaction:
    """How far two changes together do more (or less) than the sum of each alone, on test; marginal 95 % interval."""

    names: tuple[str, str]
    estimate: float
    low: float
    high: float
    n: int


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


def ablated(records: Sequence[Record], meta: StudyMeta) -> Ablated | None:
    """Return what the study's last ablation found, with verdicts over all its looks; None where there was none."""
    looks = looks_of(meta, "ablation")
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
    runs = by_run(records, meta.dataset.fingerprint)
    judged = {j.pair.key: j for j in standing(records, looks, meta.dataset.fingerprint)}
    confirmed = {j.pair.key: j for j in standing(records, looks_of(meta, "confirm"), meta.dataset.fingerprint)}
    rows = []
    for key, (role, name) in anatomy.comparisons().items():  # roles of an earlier ablation may have been others
        own, other = judged.get(key), confirmed.get(key)
        if other is not None and (own is None or other.verdict.decided or not own.verdict.decided):
            rows.append(_row(other, role, name, anatomy, runs, by_confirm=True))
        elif own is not None:  # decided here before confirm asked: what was given stands
            rows.append(_row(own, role, name, anatomy, runs, by_confirm=False))
    rows.sort(key=lambda r: list(ROLES).index(r.role))
    return Ablated(
        look,
        rows,
        anatomy.start.get("epochs"),
        anatomy,
        walked(anatomy, runs),
        interacting(anatomy, runs, _seeds(look)),
        disagreements(rows, records, meta, anatomy),
        elsewhere,
    )


def _seeds(look: Look) -> tuple[int, ...]:
    return tuple(sorted({s for p in look.pairs for s in p.seeds}))


def _row(
    judged: Judged,
    role: str,
    name: str,
    anatomy: Anatomy,
    runs: Mapping[tuple[str, int], Record],
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


def config_cost(
    config: Config, runs: Mapping[tuple[str, int], Record], seeds: Sequence[int]
) -> tuple[int | None, float | None]:
    """Return (parameters, mean seconds per run) over those of ``seeds`` that the config has; None for unknown."""
    name = config_hash(config)
    found = [runs[name, s] for s in seeds if (name, s) in runs]
    seconds = [r.seconds for r in found if r.seconds is not None]
    return (found[0].parameters if found else None), (float(np.mean(seconds)) if seconds else None)


def mean_score(
    config: Config, runs: Mapping[tuple[str, int], Record], seeds: Sequence[int], metric: str
) -> tuple[float | None, int]:
    """Return (mean, n) of a config's metric over those of ``seeds`` that it has; None for none."""
    name = config_hash(config)
    values = [v for s in seeds if (name, s) in runs and (v := getattr(runs[name, s], metric)) is not None]
    return (float(np.mean(values)) if values else None), len(values)


def next_step(anatomy: Anatomy, runs: Mapping[tuple[str, int], Record], seeds: Sequence[int]) -> str | None:
    """Return the change that the greedy path adds next, by mean validation accuracy; None at the end or unscored."""
    left = [n for n in anatomy.changes if n not in anatomy.path]
    scored = [(mean_score(anatomy.adding(*anatomy.path, n), runs, seeds, "val_accuracy")[0], n) for n in left]
    known = [(s, n) for s, n in scored if s is not None]
    return max(known, key=lambda x: (x[0], -left.index(x[1])))[1] if known else None


def walked(anatomy: Anatomy, runs: Mapping[tuple[str, int], Record]) -> list[Step]:
    """Return the greedy path's steps, the baseline first; empty where none was walked."""
    if not anatomy.path:
        return []
    steps = []
    for i, name in enumerate((None, *anatomy.path)):
        config = anatomy.adding(*anatomy.path[:i])
        val, n = mean_score(config, runs, anatomy.path_seeds, "val_accuracy")
        steps.append(Step(name, val, mean_score(config, runs, anatomy.path_seeds, "test_accuracy")[0], n))
    return steps


def strongest(anatomy: Anatomy, runs: Mapping[tuple[str, int], Record], seeds: Sequence[int]) -> tuple[str, str] | None:
    """Return the two changes with the largest effect on validation when added alone (else when left out)."""
    size: dict[str, float] = {}
    for name in anatomy.changes:
        for a, b in ((anatomy.adding(name), anatomy.baseline), (anatomy.start, anatomy.without(name))):
            one, other = mean_score(a, runs, seeds, "val_accuracy")[0], mean_score(b, runs, seeds, "val_accuracy")[0]
            if one is not None and other is not None:
                size.setdefault(name, abs(one - other))
    best = sorted(size, key=lambda n: -size[n])[:2]
    return (best[0], best[1]) if len(best) == 2 else None


def interacting(anatomy: Anatomy, runs: Mapping[tuple[str, int], Record], seeds: Sequence[int]) -> Interaction | None:
    """Return (both - first) - (second - baseline) per seed on test, with its t interval; None below two whole seeds."""
    if anatomy.interaction is None:
        return None
    a, b = anatomy.interaction
    names = [config_hash(anatomy.adding(*c)) for c in ((a, b), (a,), (b,), ())]
    whole = [[runs[n, s].test_accuracy or 0.0 for n in names] for s in seeds if all((n, s) in runs for n in names)]
    if len(whole) < 2:
        return None
    x = np.array(whole)
    t = t_tests(x[:, 0] - x[:, 1] - x[:, 2] + x[:, 3])
    return Interaction((a, b), float(t["estimate"]), float(t["low"]), float(t["high"]), len(whole))


def _sure(row: Row) -> tuple[float, float]:
    """The least and the largest size of an effect within its 95 % interval."""
    v = row.judged.latest
    return (0.0 if v.low <= 0 <= v.high else min(abs(v.low), abs(v.high))), max(abs(v.low), abs(v.high))


def disagreements(rows: Sequence[Row], records: Sequence[Record], meta: StudyMeta, anatomy: Anatomy) -> list[str]:
    """Say where measured effects and the sweep's importance tell different stories, a sentence each.

    Importance speaks of a knob's whole range in the sweep, an ablation of one change: both can be right.
    """
    alike = comparable([r for r in records if r.kind == "sweep" or r.trial is not None])
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
