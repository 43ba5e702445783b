"""Numbers -> seaborn drawing -> inline SVG that follows the page's colours. No numbers are computed here.

A figure is drawn in stand-in colours that become CSS variables, so one drawing serves light, dark and print; its text
stays text; and the same numbers give the same bytes: matplotlib's ids are salted with the figure's name, prefixed with
it, and its date is left out.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROLES = {
    "ink": "#010101",
    "muted": "#020202",
    "rule": "#030303",
    "ground": "#040404",
    "base": "#050505",
    "trial": "#060606",
    "best": "#070707",
    "bad": "#080808",
    "pale": "#090909",
    "good": "#0a0a0a",
}
"""What a colour means -> the stand-in it is drawn in; ``--fig-<role>`` in the style sheet gives the colour shown."""

CATEGORIES = tuple(f"#0{i:x}0b0b" for i in range(10))
"""Stand-ins of ten categories, ``--cat-0`` to ``--cat-9``; never the only sign of a category."""

_DIGITS = re.compile(r"(?<![\w#.])(-?\d+\.\d{2,})(?![\w.])")

BOLD = ";font-weight:700"

NARROW, WIDE = 300, 460
"""Widths in points, one per CSS unit of the drawing; narrow ones lie two in a row on a wide page."""

STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "axes.edgecolor": ROLES["muted"],
    "text.color": ROLES["ink"],
    "axes.labelcolor": ROLES["muted"],
    "xtick.color": ROLES["muted"],
    "ytick.color": ROLES["muted"],
    "grid.color": ROLES["rule"],
    "grid.linewidth": 0.6,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "xtick.major.size": 2.5,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 1.4,
    "text.parse_math": False,
    "axes.titlelocation": "left",
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
    "path.simplify": True,
}


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

    with matplotlib.rc_context(STYLE | {"svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the reader's browser has the fonts
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
    body = re.sub(r"<[^>]+>", _tighter, body)
    body = re.sub(
        r"font: ?(700 )?[^;\"]*?([\d.]+)px [^;\"]*",
        lambda m: f"font-size:{m[2]}px" + BOLD * bool(m[1]),
        body,
    )
    body = re.sub(r"font-family: ?[^;\"]*;? ?", "", body)
    for role, colour in ROLES.items():
        body = body.replace(colour, f"var(--fig-{role})")
    for i, colour in enumerate(CATEGORIES):
        body = body.replace(colour, f"var(--cat-{i})")
    body = re.sub(r"\s*\n\s*", "\n", body).replace('" />', '"/>')
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


def _tighter(tag: re.Match[str]) -> str:
    """Shorten one tag; texts between tags stay as they are."""
    rounded = _DIGITS.sub(lambda m: f"{float(m[1]):.1f}".removesuffix(".0"), tag[0])
    return rounded.replace("; ", ";").replace(": ", ":")


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


def lines(name: str, given: Sequence[Line], x: str, y: str, alt: str, **options: Any) -> Markup:
    """Draw lines over a common x, each labelled at its end."""

    def paint(axes: Axes) -> None:
        ends: list[tuple[float, float, Line]] = []
        for line in given:
            style: Any = (0, (4, 2)) if line.dash else "-"
            axes.plot(line.x, line.y, color=ROLES[line.role], linewidth=line.width, linestyle=style)
            if len(line.x) == 1 or line.mark is not None:
                at = line.x.index(line.mark) if line.mark in line.x else 0
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

    return draw(name, paint, alt, options.get("width", NARROW), options.get("height", 190))


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
        axes.locator_params(axis="x", nbins=6)
        axes.tick_params(axis="y", colors=ROLES["ink"])
        axes.grid(axis="y", visible=False)

    return draw(name, paint, alt, NARROW, 52 + 15 * len(labels))


def cloud(name: str, points: Any, labels: Any, names: Sequence[str], x: str, y: str, alt: str) -> Markup:
    """Draw (n, 2) points coloured by label, with each class's name at its median; one path per class keeps it small."""
    import numpy as np
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    def paint(axes: Axes) -> None:
        order = sorted({int(label) for label in labels})
        for label in order:
            own = np.repeat(np.asarray(points, dtype=float)[np.asarray(labels) == label], 2, axis=0)
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
        if len(order) <= 20:
            middles = [np.median(points[np.asarray(labels) == label], axis=0) for label in order]
            sizes = [(0.018 * (len(names[label]) + 1), 0.045) for label in order]
            spots = apart(middles, sizes, axes.get_xlim(), axes.get_ylim())
            for label, (left, top) in zip(order, spots, strict=True):
                axes.text(left, top, names[label], ha="center", va="center", weight="bold")
        axes.grid(visible=False)
        axes.set(xlabel=x, ylabel=y, xticks=[], yticks=[])
        axes.spines["bottom"].set_visible(False)

    svg = draw(name, paint, alt, NARROW, 280)
    return Markup(re.sub(r"M (\S+) (\S+) ?L \1 \2 ?\n?", r"M\1 \2h0", svg))


def apart(
    middles: Sequence[Any], sizes: Sequence[tuple[float, float]], x: tuple[float, float], y: tuple[float, float]
) -> list[tuple[float, float]]:
    """Move labels up until none covers another; ``sizes`` (wide, tall) are shares of the ranges ``x`` and ``y``."""
    span, rise = x[1] - x[0], y[1] - y[0]
    placed: dict[int, tuple[float, float]] = {}
    for i in sorted(range(len(middles)), key=lambda k: float(middles[k][1])):
        left, top = float(middles[i][0]), float(middles[i][1])
        for _ in range(len(middles)):
            hits = [
                other
                for k, other in placed.items()
                if abs(other[0] - left) < (sizes[i][0] + sizes[k][0]) / 2 * span
                and abs(other[1] - top) < sizes[i][1] * rise
            ]
            if not hits:
                break
            top = max(other[1] for other in hits) + sizes[i][1] * rise * 1.001
        placed[i] = (left, top)
    return [placed[i] for i in range(len(middles))]


def _range(values: Any) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    pad = 0.04 * (high - low or 1.0)
    return low - pad, high + pad


@dataclass(frozen=True)
class Rung:
    """A row of a forest: ``full`` as configured and ``equal`` at equal epochs, either None; in percentage points."""

    label: str
    full: float | None
    equal: float | None = None
    role: str = "trial"


def forest(
    name: str, rungs: Sequence[Rung], band: tuple[float, float] | None, luck: float | None, x: str, alt: str
) -> Markup:
    """Draw differences to the baseline, best on top: a full dot as configured, a ring at equal epochs.

    What lies so far below that it would squeeze the rest becomes an arrow at the left edge, with its value.
    """
    tall = 12.0 if len(rungs) <= 60 else max(2.5, 720 / len(rungs))
    edge = left_edge(rungs, band, luck)
    far = [(row, r.full) for row, r in enumerate(rungs) if r.full is not None and r.full < edge]

    def paint(axes: Axes) -> None:
        if band:
            axes.axvspan(*band, color=ROLES["pale"], alpha=0.25, linewidth=0)
        axes.axvline(0, color=ROLES["base"], linewidth=1.2)
        if luck is not None:
            axes.axvline(luck, color=ROLES["best"], linewidth=1, linestyle=(0, (4, 2)))
            axes.annotate(
                f"luck alone, best of {len(rungs)}",
                (luck, 1),
                xycoords=("data", "axes fraction"),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                va="bottom",
                color=ROLES["best"],
                fontsize=7.5,
            )
        size = 4.5 if tall > 6 else 3
        for row, rung in enumerate(rungs):
            both = [v for v in (rung.full, rung.equal) if v is not None]
            if len(both) == 2 and both[0] != both[1] and min(both) > edge:
                axes.plot(both, [row, row], color=ROLES["pale"], linewidth=1)
        for role in ("trial", "best"):
            rings = [
                (r.equal, i)
                for i, r in enumerate(rungs)
                if r.equal is not None and r.equal != r.full and r.role == role and r.equal >= edge
            ]
            dots = [
                (r.full, i) for i, r in enumerate(rungs) if r.full is not None and r.role == role and r.full >= edge
            ]
            if rings:
                axes.plot(*zip(*rings, strict=True), "o", mfc=ROLES["ground"], mec=ROLES[role], mew=0.9, ms=size - 1)
            if dots:
                axes.plot(*zip(*dots, strict=True), "o", color=ROLES[role], markersize=size)
        for row, value in far:
            axes.plot([edge], [row], "<", color=ROLES["trial"], markersize=size - 0.5)
            if tall > 6:
                axes.annotate(
                    f"{value:+.1f}".replace("-", "\u2212"),
                    (edge, row),
                    xytext=(5, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=7,
                    color=ROLES["muted"],
                )
        if far:
            axes.set_xlim(left=edge - 0.02 * (axes.get_xlim()[1] - edge))
        axes.set_ylim(len(rungs) - 0.4, -0.6)
        axes.set_xlabel(x)
        axes.grid(axis="y", visible=False)
        if tall > 6:
            axes.set_yticks(range(len(rungs)), labels=[r.label for r in rungs])
        else:
            axes.set_ylabel("rank")
        signed_ticks(axes.xaxis)

    return draw(name, paint, alt, NARROW + 40, 62 + tall * len(rungs))


def left_edge(rungs: Sequence[Rung], band: tuple[float, float] | None, luck: float | None) -> float:
    """Return the difference, in points, below which a trial is drawn as an arrow; minus infinity where all fit."""
    values = [v for r in rungs for v in (r.full, r.equal) if v is not None]
    near = max(1.5, *(abs(v) for v in (*(band or ()), luck or 0.0)), max(values, default=0.0))
    return -float("inf") if min(values, default=0.0) >= -6 * near else -4 * near


def signed_ticks(axis: Any) -> None:
    """Write the sign of every tick that has one."""
    axis.set_major_formatter(lambda v, _: f"{v:+.10g}".replace("-", "\u2212") if abs(v) > 1e-9 else "0")


@dataclass(frozen=True)
class Dots:
    """A group of points. ``ring`` draws them hollow; ``mark`` is matplotlib's marker; ``label`` names them directly."""

    x: Sequence[float]
    y: Sequence[float]
    role: str = "trial"
    label: str = ""
    ring: bool = False
    mark: str = "o"
    size: float = 4.5


def dots(
    name: str,
    groups: Sequence[Dots],
    x: str,
    y: str,
    alt: str,
    *,
    path: Sequence[tuple[float, float]] = (),
    level: float | None = None,
    level_label: str = "",
    log: bool = False,
    percent: bool = False,
    height: float = 200,
    whole: bool = False,
) -> Markup:
    """Draw groups of points over a common plane, a stepped ``path`` through some and a horizontal ``level``."""

    def paint(axes: Axes) -> None:
        if level is not None:
            axes.axhline(level, color=ROLES["base"], linewidth=1.1, linestyle=(0, (1, 1.5)))
        if path:
            axes.step(*zip(*path, strict=True), where="post", color=ROLES["good"], linewidth=1.1)
        for group in groups:
            if not len(group.x):
                continue
            fill = ROLES["ground"] if group.ring else ROLES[group.role]
            axes.plot(
                group.x,
                group.y,
                group.mark,
                mfc=fill,
                mec=ROLES[group.role],
                mew=0.9,
                markersize=group.size,
                linestyle="",
            )
        if log:
            axes.set_xscale("log")
            plain_log(axes)
        axes.set_xlabel(x)
        axes.set_title(y, color=ROLES["muted"])
        if level is not None and level_label:
            axes.annotate(
                level_label,
                (0, level),
                xycoords=("axes fraction", "data"),
                xytext=(2, 2),
                textcoords="offset points",
                color=ROLES["base"],
                fontsize=7.5,
                va="bottom",
            )
        for group in groups:
            if group.label and len(group.x):
                axes.annotate(
                    group.label,
                    (group.x[-1], group.y[-1]),
                    xytext=(5, 0),
                    textcoords="offset points",
                    va="center",
                    color=ROLES[group.role],
                    weight="bold",
                )
        if whole:
            whole_numbers(axes)
        if percent:
            axes.yaxis.set_major_formatter(lambda v, _: f"{100 * v:g} %")
        else:
            signed_ticks(axes.yaxis)

    return draw(name, paint, alt, NARROW, height)


def plain_log(axes: Axes) -> None:
    """Tick a log axis in plain numbers, about six of them."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low, high = axes.get_xlim()
    decades = high / low
    axes.xaxis.set_major_locator(
        LogLocator(subs=(1.0,) if decades > 300 else (1.0, 3.0) if decades > 12 else (1.0, 2.0, 5.0))
    )
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(lambda v, _: f"{v:g}")


def knob(
    name: str,
    values: Sequence[Any],
    scores: Sequence[float | None],
    states: Sequence[str],
    x: str,
    alt: str,
    *,
    base: tuple[Any, float] | None = None,
    numeric: bool = True,
    log: bool = False,
    best: int | None = None,
) -> Markup:
    """Draw every trial's score over one knob; trials without a full score as ticks under the axis.

    ``states``: 'complete', 'pruned' or another for one that failed. ``best``: the position of the trial to mark.
    """
    kinds = [] if numeric else list(dict.fromkeys(values))

    def at(i: int) -> float:
        if numeric:
            return float(values[i])
        same = [j for j in range(len(values)) if values[j] == values[i]]
        spread = min(0.28, 0.04 * len(same))
        k = same.index(i)
        return kinds.index(values[i]) + (spread * (2 * ((k * 0.618) % 1) - 1) if len(same) > 1 else 0.0)

    def paint(axes: Axes) -> None:
        from matplotlib.transforms import blended_transform_factory

        if log:
            axes.set_xscale("log")
        full = [i for i, s in enumerate(scores) if s is not None and states[i] == "complete"]
        if base is not None:
            axes.axhline(base[1], color=ROLES["base"], linewidth=1.1, linestyle=(0, (1, 1.5)))
        rest = [i for i in full if i != best]
        axes.plot(
            [at(i) for i in rest], [scores[i] or 0.0 for i in rest], "o", color=ROLES["trial"], markersize=4, alpha=0.8
        )
        if base is not None:
            where = float(base[0]) if numeric else float(kinds.index(base[0]))
            axes.plot([where], [base[1]], "D", mfc=ROLES["ground"], mec=ROLES["base"], mew=1.2, markersize=5.5)
        if best is not None and best in full:
            axes.plot([at(best)], [scores[best] or 0.0], "o", color=ROLES["best"], markersize=6)
        under = blended_transform_factory(axes.transData, axes.transAxes)
        for height, role, mark, own in (
            (-0.035, "muted", "|", [i for i, s in enumerate(states) if s == "pruned"]),
            (-0.085, "bad", "x", [i for i, s in enumerate(states) if s not in ("complete", "pruned")]),
        ):
            axes.plot(
                [at(i) for i in own],
                [height] * len(own),
                mark,
                color=ROLES[role],
                markersize=4,
                mew=0.9,
                transform=under,
                clip_on=False,
                scalex=True,
                scaley=False,
            )
        if numeric and log:
            plain_log(axes)
        elif not numeric:
            slanted = len(kinds) > 4 or sum(len(str(k)) for k in kinds) > 30
            axes.set_xticks(
                range(len(kinds)),
                labels=[str(k) for k in kinds],
                rotation=40 if slanted else 0,
                ha="right" if slanted else "center",
                rotation_mode="anchor",
            )
            axes.set_xlim(-0.6, len(kinds) - 0.4)
        axes.tick_params(axis="x", pad=14, length=0)
        axes.set_title(x, color=ROLES["ink"])
        axes.yaxis.set_major_formatter(lambda v, _: f"{100 * v:g} %")
        axes.grid(axis="x", visible=False)

    return draw(name, paint, alt, NARROW, 190)


def bars(
    name: str,
    labels: Sequence[str],
    values: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    x: str,
    alt: str,
) -> Markup:
    """Draw one horizontal bar per label with its range, the first on top; values are shares."""

    def paint(axes: Axes) -> None:
        import seaborn

        rows = list(range(len(labels)))
        seaborn.barplot(
            x=list(values), y=rows, orient="h", ax=axes, color=ROLES["trial"], saturation=1, width=0.55, alpha=0.75
        )
        axes.hlines(rows, low, high, color=ROLES["ink"], linewidth=1.2)
        axes.set_yticks(rows, labels=list(labels))
        axes.xaxis.set_major_formatter(lambda v, _: f"{100 * v:g} %")
        axes.tick_params(axis="y", colors=ROLES["ink"])
        axes.set(xlabel=x, ylabel="")
        axes.grid(axis="y", visible=False)

    return draw(name, paint, alt, NARROW + 40, 52 + 18 * len(labels))


@dataclass(frozen=True)
class Effect:
    """A row of a verdict plot, in percentage points. ``role`` is the colour of its verdict."""

    label: str
    estimate: float
    low: float
    high: float
    role: str


def effects(name: str, rows: Sequence[Effect], margin: float, x: str, alt: str) -> Markup:
    """Draw each effect with its interval around zero; the band is the margin within which two are called equivalent."""

    def paint(axes: Axes) -> None:
        axes.axvspan(-margin, margin, color=ROLES["pale"], alpha=0.22, linewidth=0)
        axes.axvline(0, color=ROLES["base"], linewidth=1.2)
        for i, row in enumerate(rows):
            axes.plot([row.low, row.high], [i, i], color=ROLES[row.role], linewidth=2, solid_capstyle="round")
            axes.plot([row.estimate], [i], "o", color=ROLES[row.role], markersize=5)
        axes.set_yticks(range(len(rows)), labels=[r.label for r in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", colors=ROLES["ink"])
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(x)
        signed_ticks(axes.xaxis)

    return draw(name, paint, alt, NARROW + 40, 50 + 17 * len(rows))
