"""Pictures: augmented training images, mistakes, features. A study without artefacts has none."""

from __future__ import annotations

import numpy as np

from study.report import figures
from study.report.blocks import Block, Figure, Grid, Picture, Pictures, Section, Text
from study.report.parts.pictures import picture, source
from study.report.text import percent, plural, text
from study.report.view import View

SHOWN = 24


def augmented(view: View) -> Section | None:
    """A grid of training images: the original, then as the model sees it in training."""
    found = view.arrays("augmented.npz")
    images = found.get("images") if found else None
    if images is None or images.ndim != 5 or images.dtype != np.uint8:
        return None
    rows, columns = images.shape[:2]
    items = [
        Picture(
            source(images[i, j]),
            f"Training image {i + 1}, " + ("original" if j == 0 else f"augmented {j}"),
        )
        for i in range(rows)
        for j in range(columns)
    ]
    said = text(
        "Each row starts with a training image as it is; the others are what the model was given instead, "
        "drawn anew for "
        "every image in every epoch. Validation and test images are never changed."
    )
    caption = text(
        "{} with {} each",
        plural(rows, "training image"),
        plural(columns - 1, "random variant"),
    )
    return Section(
        "augmented",
        "Training images as augmented",
        [Text([said]), Pictures(caption, items, columns)],
    )


def mistakes(view: View) -> Section | None:
    """The test images that the baseline was surest of and wrong about."""
    run, images = view.reference, view.images
    predictions = view.predictions(run.run_id) if run else None
    if run is None or images is None or predictions is None or len(predictions.labels) != len(images):
        return None
    taken = predictions.probabilities.argmax(axis=1)
    sure = predictions.probabilities.max(axis=1)
    wrong = np.flatnonzero(taken != predictions.labels)
    order = wrong[np.argsort(-sure[wrong], kind="stable")][:SHOWN]
    if not len(order):
        return None
    items = [
        picture(
            images[i],
            view,
            int(predictions.labels[i]),
            int(taken[i]),
            float(sure[i]),
            f"Test image {i}",
        )
        for i in order
    ]
    caption = text(
        "The {} of {} wrong answers given with the highest probability, seed {}",
        len(items),
        f"{len(wrong):,}",
        run.seed,
    )
    return Section("mistakes", "Most confident mistakes", [Pictures(caption, items)])


def features(view: View) -> Section | None:
    """The model's features of the test examples in two dimensions."""
    kept = [(b, found) for b in view.baselines if (found := view.arrays(f"features-{b.run_id}.npz"))]
    if not kept or "labels" not in kept[0][1]:
        return None
    run, found = kept[0]
    labels = found["labels"]
    if labels.ndim != 1 or not len(labels) or not 0 <= labels.min() <= labels.max() < len(view.classes):
        return None
    variance = found.get("variance")
    drawn: list[Block] = []
    for key, title, reading in (
        (
            "pca",
            "Principal components",
            "The two directions in which the features vary most: distances can be read.",
        ),
        (
            "tsne",
            "t-SNE",
            "Near points are alike; distances between groups and their sizes mean nothing.",
        ),
    ):
        points = found.get(key)
        if points is None or points.shape != (len(labels), 2) or not np.isfinite(points).all():
            continue
        shares = [float(v) for v in variance[:2]] if key == "pca" and variance is not None else []
        axes = [f"component {i + 1} ({percent(v, 0)} of the variance)" for i, v in enumerate(shares)] or ["", ""]
        alt = f"{title} of the features of {len(labels):,} test {view.members}, coloured by class"
        names = view.short_classes
        svg = figures.cloud(f"features-{key}", points, labels, names, axes[0], axes[-1], alt)
        drawn.append(Figure(f"features-{key}", title, svg, alt, reading))
    if not drawn:
        return None
    said = text(
        "What the last layer before the classifier makes of {} test {}, seed {}. Classes that lie over "
        "each other here "
        "are those that the confusion matrix shows as confused.",
        f"{len(labels):,}",
        view.members,
        run.seed,
    )
    return Section("features", "The features in two dimensions", [Text([said]), Grid(drawn)])
