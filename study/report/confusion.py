"""Confusion matrices as tables: counts, signed differences, the pairs confused most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from markupsafe import Markup

from study.report.cells import Matrix
from study.report.text import joined, signed, text

WIDEST = 20
"""Classes up to which a whole matrix is shown; a hundred classes would be ten thousand cells."""


SHARES = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
"""Lower bounds of the steps of a share of a class's members; below the first there is no colour. Each doubles."""
DIFFERENCES = (0.005, 0.01, 0.02, 0.04, 0.08)
"""Lower bounds of the steps of a change of share, for better or worse."""
RGB = tuple[float, float, float]


@dataclass(frozen=True)
class Confused:
    """Examples of ``truth`` taken for ``taken``: ``count`` of ``support``."""

    truth: int
    taken: int
    count: int
    support: int


def confused_pairs(matrix: np.ndarray, top: int = 3) -> list[Confused]:
    """Return the off-diagonal pairs of highest count, those of more than none, ties by class order."""
    off = matrix.copy()
    np.fill_diagonal(off, 0)
    order = np.argsort(-off, axis=None, kind="stable")[:top]
    found = [divmod(int(i), len(matrix)) for i in order]
    return [Confused(t, p, int(off[t, p]), int(matrix[t].sum())) for t, p in found if off[t, p] > 0]


def counts(matrix: np.ndarray, classes: Sequence[Markup], caption: Markup | str) -> Matrix:
    """A matrix of counts, coloured by the share of the row."""
    support = matrix.sum(axis=1)
    cells = [
        [(str(int(v)), share_class(v / support[i] if support[i] else 0.0)) for v in row] for i, row in enumerate(matrix)
    ]
    legend = [(f"c{i}", f"{100 * low:g}") for i, low in enumerate(SHARES, 1)]
    return Matrix(caption, classes, cells, legend=[("", "% of the row, from"), *legend])


def changes(step: np.ndarray, support: np.ndarray, classes: Sequence[Markup], caption: Markup | str) -> Matrix:
    """A matrix of differences of counts, or of their means, of ``support`` (classes,); coloured as better or worse.

    Means are shown as whole numbers, below ten in one decimal.
    """
    digits = int(np.abs(step).max(initial=0) < 10 and bool((step % 1).any()))
    cells = [
        [(signed(float(v), digits), gain_class(v / max(1, support[i]), i == j)) for j, v in enumerate(row)]
        for i, row in enumerate(step)
    ]
    bounds = [f"{100 * b:g}" for b in DIFFERENCES]
    worse = [(f"n{i}", bounds[i - 1]) for i in range(len(bounds), 0, -1)]
    better = [(f"p{i}", bounds[i - 1]) for i in range(1, len(bounds) + 1)]
    rule = ("", "of the row; more is better on the diagonal, worse off it")
    return Matrix(caption, classes, cells, legend=[("", "worse by %"), *worse, ("", "better by %"), *better, rule])


def pair_sentence(pairs: Sequence[Confused], classes: Sequence[Markup], member: str) -> Markup:
    """Say which classes are taken for which, with counts; ``member``: what one of the data is called."""
    if not pairs:
        return text("No {} was taken for another class.", member)
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


def share_class(share: float) -> str:
    """The CSS class of a share in 0..1: '' or 'c1'..'c8'."""
    step = sum(share >= bound for bound in SHARES)
    return f"c{step}" if step else ""


def gain_class(change: float, diagonal: bool) -> str:
    """The CSS class of a change of share in -1..1: '', 'n1'..'n5' for worse, 'p1'..'p5' for better.

    More is better on the diagonal, where the right answers are, and worse off it.
    """
    step = sum(abs(change) >= bound - 1e-12 for bound in DIFFERENCES)
    return ("p" if (change > 0) == diagonal else "n") + str(step) if step else ""


def luminance(rgb: RGB) -> float:
    """Relative luminance of an sRGB colour in 0..1 (WCAG 2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: RGB, b: RGB) -> float:
    """Contrast ratio of two sRGB colours, 1..21 (WCAG 2)."""
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def ink_on(ground: RGB) -> str:
    """Black or white, whichever contrasts more with ``ground``."""
    return "#000" if contrast(ground, (0, 0, 0)) >= contrast(ground, (1, 1, 1)) else "#fff"


def steps(dark: bool) -> dict[str, RGB]:
    """CSS class -> background. Strong is dark on a light page and bright on a dark one, so nothing glares."""
    shares, signed = matplotlib.colormaps["cividis"], matplotlib.colormaps["PuOr"]
    found: dict[str, RGB] = {}
    n = len(SHARES)
    for i in range(1, n + 1):
        at = 0.12 + 0.88 * i / n if dark else 0.98 - 0.93 * i / n
        found[f"c{i}"] = shares(at)[:3]
    ground: RGB = (0.09, 0.1, 0.12)
    for i in range(1, len(DIFFERENCES) + 1):
        far = i / len(DIFFERENCES)
        for sign, side in (("n", -1), ("p", 1)):
            if dark:
                bright = signed(0.5 + side * 0.22)[:3]
                found[f"{sign}{i}"] = _rgb(
                    g + (b - g) * (0.18 + 0.82 * far) for g, b in zip(ground, bright, strict=True)
                )
            else:
                found[f"{sign}{i}"] = signed(0.5 + side * (0.04 + 0.38 * far))[:3]
    return found


def _rgb(values: Iterable[float]) -> RGB:
    red, green, blue = values
    return red, green, blue


def style_sheet() -> str:
    """The CSS of all steps, for a light and a dark page; paper is a light one."""

    def rules(dark: bool) -> str:
        return "".join(
            f".{name}{{background:#{''.join(f'{round(255 * c):02x}' for c in rgb)};color:{ink_on(rgb)}}}"
            for name, rgb in steps(dark).items()
        )

    return f"{rules(False)}@media screen and (prefers-color-scheme:dark){{{rules(True)}}}"
