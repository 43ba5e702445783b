"""The chapter that asks: did anything beat the baseline beyond noise."""

from __future__ import annotations

from markupsafe import Markup

from results.analysis.scores import luckiest
from results.record import Record
from study import figures
from study.sections.blocks import Block, Cell, Column, Command, Downloads, Figure, Note, Row, Section, Table, Text
from study.sections.export import downloads
from study.sections.text import duration, percent, plural, points, strong, text, words
from study.sections.verdicts import confirmed
from study.sections.view import Trial, View

NAME, QUESTION, SHORT = "beat", "Did anything beat the baseline beyond noise?", "Against the baseline"


def noise(view: View) -> Section | None:
    """How far the baseline varies by itself, or how to find out."""
    if not view.baselines:
        return None
    floor = view.floor
    if floor is None:
        asked = (
            "The baseline was run with one seed, so nobody knows how far it varies by itself: the noise "
            "floor is unknown"
        )
        said = [
            text(
                "Every difference below may be luck. Six seeds of the baseline give the floor; those already "
                "run are reused."
            )
        ]
        return Section(
            "noise",
            "The noise floor",
            [Note("warn", asked, said), Command("python -m study.run baseline --seeds 6", "To measure it")],
        )
    lines = [
        text(
            "Over {} the baseline's validation accuracy is {} on average with a standard deviation of {} points "
            "(95 % interval of the deviation {} to {}). Differences under {} points of validation accuracy "
            "cannot be told apart by single runs; the plots below compare by it.",
            plural(floor.n, "seed"),
            percent(floor.mean),
            f"{100 * floor.sd:.2f}",
            f"{100 * floor.sd_low:.2f}",
            f"{100 * floor.sd_high:.2f}",
            strong(f"{100 * floor.single_run:.2f}"),
        )
    ]
    if view.test_floor is not None:
        lines.append(words(" ".join(view.test_floor.sentences())))
    if view.luck is not None and view.reference is not None:
        lines.append(
            text(
                "The luckiest of {} runs of the very same baseline would be expected {} points above its mean on "
                "validation, hence at {} against the run with seed {}, which lies at {} itself.",
                view.tried,
                points(floor.sd * luckiest(view.tried)),
                strong(points(view.luck)),
                view.reference.seed,
                points((view.reference.val_accuracy or 0.0) - floor.mean),
            )
        )
    blocks: list[Block] = [Text(lines)]
    if floor.n < 6:
        blocks.append(Command("python -m study.run baseline --seeds 6", "To know the deviation better"))
    return Section("noise", "The noise floor", blocks)


def forest(view: View) -> Section | None:
    """Every complete trial's difference to the baseline on validation."""
    shown = [t for t in view.ranked if t.compared.as_configured is not None]
    if not shown:
        return None
    rungs = [
        figures.Rung(
            t.label,
            _points(t.compared.as_configured),
            _points(t.compared.at_equal),
            "best" if t is view.best else "trial",
        )
        for t in shown
    ]
    band = (100 * view.band[0], 100 * view.band[1]) if view.band else None
    luck = _points(view.luck)
    top = shown[0]
    above = sum(1 for t in shown if (t.compared.as_configured or 0) > 0)
    alt = (
        f"Difference of {len(shown)} complete trials to the baseline on validation. Best: {top.label}, "
        f"{points(top.compared.as_configured)} points. {above} of {len(shown)} lie above the baseline."
    )
    svg = figures.forest(
        "forest", rungs, band, luck, view.tried, "difference to the baseline, points of validation accuracy", alt
    )
    reading = text(
        "Each row is a complete trial; the line at 0 is the baseline run of the same seed, with the same "
        "split and order. "
        "Full dot: both as configured. Ring: both within the same number of epochs, where that differs. {}{}{}",
        "Grey band: where one more run of the baseline would fall in 95 % of cases. "
        if band
        else "There is no grey band because the baseline has one seed only. ",
        "Dashed: what the luckiest of as many unchanged baselines as there were trials would reach on average. "
        if luck is not None
        else "",
        "Arrows at the left lie beyond the edge, at the value beside them."
        if figures.left_edge(rungs, band, luck) > min(r.full or 0.0 for r in rungs)
        else "",
    )
    head = Note(
        "info",
        "Exploratory",
        [
            text(
                "The order comes from one run each on validation images. The first of many is partly the "
                "luckiest; only fresh seeds tell."
            )
        ],
    )
    figure = Figure("forest", "Every complete trial against the baseline", svg, alt, reading, None, wide=True)
    return Section("forest", "Every complete trial", [head, figure])


def _points(fraction: float | None) -> float | None:
    return None if fraction is None else round(100 * fraction, 6)


def leaderboard(view: View) -> Section | None:
    """All trials and the baseline in one table: sortable, filterable, to take away."""
    if not view.trials and not view.baselines:
        return None
    rows = board_rows(view)
    statuses = [s for s in ("complete", "pruned", "diverged", "failed") if view.having(s)]
    table = Table(board_caption(view), COLUMNS, rows, name="leaderboard-table", tools=True, statuses=statuses)
    return Section("leaderboard", "Leaderboard", [table, Downloads(downloads(view))])


COLUMNS = [
    Column("Run and what it changes", sort="number"),
    Column("Rank", numeric=True, sort="number"),
    Column("Validation", numeric=True, sort="number"),
    Column("Against baseline", numeric=True, sort="number"),
    Column("At equal epochs", numeric=True, sort="number"),
    Column("Epochs", numeric=True, sort="number"),
    Column("Time", numeric=True, sort="number"),
    Column("Test (not ranked)", numeric=True),
]


def board_caption(view: View) -> Markup:
    """What is ranked and what is not."""
    return text(
        "{} complete of {}, ranked by validation accuracy. Pruned trials have no full score and no rank: they "
        "are compared with "
        "the baseline at the epoch at which they were stopped. Differences are in percentage points. Test "
        "figures are shown and cannot be sorted by.",
        len(view.ranked),
        plural(len(view.trials), "trial"),
    )


def board_rows(view: View) -> list[Row]:
    """Complete trials by rank with the baseline in its place, then pruned ones, then those that failed."""
    scored: list[tuple[float, int, Row]] = []
    for rank, trial in enumerate(view.ranked, 1):
        scored.append((trial.record.val_accuracy or 0.0, 0, _trial_row(trial, rank)))
    if view.reference is not None:
        scored.append((view.reference.val_accuracy or 0.0, 1, _baseline_row(view.reference)))
    ordered = [row for _, _, row in sorted(scored, key=lambda s: (-s[0], -s[1]))]
    ranked = set(map(id, view.ranked))
    others = [t for s in ("complete", "pruned", "diverged", "failed") for t in view.having(s) if id(t) not in ranked]
    return ordered + [_trial_row(t, None) for t in others]


def _trial_row(trial: Trial, rank: int | None) -> Row:
    r, c = trial.record, trial.compared
    complete = r.status == "complete"
    equal = (
        Markup("{} <small>({} ep.)</small>").format(points(c.at_equal), c.equal_epochs)
        if c.at_equal is not None
        else "–"
    )
    return Row(
        [
            Cell(Markup("{} <small>{}</small>").format(trial.link, trial.difference), trial.order),
            Cell(text("<small>{}</small>", r.status) if rank is None else str(rank), rank),
            Cell(percent(r.val_accuracy) if complete else "–", r.val_accuracy if complete else None),
            Cell(points(c.as_configured), c.as_configured, sign_style(c.as_configured)),
            Cell(equal, c.at_equal),
            Cell(epochs(r), len(r.history)),
            Cell(duration(r.seconds), r.seconds),
            Cell(percent(r.test_accuracy) if complete else "–"),
        ],
        status=r.status,
    )


def _baseline_row(run: Record) -> Row:
    cells = [
        Cell(text("baseline, seed {}", run.seed), -1),
        Cell("–"),
        Cell(percent(run.val_accuracy), run.val_accuracy),
        Cell("0", 0.0),
        Cell("0", 0.0),
        Cell(epochs(run), len(run.history)),
        Cell(duration(run.seconds), run.seconds),
        Cell(percent(run.test_accuracy)),
    ]
    return Row(cells, style="base", status="complete")


def epochs(run: Record) -> str:
    """Epochs trained, and of how many where it stopped early."""
    asked = run.config.get("epochs")
    done = len(run.history)
    return f"{done} of {asked}" if isinstance(asked, int) and asked != done else str(done)


def sign_style(value: float | None) -> str:
    """The style of a signed number."""
    return "" if not value else "up" if value > 0 else "down"


SECTIONS = [confirmed, noise, forest, leaderboard]
