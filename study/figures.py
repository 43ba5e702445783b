"""Numbers -> seaborn drawing -> inline SVG that follows the page's colours. No numbers are computed here.

A figure is drawn in stand-in colours that become CSS variables, so one drawing serves light, dark and print; its text
stays text; and the same numbers give the same bytes: matplotlib's ids are salted with the figure's name, prefixed with
it, and its date is left out.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROLES = {
    "ink": "#010101", "muted": "#020202", "rule": "#030303", "ground": "#040404", "base": "#050505",
    "trial": "#060606", "best": "#070707", "bad": "#080808", "pale": "#090909", "good": "#0a0a0a",
}  # fmt: skip
"""What a colour means -> the stand-in it is drawn in; ``--fig-<role>`` in the style sheet gives the colour shown."""

CATEGORIES = tuple(f"#0{i:x}0b0b" for i in range(10))
"""Stand-ins of ten categories, ``--cat-0`` to ``--cat-9``; never the only sign of a category."""

BOLD = ";font-weight:700"

NARROW, WIDE = 300, 460
"""Widths in points, one per CSS unit of the drawing; narrow ones lie two in a row on a wide page."""

STYLE = {
    "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 8, "axes.titlesize": 8.5, "axes.labelsize": 8,
    "xtick.labelsize": 7.5, "ytick.labelsize": 7.5, "axes.edgecolor": ROLES["muted"], "text.color": ROLES["ink"],
    "axes.labelcolor": ROLES["muted"], "xtick.color": ROLES["muted"], "ytick.color": ROLES["muted"],
    "grid.color": ROLES["rule"], "grid.linewidth": 0.6, "axes.linewidth": 0.7, "axes.spines.top": False,
    "axes.spines.right": False, "axes.spines.left": False, "axes.grid": True, "axes.axisbelow": True,
    "axes.facecolor": "none", "figure.facecolor": "none", "savefig.facecolor": "none", "xtick.major.size": 2.5,
    "ytick.major.size": 0, "xtick.minor.size": 0, "ytick.minor.size": 0, "lines.linewidth": 1.4, "text.parse_math": False,
    "axes.titlelocation": "left", "axes.formatter.use_mathtext": False, "axes.unicode_minus": True, "path.simplify": True,
}  # fmt: skip


def draw(
    name: str,
    paint: Callable[[Axes], None],
    alt: str,
    width: float = NARROW,
    height: float = 190,
) -> Markup:
    """Return the SVG of one pair of axes that ``paint`` fills; ``width`` and ``height`` in points."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
        FigureCanvasSVG(figure)
        paint(figure.add_subplot())
        return to_svg(figure, name, alt)


def to_svg(figure: Figure, name: str, alt: str) -> Markup:
    """Write a figure as an ``<svg>`` element to be put into a page: ids prefixed, colours as variables, digits few."""
    file = io.StringIO()
    figure.savefig(
        file,
        format="svg",
        metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")),
    )
    return Markup(slim(file.getvalue(), name, alt))


def slim(svg: str, name: str, alt: str) -> str:
    """Turn matplotlib's SVG document into a small element that may stand beside others on one page."""
    box = re.search(r'viewBox="([^"]+)"', svg)
    body = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(
        r'<defs>\s*<style type="text/css">.*?</style>\s*</defs>',
        "",
        body,
        flags=re.DOTALL,
    )
    used = set(re.findall(r"(?:href=\"#|url\(#)([^\")]+)", body))
    body = re.sub(
        r'\sid="([^"]*)"',
        lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "",
        body,
    )
    body = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", body)
    body = re.sub(
        r"(?<![\w#.])(-?\d+\.\d{2,})(?![\w.])",
        lambda m: f"{float(m[1]):.1f}".removesuffix(".0"),
        body,
    )
    body = re.sub(
        r"font: (700 )?[^;\"]*?([\d.]+)px [^;\"]*",
        lambda m: f"font-size:{m[2]}px" + BOLD * bool(m[1]),
        body,
    )
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    for role, colour in ROLES.items():
        body = body.replace(colour, f"var(--fig-{role})")
    for i, colour in enumerate(CATEGORIES):
        body = body.replace(colour, f"var(--cat-{i})")
    body = (
        re.sub(r"\s*\n\s*", "\n", body)
        .replace('" />', '"/>')
        .replace("; ", ";")
        .replace(": ", ":")
    )
    body = re.sub(
        r' transform="rotate\(-?0 [^"]*"| style=""|<g/>\n?|<path d="[^"]*" style="fill:none"/>\n?',
        "",
        body,
    )
    body = re.sub(r"(?<=[\d])\n(?=[LC])", "", body)
    while "<g>\n</g>" in body:
        body = re.sub(r"<g>\n</g>\n?", "", body)
    size = box[1] if box else f"0 0 {NARROW} 190"
    wide = float(size.split()[2])
    return (
        f'<svg viewBox="{size}" style="--w:{wide:.0f}" role="img" aria-labelledby="{name}-alt">'
        f'<title id="{name}-alt">{escape(alt)}</title>{body}</svg>'
    )


@dataclass(frozen=True)
class Line:
    """A line of a chart. ``role`` is its colour; ``label`` is written at its end; ``mark`` the x of a point to mark."""

    x: Sequence[float]
    y: Sequence[float]
    role: str = "trial"
    label: str = ""
    width: float = 1.4
    dash: bool = False
    mark: float | None = None


def lines(
    name: str, given: Sequence[Line], x: str, y: str, alt: str, **options: Any
) -> Markup:
    """Draw lines over a common x, each labelled at its end."""

    def paint(axes: Axes) -> None:
        ends: list[tuple[float, float, Line]] = []
        for line in given:
            style = {"linestyle": (0, (4, 2))} if line.dash else {}
            axes.plot(
                line.x, line.y, color=ROLES[line.role], linewidth=line.width, **style
            )
            if len(line.x) == 1 or line.mark is not None:
                at = line.x.index(line.mark) if line.mark in line.x else 0  # type: ignore[arg-type]
                axes.plot(
                    [line.x[at]],
                    [line.y[at]],
                    "o",
                    color=ROLES[line.role],
                    markersize=4.5,
                )
            if line.label and len(line.x):
                ends.append((line.x[-1], line.y[-1], line))
        axes.set(xlabel=x, ylabel="")
        axes.set_title(y, color=ROLES["muted"])
        axes.grid(axis="x", visible=False)
        if options.get("percent"):
            axes.yaxis.set_major_formatter(lambda v, _: f"{100 * v:g} %")
        whole_numbers(axes)
        _label_ends(axes, ends)

    return draw(
        name, paint, alt, options.get("width", NARROW), options.get("height", 190)
    )


def whole_numbers(axes: Axes) -> None:
    """Let the x axis tick whole numbers only: epochs and trials have no halves."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, nbins=8))


def _label_ends(axes: Axes, ends: list[tuple[float, float, Line]]) -> None:
    """Write each line's label right of its end, moved apart so that none covers another."""
    if not ends:
        return
    low, high = axes.get_ylim()
    gap = (high - low) * 0.075
    placed: float | None = None
    for x, y, line in sorted(ends, key=lambda e: (e[1], e[2].label)):
        at = y if placed is None else max(y, placed + gap)
        placed = at
        axes.annotate(
            line.label,
            (x, at),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=ROLES[line.role],
        )


def intervals(
    name: str,
    labels: Sequence[str],
    middle: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    x: str,
    alt: str,
) -> Markup:
    """Draw one row per label: a dot with its interval, the first label on top."""

    def paint(axes: Axes) -> None:
        rows = list(range(len(labels)))
        axes.hlines(rows, low, high, color=ROLES["trial"], linewidth=1.6)
        axes.plot(middle, rows, "o", color=ROLES["trial"], markersize=4.5)
        axes.set_yticks(rows, labels=list(labels))
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.xaxis.set_major_formatter(lambda v, _: f"{100 * v:g} %")
        axes.set_xlabel(x)
        axes.tick_params(axis="y", colors=ROLES["ink"])
        axes.grid(axis="y", visible=False)

    return draw(name, paint, alt, NARROW, 52 + 15 * len(labels))


def cloud(
    name: str, points: Any, labels: Any, names: Sequence[str], x: str, y: str, alt: str
) -> Markup:
    """Draw (n, 2) points coloured by label, with each class's name at its median; one path per class keeps it small."""
    import numpy as np
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    def paint(axes: Axes) -> None:
        order = sorted({int(label) for label in labels})
        for label in order:
            own = np.repeat(
                np.asarray(points, dtype=float)[np.asarray(labels) == label], 2, axis=0
            )
            path = Path(own, [Path.MOVETO, Path.LINETO] * (len(own) // 2))
            path.should_simplify = False
            colour = CATEGORIES[label % len(CATEGORIES)]
            axes.add_patch(
                PathPatch(
                    path,
                    fill=False,
                    edgecolor=colour,
                    linewidth=2.4,
                    capstyle="round",
                    alpha=0.55,
                    snap=False,
                )
            )
        axes.set_xlim(_range(points[:, 0]))
        axes.set_ylim(_range(points[:, 1]))
        for label in order if len(order) <= 20 else []:
            middle = np.median(points[np.asarray(labels) == label], axis=0)
            axes.text(*middle, names[label], ha="center", va="center", weight="bold")
        axes.grid(visible=False)
        axes.set(xlabel=x, ylabel=y, xticks=[], yticks=[])
        axes.spines["bottom"].set_visible(False)

    svg = draw(name, paint, alt, NARROW, 280)
    return Markup(re.sub(r"M (\S+) (\S+) ?L \1 \2 ?\n?", r"M\1 \2h0", svg))


def _range(values: Any) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    pad = 0.04 * (high - low or 1.0)
    return low - pad, high + pad
