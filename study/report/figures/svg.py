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

import matplotlib
import numpy as np
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

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

NARROW = 300
"""Width in points, one per CSS unit of the drawing: two lie in a row on a wide page."""

READABLE = 10.5
"""Size of a drawing's text in points, that of all of it."""

_SIZES = ("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize")

MANY = 60
"""Points of one kind from which they become one path: an element for each would slow the page down."""

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
    size: float | None = None,
) -> Markup:
    """Return the SVG of one pair of axes that ``paint`` fills; ``width``, ``height`` and ``size`` (of text) in points.

    A drawing 300 wide is 317 pixels wide on a telephone: text of ``READABLE`` is 11 pixels high there.
    """
    sizes = {} if size is None else dict.fromkeys(_SIZES, size)
    with matplotlib.rc_context(STYLE | sizes | {"svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the reader's browser has the fonts
        figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
        FigureCanvasSVG(figure)
        paint(figure.add_subplot())
        return to_svg(figure, name, alt)


def mark_all(axes: Axes, x: Sequence[float], y: Sequence[float], role: str, size: float, ring: bool = False) -> None:
    """Draw points of one kind, full or as rings; many become one path of round strokes without length."""
    if not len(x):
        return
    if len(x) < MANY:
        fill = ROLES["ground"] if ring else ROLES[role]
        axes.plot(x, y, "o", mfc=fill, mec=ROLES[role], mew=0.9 if ring else 0, markersize=size)
        return
    corners = np.repeat(np.column_stack([x, y]).astype(float), 2, axis=0)
    path = Path(corners, [Path.MOVETO, Path.LINETO] * len(x))
    path.should_simplify = False
    for colour, wide in [(ROLES[role], size), *([(ROLES["ground"], size - 1.8)] if ring else [])]:
        style = {"fill": False, "edgecolor": colour, "linewidth": wide, "capstyle": "round", "snap": False}
        axes.add_patch(PathPatch(path, **style))
    axes.update_datalim(corners)
    axes.autoscale_view()


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
    texts: list[str] = []  # what stands between tags is a name of somebody's: it waits while tags are rewritten

    def put_aside(found: re.Match[str]) -> str:
        texts.append(found[1].strip())
        return f">\0{len(texts) - 1}\0"

    body = re.sub(r">([^<]*[^<\s][^<]*)(?=<)", put_aside, body)
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
    body = re.sub(r"M (\S+) (\S+) ?L \1 \2 ?\n?", r"M\1 \2h0", body)  # a point, as mark_all draws it
    while "<g>\n</g>" in body:
        body = re.sub(r"<g>\n</g>\n?", "", body)
    body = re.sub("\0(\\d+)\0", lambda m: texts[int(m[1])], body)
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
