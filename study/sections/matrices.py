"""Confusion matrices as tables: counts, signed differences, per-class recall, the pairs confused most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from study.sections import colours
from study.sections.blocks import Matrix
from study.sections.text import joined, signed, text

WIDEST = 20
"""Classes up to which a whole matrix is shown; a hundred classes would be ten thousand cells."""


@dataclass(frozen=True)
class Pair:
    """Images of ``truth`` taken for ``taken``: ``count`` of ``support``."""

    truth: int
    taken: int
    count: int
    support: int


def confused_pairs(matrix: np.ndarray, top: int = 3) -> list[Pair]:
    """Return the off-diagonal pairs of highest count, those of more than no image, ties by class order."""
    off = matrix.copy()
    np.fill_diagonal(off, 0)
    order = np.argsort(-off, axis=None, kind="stable")[:top]
    found = [divmod(int(i), len(matrix)) for i in order]
    return [Pair(t, p, int(off[t, p]), int(matrix[t].sum())) for t, p in found if off[t, p] > 0]


def counts(matrix: np.ndarray, classes: Sequence[Markup], caption: Markup | str) -> Matrix:
    """A matrix of counts, coloured by the share of the row."""
    support = matrix.sum(axis=1)
    cells = [
        [(str(int(v)), colours.share_class(v / support[i] if support[i] else 0.0)) for v in row]
        for i, row in enumerate(matrix)
    ]
    legend = [(f"c{i}", f"{100 * low:g}") for i, low in enumerate(colours.SHARES, 1)]
    return Matrix(caption, classes, cells, legend=[("", "% of the row, from:"), *legend])


def difference(
    matrix: np.ndarray,
    base: np.ndarray,
    classes: Sequence[Markup],
    caption: Markup | str,
) -> Matrix:
    """A matrix of signed differences of counts, coloured by the change of share. Rows sum to zero on equal images."""
    support = np.maximum(base.sum(axis=1), 1)
    change = matrix - base
    cells = [[(signed(int(v)), colours.difference_class(v / support[i])) for v in row] for i, row in enumerate(change)]
    bounds = [f"{100 * b:g}" for b in colours.DIFFERENCES]
    fewer = [(f"n{i}", f"−{bounds[i - 1]}") for i in range(len(bounds), 0, -1)]
    more = [(f"p{i}", f"+{bounds[i - 1]}") for i in range(1, len(bounds) + 1)]
    return Matrix(caption, classes, cells, legend=[("", "% of the row, from:"), *fewer, *more])


def pair_sentence(pairs: Sequence[Pair], classes: Sequence[Markup]) -> Markup:
    """Say which classes are taken for which, with counts."""
    if not pairs:
        return text("No image was taken for another class.")
    said = [
        text(
            "<strong>{}</strong> taken for <strong>{}</strong> ({} of {})",
            classes[p.truth],
            classes[p.taken],
            p.count,
            f"{p.support:,}",
        )
        for p in pairs
    ]
    return text("Most confused: {}.", joined(said))


def fits(matrix: object, classes: int) -> np.ndarray | None:
    """Return a record's matrix as (classes, classes) int64, or None where it is missing or of another size."""
    if matrix is None:
        return None
    try:
        array = np.asarray(matrix, dtype=np.int64)
    except (ValueError, TypeError):
        return None
    return array if array.shape == (classes, classes) and classes else None


def recalls(matrix: np.ndarray) -> np.ndarray:
    """(classes,) share of each row on the diagonal; 0 for a class without images."""
    support = matrix.sum(axis=1)
    return np.asarray(np.divide(np.diag(matrix), support, out=np.zeros(len(matrix)), where=support > 0))
