"""A study's records -> sections -> one HTML file that loads nothing. Trains nothing and imports no torch."""

from __future__ import annotations

from pathlib import Path

from results import escaping
from results.analysis.ablation import confirmed
from results.errors import UserError, nearest
from results.store import Study
from study.report.answer import answer
from study.report.chapters import chapters
from study.report.confusion import style_sheet
from study.report.formats import FORMATS, TABLES
from study.report.live import Live
from study.report.tables.leaderboard import leaderboard
from study.report.tables.methods import methods
from study.report.tables.verdicts import verdict_table
from study.report.tables.writers import WRITERS
from study.report.templates import SCRIPTS, STYLES, filled
from study.report.text import clean
from study.report.view import View


def write_report(study: Study) -> Path:
    """Render ``study`` and write ``report.html`` into its folder, atomically. Raises UserError if the disk refuses."""
    study.files.write("report.html", render(study).encode("utf-8"))
    return study.path / "report.html"


def view_of(study: Study) -> View:
    """Read a study's records once."""
    return View(study, study.read())


def render(study: Study, live: Live | None = None) -> str:
    """Return the page. The same records and artefacts give the same text, byte for byte, but for a running command."""
    view = view_of(study)
    return filled(
        "report.html.j2", STYLES, SCRIPTS, style_sheet(), head=answer(view), live=live, chapters=chapters(view)
    )


def render_format(study: Study, format: str, table: str = "leaderboard") -> str:
    """Return the page ('html'), or a table in 'csv', 'json', 'md' or 'latex' (the methods paragraph in the last two).

    Raises:
        UserError: an unknown format or table, one that does not come in this format, or a study that has none of it.
    """
    if table not in TABLES:
        raise UserError(f"unknown table '{table}'{nearest(table, TABLES)}")
    if format not in FORMATS:
        raise UserError(f"unknown format '{format}'{nearest(format, FORMATS)}")
    if format == "html" and table == "leaderboard":
        return render(study)
    own = ("md", "latex") if table == "methods" else tuple(WRITERS)
    if format not in own:
        raise UserError(f"{table} comes as {', '.join(own[:-1])} or {own[-1]}, not as {format}")
    view = view_of(study)
    if table == "leaderboard":
        return WRITERS[format](leaderboard(view))
    if view.unknown_plans:
        raise UserError(view.unknown_plans)
    if table == "methods":
        escape = escaping.markdown if format == "md" else escaping.latex
        return escape(clean(methods(view), 10_000)) + "\n"
    found = confirmed(view) if table == "verdicts" else view.ablation
    if found is None or not found.rows:
        command, none = ("confirm", "verdicts") if table == "verdicts" else ("ablate", "ablation")
        raise UserError(f"this study has no {none} yet", command)
    return WRITERS[format](verdict_table(found, view.meta))
