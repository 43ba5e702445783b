"""One study, read once: what every section looks at. Evidence, and what only the study's files and the page add."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup

from results.analysis.ablation import AblationResult, ablation_result
from results.analysis.evidence import Evidence, Trial
from results.analysis.looks import Family, Look
from results.analysis.plans import Judged
from results.analysis.verdicts import PairVerdict
from results.commands import next_command
from results.errors import UserError
from results.outcome import Predictions
from results.reading import Reading
from results.store import Study
from results.values import chosen_by, value_text
from study.planning.next_step import next_step
from study.planning.step import Step
from study.report.text import distinct, link, name, strong, text, typeset, value

STATUSES = ("complete", "pruned", "diverged", "failed")

MOST = 500
"""Trials on the page, the first ones by rank; counts and statistics are over all."""


class View(Evidence):
    """A study's evidence, its files, and its names as the page may show them."""

    def __init__(self, study: Study, reading: Reading) -> None:
        super().__init__(reading.records, study.meta, reading.lost, reading.identity)
        self.study, self.reading = study, reading

    @property
    def path(self) -> Path:
        """The study's folder."""
        return self.study.path

    def command(self, name: str, *words: str) -> str:
        """A command on this study, complete."""
        return next_command(name, self.path, self.meta, *words)

    @functools.cached_property
    def next(self) -> Step:
        """What to run next in this study."""
        return next_step(self)

    # -- the metric's numbers, as the page shows them --------------------------------------------------------------

    def score(self, score: float | None, digits: int | None = None) -> str:
        """A score as its value: ``76.48 %``, ``0.532 mpg``."""
        return typeset(self.metric.text(score, digits))

    def gain(self, gain: float | None, signed: bool = True) -> str:
        """A gain as a difference of values, without its unit: ``+1.90``; of an error a gain is ``−0.12``."""
        return typeset(self.metric.difference(gain, signed))

    def amount(self, gain: float | None, signed: bool = True, short: bool = False, bold: bool = False) -> Markup:
        """The same with its unit: ``+1.90 percentage points``."""
        unit = self.metric.short_unit if short else self.metric.difference_unit
        shown = self.gain(gain, signed)
        return (strong(shown) if bold else text("{}", shown)) + (text(" {}", unit) if unit else "")

    def interval(self, low: float, high: float) -> tuple[str, str]:
        """The ends of an interval of gains as differences, the lesser first."""
        first, last = self.metric.interval(low, high)
        return typeset(first), typeset(last)

    def measured(self, name: str, value: float | None) -> str:
        """A named value of a run."""
        return typeset(value_text(self.metric, name, value))

    def raw(self, score: float | None) -> float | None:
        """A score as its value, or a gain as a difference of values: for axes and for what a column sorts by."""
        return self.metric.score(score)

    def shown_raw(self, gain: float | None) -> float | None:
        """A gain as the number that is shown: in percentage points, or in the values' own unit."""
        return None if gain is None else round(self.metric.scale * gain, 10) + 0.0  # no -0.0

    def difference_of(self, split: str | None = None, short: bool = False) -> str:
        """What a difference is of: ``percentage points of test accuracy``, ``mpg of test rmse``, ``in test auc``."""
        unit = self.metric.short_unit if short else self.metric.difference_unit
        return f"{unit} of {self.metric.what(split)}" if unit else f"in {self.metric.what(split)}"

    def axis_of_difference(self, split: str | None = None) -> str:
        """The name of an axis of differences."""
        unit = self.metric.difference_unit
        return self.difference_of(split) if unit else f"difference {self.difference_of(split)}"

    def worst_drawn(self, scores: Sequence[float]) -> float | None:
        """The score below which what is worse is drawn at the edge, lest it squeeze the rest; None where all fit."""
        if not scores or math.isfinite(self.metric.largest):
            return None
        best, usual = max(scores), float(np.quantile(scores, 0.25))
        limit = best - 10 * (best - usual)
        return limit if min(scores) < limit < best else None

    def beyond(self, limit: float | None) -> str:
        """A caption's sentence on what is drawn at the edge; empty where nothing is."""
        return "" if limit is None else f"What is worse than {self.score(limit)} is drawn at the edge. "

    @property
    def above(self) -> str:
        """Where the better values lie: 'above' or 'below'."""
        return "above" if self.metric.better == "higher" else "below"

    @property
    def pruned_count(self) -> str:
        """What to add where as many configs are spoken of as were tried; empty where none was pruned."""
        return " (pruned trials count)" if self.having("pruned") else ""

    @property
    def least(self) -> str:
        """A sentence for a caption where less is better; empty where more is."""
        return "" if self.metric.better == "higher" else "Lower is better. "

    @functools.cached_property
    def equal(self) -> bool:
        """Whether runs are compared at equal epochs, or would be."""
        if not self.has_epochs:
            return False
        return not self.trials or any(t.compared.at_equal is not None for t in self.trials)

    @property
    def at_its_epoch(self) -> str:
        """Where a run's score is taken: ' at the epoch of lowest validation loss'; empty where there are no epochs."""
        chosen = chosen_by(self.metric)
        return "" if not self.has_epochs else f" at the epoch of {chosen}" if chosen else " at the last epoch"

    @property
    def best_epoch(self) -> str:
        """The epoch that speaks for a run: 'the epoch with the lowest validation loss'."""
        chosen = chosen_by(self.metric)
        return f"the epoch with the {chosen}" if chosen else "the last epoch"

    @property
    def material(self) -> str:
        """What the data are, all together: 'images' or 'data'."""
        return "images" if self.meta.dataset.pictures else "data"

    @property
    def member(self) -> str:
        """What one of the data's examples is called: 'image' or 'example'."""
        return self.members[:-1]

    # -- the trials on the page ------------------------------------------------------------------------------------

    @functools.cached_property
    def trials(self) -> list[Trial]:
        """All trials, those without a part of their own marked so."""
        found = super().trials
        for trial in sorted(found, key=_place)[MOST:]:
            trial.on_page = False
        return found

    @functools.cached_property
    def by_rank(self) -> list[Trial]:
        """All trials: by rank, then pruned ones by how far they came, then those that failed."""
        return sorted(self.trials, key=_place)

    @property
    def shown(self) -> list[Trial]:
        """The trials that the page shows, by rank."""
        return self.by_rank[:MOST]

    @property
    def of_all(self) -> str:
        """Say how many of the trials are shown: '500 of 10,000 trials'; empty where all are."""
        return f"{MOST:,} of {len(self.trials):,} trials" if len(self.trials) > MOST else ""

    # -- the study's files -----------------------------------------------------------------------------------------

    @functools.cached_property
    def class_names(self) -> list[str]:
        """The classes' names; their numbers where nobody names them."""
        matrices = (m for r in self.records for m in (r.test_confusion, *r.val_confusion.values()) if m is not None)
        return super().class_names or [str(i) for i in range(len(next(matrices, ())))]

    @functools.cached_property
    def short_classes(self) -> list[str]:
        """The same in at most 24 characters, or little more, no two of them alike."""
        return distinct(self.class_names, 24)

    @functools.cached_property
    def classes(self) -> list[Markup]:
        """The same, fit to be shown."""
        return [name(c) for c in self.short_classes]

    def looks(self, family: Family) -> list[Look]:
        """The interim analyses (looks) of a family; none where study.json holds others: see ``unknown_plans``."""
        try:
            return super().looks(family)
        except UserError:
            return []

    @functools.cached_property
    def _judged(self) -> list[Judged]:
        """The plans; none where study.json holds others."""
        try:
            return super()._judged
        except UserError:
            return []

    def fresh_label(self, trial: Trial) -> str:
        """What fresh seeds say of a trial that was confirmed: 'better', 'not decided yet'; empty where it was not."""
        keys = (trial.record.config_hash, self.baseline_hash)
        return next((j.label for j in self.verdicts("confirm") if j.pair.key == keys), "")

    def judged_of(self, tested: PairVerdict) -> Judged | None:
        """How far the plan is that judged a pair last; None for a look."""
        v = tested.latest
        return next((j for j in self._judged if v.by == "plan" and j.plan.number == v.number), None)

    @functools.cached_property
    def ablation(self) -> AblationResult | None:
        """What the last ablation found; None where there was none."""
        try:
            return ablation_result(self)
        except (UserError, KeyError, TypeError, ValueError):
            return None

    @functools.lru_cache(maxsize=4)  # noqa: B019 - a view lives as long as one rendering
    def predictions(self, run_id: str, split: str = "test") -> Predictions | None:
        """A run's probabilities and labels, where the study holds them whole and fitting."""
        found = self.study.predictions(run_id, split)
        return found if found is not None and found.probabilities.shape[1] == len(self.class_names) else None

    def matrix(self, matrix: Sequence[Sequence[int]] | None) -> np.ndarray | None:
        """A record's confusion matrix as (classes, classes) int64; None where it has none of the study's classes."""
        found = None if matrix is None else np.asarray(matrix, dtype=np.int64)
        return found if found is not None and len(found) == len(self.class_names) else None

    @functools.cached_property
    def images(self) -> np.ndarray | None:
        """(test images, h, w, 3) uint8, or None where the study holds no pictures."""
        images = self.study.images(self.study.artefact_path("test_images.npy"))
        fits = images is not None and images.ndim == 4 and images.shape[-1] == 3 and images.dtype == np.uint8
        return images if fits else None

    def arrays(self, artefact: str) -> dict[str, np.ndarray] | None:
        """An artefact's arrays; None where there are none or the file is not whole."""
        return self.study.arrays(self.study.artefact_path(artefact))


def _place(trial: Trial) -> tuple[float, ...]:
    """What trials are ordered by, the least first."""
    run = trial.record
    if run.status == "complete" and run.score is not None:
        return 0, -run.score, trial.order
    return 1 + STATUSES.index(run.status), -len(run.history), -(trial.compared.at_equal or 0.0), trial.order


def trial_link(trial: Trial) -> Markup:
    """Its name as a link to its own part of the page, where it has one."""
    return link(f"#{trial.anchor}", trial.label) if trial.on_page else text("{}", trial.label)


def trial_changes(trial: Trial) -> Markup:
    """What it changes, in one line: ``learning_rate=0.0003, architecture=wide``."""
    parts = [Markup("{}={}").format(name(f, 40), name(value(new))) for f, (_, new) in trial.changes.items()]
    return Markup(", ").join(parts) if parts else Markup("nothing")
