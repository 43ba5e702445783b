"""One study, read once: what every section looks at."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import get_args

import numpy as np
from markupsafe import Markup

from results.analysis.ablation import Ablated, ablated
from results.analysis.importance import varying as varying_fields
from results.analysis.looks import Family, Look, Pair, looks_of
from results.analysis.noise import NoiseFloor, noise_floor
from results.analysis.scores import Comparison, baseline_runs, compare, is_baseline, luckiest
from results.analysis.verdicts import Judged, standing
from results.config import changes
from results.errors import UserError
from results.files import load_arrays
from results.outcome import Predictions
from results.record import Record, finite_only
from results.store import Study, StudyMeta
from study.report.text import link, name, value


class View:
    """A study's records, sorted into what they are. Everything else is computed from these."""

    def __init__(self, study: Study, records: list[Record], torn: int = 0) -> None:
        self.study, self.meta, self.torn = study, study.meta, torn
        own = study.meta.dataset.fingerprint
        records = [finite_only(r) for r in records]
        self.everything = records
        self.foreign = [r for r in records if r.dataset.fingerprint != own]
        self.records = [r for r in records if r.dataset.fingerprint == own]

    @property
    def path(self) -> Path:
        """The study's folder."""
        return self.study.path

    @functools.cached_property
    def class_names(self) -> list[str]:
        """The dataset's class names, as they are."""
        return self.meta.dataset.class_names

    @functools.cached_property
    def classes(self) -> list[Markup]:
        """The dataset's class names, fit to be shown."""
        return [name(c, 24) for c in self.class_names]

    @functools.cached_property
    def baselines(self) -> list[Record]:
        """Complete runs of the baseline, by seed."""
        return baseline_runs(self.records, self.meta)

    @functools.cached_property
    def reference(self) -> Record | None:
        """The one baseline run that single runs are laid beside: the seed of the sweep, or the lowest."""
        seeds = {t.record.seed for t in self.trials}
        return next(
            (b for b in self.baselines if b.seed in seeds),
            self.baselines[0] if self.baselines else None,
        )

    @functools.cached_property
    def trials(self) -> list[Trial]:
        """The runs that are neither the baseline nor repeats for a verdict: one per trial of a sweep, in order."""
        kept = [r for r in self.records if not is_baseline(r, self.meta) and r.kind in ("sweep", "baseline")]
        made = [Trial(r, compare(r, self.baselines), self.meta, i) for i, r in enumerate(kept)]
        made = sorted(made, key=lambda t: (t.record.trial is None, t.record.trial or 0, t.order))
        taken: set[str] = set()
        for trial in made:  # a second attempt at a trial, or a hostile run_id, must not double a link
            stem, n = trial.anchor, 2
            while trial.anchor in taken:
                trial.anchor, n = f"{stem}-{n}", n + 1
            taken.add(trial.anchor)
        return made

    @functools.cached_property
    def repeats(self) -> list[Record]:
        """Runs made to confirm or to take apart, beside the baseline's."""
        return [r for r in self.records if r.kind in ("confirm", "ablation") and not is_baseline(r, self.meta)]

    def having(self, *statuses: str) -> list[Trial]:
        """Trials of the given statuses, in order."""
        return [t for t in self.trials if t.record.status in statuses]

    @functools.cached_property
    def ranked(self) -> list[Trial]:
        """Complete trials by validation accuracy, best first; the earlier of equals first."""
        scored = [t for t in self.having("complete") if t.record.val_accuracy is not None]
        return sorted(scored, key=lambda t: (-t.record.val_accuracy, self.trials.index(t)))  # type: ignore[operator]

    @functools.cached_property
    def best(self) -> Trial | None:
        """The complete trial of highest validation accuracy."""
        return self.ranked[0] if self.ranked else None

    @functools.cached_property
    def floor(self) -> NoiseFloor | None:
        """The spread of the baseline's validation accuracy over seeds; None with fewer than two."""
        return noise_floor(self.baselines, "val_accuracy")

    @functools.cached_property
    def test_floor(self) -> NoiseFloor | None:
        """The same of its test accuracy, with the part that a finite test set explains."""
        return noise_floor(self.baselines)

    @functools.cached_property
    def band(self) -> tuple[float, float] | None:
        """Where one more run of the baseline would fall in 95 % of cases, as a difference to the reference run.

        A prediction interval from the mean over seeds; None with one seed.
        """
        if self.floor is None or self.reference is None or self.reference.val_accuracy is None:
            return None
        from scipy.stats import t

        half = float(t.ppf(0.975, self.floor.n - 1)) * self.floor.sd * (1 + 1 / self.floor.n) ** 0.5
        middle = self.floor.mean - self.reference.val_accuracy
        return middle - half, middle + half

    @property
    def tried(self) -> int:
        """How many trials the best was picked from, pruned ones included."""
        return len(self.ranked) + len(self.having("pruned"))

    @functools.cached_property
    def luck(self) -> float | None:
        """The difference to the reference run that the luckiest of ``tried`` baseline runs would reach on average.

        Pruned trials count: the same validation images and seed left them behind, so the rest are the best of all.
        """
        if self.floor is None or self.reference is None or self.reference.val_accuracy is None or not self.ranked:
            return None
        return self.floor.mean - self.reference.val_accuracy + self.floor.sd * luckiest(self.tried)

    @functools.cached_property
    def judged(self) -> list[Judged]:
        """The verdicts that stand on confirmed candidates; none where nothing was confirmed."""
        try:
            return standing(self.records, self.looks("confirm"), self.meta.dataset.fingerprint)
        except (KeyError, TypeError, ValueError):
            return []  # looks of another version

    def looks(self, family: Family) -> list[Look]:
        """The looks at a family; none where study.json holds something else in their place."""
        try:
            return looks_of(self.meta, family)
        except UserError:
            return []

    @functools.cached_property
    def unknown_looks(self) -> str:
        """Why recorded verdicts cannot be shown; empty where all can."""
        for family in get_args(Family):
            try:
                looks_of(self.meta, family)
            except UserError as error:
                return str(error)
        return ""

    @functools.cached_property
    def ablation(self) -> Ablated | None:
        """What the last ablation found; None where there was none."""
        if not self.looks("ablation"):
            return None
        try:
            return ablated(self.records, self.meta)
        except (UserError, KeyError, TypeError, ValueError):
            return None

    def trial_of(self, pair: Pair) -> Trial | None:
        """The trial that a confirmed candidate was."""
        by_run = next((t for t in self.trials if t.record.run_id == pair.chosen), None)
        return by_run or next((t for t in self.trials if t.record.config_hash == pair.candidate), None)

    @functools.cached_property
    def varying(self) -> list[str]:
        """The config fields that take more than one value among the trials."""
        return varying_fields([self.meta.baseline, *(t.record.config for t in self.trials)]) if self.trials else []

    @functools.lru_cache(maxsize=4)  # noqa: B019 - a view lives as long as one rendering
    def predictions(self, run_id: str, split: str = "test") -> Predictions | None:
        """A run's probabilities and labels, where the study holds them whole and fitting."""
        try:
            found = self.study.predictions(run_id, split)
        except (OSError, ValueError, KeyError):
            return None
        fits = found is not None and found.probabilities.shape == (
            len(found.labels),
            len(self.class_names),
        )
        return found if fits else None

    @functools.cached_property
    def images(self) -> np.ndarray | None:
        """(test images, h, w, 3) uint8, or None where the study holds no pictures."""
        path = self.study.artefact_path("test_images.npy")
        try:
            images = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):
            return None
        return images if images.ndim == 4 and images.shape[-1] == 3 and images.dtype == np.uint8 else None

    def arrays(self, artefact: str) -> dict[str, np.ndarray] | None:
        """An artefact's arrays; None where there are none or the file is not whole."""
        try:
            return load_arrays(self.study.artefact_path(artefact))
        except (OSError, ValueError, KeyError):
            return None


class Trial:
    """One run of a sweep with its comparison and how the report calls it."""

    def __init__(self, record: Record, comparison: Comparison, meta: StudyMeta, order: int) -> None:
        self.record, self.compared, self.order = record, comparison, order
        self.changes = changes(record.config, meta.baseline)
        known = re.sub(r"[^A-Za-z0-9_-]", "", record.run_id)[:40]
        self.anchor = f"run-{known}" if record.trial is None else f"trial-{record.trial}"
        self.label = f"run {known}" if record.trial is None else f"trial {record.trial}"

    @property
    def link(self) -> Markup:
        """Its name as a link to its own part of the page."""
        return link(f"#{self.anchor}", self.label)

    @property
    def difference(self) -> Markup:
        """What it changes, in one line: ``learning_rate=0.0003, architecture=wide``."""
        parts = [Markup("<bdi>{}</bdi>={}").format(name(f, 40), value(new)) for f, (_, new) in self.changes.items()]
        return Markup(", ").join(parts) if parts else Markup("nothing")
