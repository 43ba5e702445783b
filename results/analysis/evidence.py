"""A study's evidence: its records and meta, bundled once, and what follows from them. Reads no file, draws nothing."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Collection, Sequence
from typing import get_args

from scipy import stats as st

from results.analysis.ablation_plan import AblationPlan
from results.analysis.chain import plans_of, problem
from results.analysis.importance import varying
from results.analysis.looks import Family, Look, Pair, by_run, chosen_run, looks_of
from results.analysis.luck import Luck
from results.analysis.noise import NoiseFloor, noise_floor
from results.analysis.plans import Judged, Plan, failures, judge
from results.analysis.scores import AgainstBaseline, against_baseline
from results.analysis.verdicts import PairVerdict, final_verdicts, planned, verdicts_at
from results.config import changes
from results.errors import UserError
from results.identity import Identity
from results.meta import StudyMeta
from results.metric import Metric
from results.record import Record
from results.store import Study


class Trial:
    """One run of a sweep beside the baseline: what it changes (field -> (the baseline's, its own)) and its names."""

    def __init__(self, record: Record, compared: AgainstBaseline, baseline: dict[str, object], order: int) -> None:
        self.record, self.compared, self.order = record, compared, order
        self.changes = changes(record.config, baseline)
        self.on_page = True  # whether a report shows it by itself
        known = re.sub(r"[^A-Za-z0-9_-]", "", record.run_id)[:40]
        self.anchor = f"run-{known}" if record.trial is None else f"trial-{record.trial}"
        self.label = f"run {known}" if record.trial is None else f"trial {record.trial}"


class Evidence:
    """What a study knows. ``records`` are of its own dataset, ``foreign`` of another, ``everything`` both, in order.

    Whatever is derived is worked out once; make another Evidence when records or meta have changed. ``lost`` are
    runs by (config hash, seed) whose records are ignored: a verdict that counted one is withdrawn, whatever is left.
    ``identity`` translates the hashes of configs that were recorded before the config got further fields.
    """

    def __init__(
        self,
        records: Sequence[Record],
        meta: StudyMeta,
        lost: Collection[tuple[str, int]] = (),
        identity: Identity | None = None,
    ) -> None:
        self.meta, self.everything, self.lost = meta, list(records), lost
        self.identity = identity or Identity.of(meta)
        for details in (kept.get("details") for kept in (*meta.looks, *meta.plans)):
            self._learn(details)
        own = meta.dataset.fingerprint
        self.records = [r for r in self.everything if r.dataset.fingerprint == own]
        self.foreign = [r for r in self.everything if r.dataset.fingerprint != own]
        self._verdicts: dict[Family, list[PairVerdict]] = {}

    def _learn(self, details: object) -> None:
        """Let the identity know the configs of an ablation's plan; one that is none is told of by :meth:`looks`."""
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            AblationPlan.from_dict(details).now(self.identity)  # type: ignore[arg-type]

    @staticmethod
    def of(study: Study) -> Evidence:
        """Read a study as it is now."""
        reading = study.read()
        return Evidence(reading.records, study.meta, reading.lost, reading.identity)

    # -- what it is about ------------------------------------------------------------------------------------------

    @functools.cached_property
    def metric(self) -> Metric:
        """The study's metric, with the margin of its verdicts."""
        return self.meta.metric.plain

    @functools.cached_property
    def has_epochs(self) -> bool:
        """Whether trainings go by epochs: the config says how many, or a run has more than one measurement."""
        return "epochs" in self.meta.baseline or any(len(r.history) > 1 for r in self.everything)

    @functools.cached_property
    def classification(self) -> bool:
        """Whether runs left a test confusion matrix."""
        return any(r.test_confusion is not None for r in self.records)

    @functools.cached_property
    def class_names(self) -> list[str]:
        """The classes' names, from the data, else from the first run that gave some; empty where there are none."""
        return self.meta.dataset.class_names or next((r.class_names for r in self.records if r.class_names), [])

    @property
    def members(self) -> str:
        """What the data's examples are called: 'images' or 'examples'."""
        return self.meta.dataset.examples

    # -- the baseline ----------------------------------------------------------------------------------------------

    @functools.cached_property
    def baseline_hash(self) -> str:
        """The name of the baseline's config."""
        return self.meta.baseline_hash

    def is_baseline(self, record: Record) -> bool:
        """Whether a run is the baseline: by its config, whatever command asked for it."""
        return record.config_hash == self.baseline_hash

    def is_trial(self, record: Record) -> bool:
        """Whether a run is a trial: neither a run of the baseline, though a sweep begins with it, nor for a verdict.

        The one rule by which trials are counted, on the page and off it.
        """
        return record.kind in ("sweep", "baseline") and not self.is_baseline(record)

    @functools.cached_property
    def baselines(self) -> list[Record]:
        """Complete runs of the baseline, by seed."""
        complete = [r for r in self.records if self.is_baseline(r) and r.status == "complete"]
        return sorted(complete, key=lambda r: (r.seed, r.run_id))

    @functools.cached_property
    def reference(self) -> Record | None:
        """The one baseline run that single runs are compared with: that of the sweep's seed, or of the lowest."""
        seeds = {trial.record.seed for trial in self.trials}
        return next((b for b in self.baselines if b.seed in seeds), self.baselines[0] if self.baselines else None)

    @functools.cached_property
    def validation_floor(self) -> NoiseFloor | None:
        """The noise floor of the baseline's validation scores, by which trials compare; None below two seeds."""
        return noise_floor(self.baselines, "validation", self.members, self.metric)

    @functools.cached_property
    def test_floor(self) -> NoiseFloor | None:
        """The same of its test scores, with the part that a finite test set explains; None without a test value."""
        return noise_floor(self.baselines, "test", self.members, self.metric) if self.metric.test else None

    @property
    def final_floor(self) -> NoiseFloor | None:
        """The noise floor of what verdicts compare: the test scores, or without a test value validation's."""
        return self.test_floor if self.metric.test else self.validation_floor

    @functools.cached_property
    def mean_from_reference(self) -> float | None:
        """The baseline's mean over seeds as a gain over the reference run; None with one seed."""
        floor, run = self.validation_floor, self.reference
        return None if floor is None or run is None or run.score is None else floor.mean - run.score

    @functools.cached_property
    def band(self) -> tuple[float, float] | None:
        """Where one more run of the baseline would fall in 95 % of cases, as a difference to the reference run.

        A prediction interval from the mean over seeds; None with one seed.
        """
        floor, middle = self.validation_floor, self.mean_from_reference
        if floor is None or middle is None:
            return None
        half = float(st.t.ppf(0.975, floor.n - 1)) * floor.sd * (1 + 1 / floor.n) ** 0.5
        return middle - half, middle + half

    # -- the sweep -------------------------------------------------------------------------------------------------

    @functools.cached_property
    def trials(self) -> list[Trial]:
        """The runs that :meth:`is_trial` calls trials, in order."""
        kept = [r for r in self.records if self.is_trial(r)]
        made = [
            Trial(r, against_baseline(r, self.baselines, self.meta.prefix), self.meta.baseline, i)
            for i, r in enumerate(kept)
        ]
        made.sort(key=lambda trial: (trial.record.trial is None, trial.record.trial or 0, trial.order))
        taken: set[str] = set()
        for trial in made:  # a second attempt at a trial, or a hostile run_id, must not double a link
            stem, n = trial.anchor, 2
            while trial.anchor in taken:
                trial.anchor, n = f"{stem}-{n}", n + 1
            taken.add(trial.anchor)
        return made

    @functools.cached_property
    def repeats(self) -> list[Record]:
        """Runs made to confirm or to ablate, beside the baseline's."""
        return [r for r in self.records if r.kind in ("confirm", "ablation") and not self.is_baseline(r)]

    def having(self, *statuses: str) -> list[Trial]:
        """Trials of the given statuses, in order."""
        return [trial for trial in self.trials if trial.record.status in statuses]

    @functools.cached_property
    def ranked(self) -> list[Trial]:
        """Complete trials by validation score, best first; the earlier of equals first."""
        scored = [(t.record.score, t) for t in self.having("complete") if t.record.score is not None]
        return [trial for _, trial in sorted(scored, key=lambda pair: -pair[0])]  # stable: trials are in order

    @functools.cached_property
    def best(self) -> Trial | None:
        """The complete trial of the best validation score."""
        return self.ranked[0] if self.ranked else None

    @property
    def tried(self) -> int:
        """How many trials the best was picked from, pruned ones included."""
        return len(self.ranked) + len(self.having("pruned"))

    @functools.cached_property
    def luck(self) -> Luck | None:
        """How often the best of ``tried`` unchanged configs would lead the baseline's mean by as much as the best does.

        None below two seeds of the baseline, and where they do not differ. Pruned trials count: the same validation
        data and seed left them behind, so the rest are the best of all.
        """
        floor, best = self.validation_floor, self.best
        if floor is None or not floor.varies or best is None or best.record.score is None:
            return None
        return Luck.of(best.record.score - floor.mean, floor.sd, self.tried, floor.n)

    @functools.cached_property
    def varying(self) -> list[str]:
        """The hyperparameters that take more than one value among the trials and the baseline."""
        return varying([self.meta.baseline, *(t.record.config for t in self.trials)]) if self.trials else []

    # -- verdicts --------------------------------------------------------------------------------------------------

    @functools.cached_property
    def runs(self) -> dict[tuple[str, int], Record]:
        """Complete runs with the score that verdicts compare by (config hash, seed)."""
        return by_run(self.records)

    def looks(self, family: Family) -> list[Look]:
        """The interim analyses (looks) of a family, in order. Raises UserError for one of another version."""
        return looks_of(self.meta, family, self.identity)

    @functools.cached_property
    def failures(self) -> set[tuple[str, int]]:
        """(config hash, seed) of runs that ended without the score that verdicts compare by."""
        return failures(self.records)

    @functools.cached_property
    def _judged(self) -> list[Judged]:
        return [judge(plan, self.runs, self.failures) for plan in plans_of(self.meta, self.identity)]

    def plans(self, family: Family) -> list[Plan]:
        """The plans of a family, in order. Raises UserError for one of another version."""
        return [j.plan for j in self.judged(family)]

    def judged(self, family: Family) -> list[Judged]:
        """How far the plans of a family are, in order. Raises as :meth:`plans` does."""
        return [j for j in self._judged if j.plan.family == family]

    def open_plan(self, family: Family) -> Judged | None:
        """The family's plan that has not ended; None where there is none."""
        last = self.judged(family)[-1:]
        return next((j for j in last if not j.ended and not j.plan.given_up), None)

    @functools.cached_property
    def unknown_plans(self) -> str:
        """Why recorded verdicts cannot be shown; empty where all can."""
        try:
            for family in get_args(Family):
                looks_of(self.meta, family, self.identity)
            plans_of(self.meta, self.identity)
        except UserError as error:
            return str(error)
        return ""

    def verdicts(self, family: Family) -> list[PairVerdict]:
        """The final verdicts of a family, one per pair. Raises as :meth:`looks` and :meth:`plans` do."""
        if family not in self._verdicts:
            kept = [
                [j for j in verdicts_at(self.runs, look, self.metric, self.members) if j.pair not in self.withdrawn]
                for look in self.looks(family)
            ]
            kept += [
                [j for j in planned(judged, self.metric, self.members) if j.pair not in self.withdrawn]
                for judged in self.judged(family)
            ]
            self._verdicts[family] = final_verdicts(kept)
        return self._verdicts[family]

    @functools.cached_property
    def withdrawn(self) -> dict[Pair, str]:
        """Pairs whose verdict does not stand, with the reason: runs that it counted are lost, or were changed.

        Seeds that had no score at a look did not count.
        """
        found: dict[Pair, str] = {}
        lost = {(self.identity.now(name), seed) for name, seed in self.lost}
        for index, judged in enumerate(self._judged):
            if why := problem(self.meta, index, judged):
                found |= dict.fromkeys(judged.plan.pairs, why)
        pairs = [p for family in get_args(Family) for look in self.looks(family) for p in look.pairs]
        for pair in [*pairs, *(p for j in self._judged for p in j.plan.pairs)]:
            seeds = set(pair.seeds) - set(pair.without)
            if runs := sorted(f"{name}-s{seed}" for name, seed in lost if name in pair.key and seed in seeds):
                more = ", ..." if len(runs) > 5 else ""
                found[pair] = (
                    f"it counted {', '.join(runs[:5])}{more}, which {'is' if len(runs) == 1 else 'are'} ignored"
                )
        return found

    def chosen_run(self, pair: Pair) -> Record | None:
        """The run that made a pair's candidate one, else any run of its config."""
        return chosen_run(self.records, pair)

    def trial_of(self, pair: Pair) -> Trial | None:
        """The trial that a confirmed candidate was."""
        by_id = next((t for t in self.trials if t.record.run_id == pair.chosen), None)
        return by_id or next((t for t in self.trials if t.record.config_hash == pair.candidate), None)
