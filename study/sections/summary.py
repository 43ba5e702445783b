"""The head of the page: one sentence that says what is known, and four numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from study.sections.blocks import Tile
from study.sections.text import name, percent, plural, text
from study.sections.view import View


@dataclass
class Headline:
    """What stands first on the page. ``tone`` as of a Note."""

    study: Markup
    subtitle: Markup
    verdict: Markup
    tone: str
    mark: str
    tiles: Sequence[Tile]


def headline(view: View) -> Headline:
    """Say the most that the records support."""
    data = view.meta.dataset
    subtitle = text("{} on {}", name(view.meta.trainable), name(data.name))
    tone, mark, verdict = _verdict(view)
    return Headline(name(view.meta.name), subtitle, verdict, tone, mark, _tiles(view))


def _verdict(view: View) -> tuple[str, str, Markup]:
    if not view.records:
        return "info", "Empty", text("Nothing has been run in this study yet.")
    run = view.reference
    if run is None:
        return (
            "warn",
            "No baseline",
            text(
                "There is no complete run of the baseline: nothing can be compared with it."
            ),
        )
    return "info", "Baseline only", text(
        "The baseline reaches {} on the test set with {}. Nothing has been compared with it yet.",
        Markup("<strong>{}</strong>").format(percent(run.test_accuracy)), plural(len(view.baselines), "seed"),
    )  # fmt: skip


def _tiles(view: View) -> list[Tile]:
    run = view.reference
    if run is None:
        return []
    return [
        Tile(
            "Baseline, validation",
            percent(run.val_accuracy),
            f"epoch {run.best_epoch} of {len(run.history)}",
        ),
        Tile(
            "Baseline, test",
            percent(run.test_accuracy),
            f"{run.test_images:,} images" if run.test_images else "",
        ),
    ]
