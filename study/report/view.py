"""One study, read once: what every section looks at. Evidence, and what only the study's files and the page add."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from markupsafe import Markup

from results.analysis.ablation import AblationResult, ablation_result
from results.analysis.evidence import Evidence, Trial
from results.analysis.looks import Family, Look
from results.errors import UserError
from results.outcome import Predictions
from results.reading import Reading
from results.store import Study
from study.report.text import link, name, value


class View(Evidence):
    """A study's evidence, its files, and its names as the page may show them."""

    def __init__(self, study: Study, reading: Reading) -> None:
        super().__init__(reading.records, study.meta, reading.lost)
        self.study, self.reading = study, reading

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

    def looks(self, family: Family) -> list[Look]:
        """The interim analyses (looks) of a family; none where study.json holds others: see ``unknown_looks``."""
        try:
            return super().looks(family)
        except UserError:
            return []

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
        return self.study.predictions(run_id, split)

    @functools.cached_property
    def images(self) -> np.ndarray | None:
        """(test images, h, w, 3) uint8, or None where the study holds no pictures."""
        images = self.study.images(self.study.artefact_path("test_images.npy"))
        fits = images is not None and images.ndim == 4 and images.shape[-1] == 3 and images.dtype == np.uint8
        return images if fits else None

    def arrays(self, artefact: str) -> dict[str, np.ndarray] | None:
        """An artefact's arrays; None where there are none or the file is not whole."""
        return self.study.arrays(self.study.artefact_path(artefact))


def trial_link(trial: Trial) -> Markup:
    """Its name as a link to its own part of the page."""
    return link(f"#{trial.anchor}", trial.label)


def trial_changes(trial: Trial) -> Markup:
    """What it changes, in one line: ``learning_rate=0.0003, architecture=wide``."""
    parts = [Markup("<bdi>{}</bdi>={}").format(name(f, 40), value(new)) for f, (_, new) in trial.changes.items()]
    return Markup(", ").join(parts) if parts else Markup("nothing")
