"""A study's records -> sections -> one HTML file that loads nothing. Trains nothing and imports no torch."""

from __future__ import annotations

import base64
import functools
import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

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
from study.report.text import clean
from study.report.view import View

STYLES = ("page", "answer", "tables", "matrix", "trials", "live", "media")
"""Parts of the style sheet, in order; ``media`` (phone, print, forced colours) overrides what stands before it."""
SCRIPTS = ("page", "tables", "compare", "live")


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
    script = "".join(asset(f"scripts/{name}.js") for name in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page: str = (
        environment()
        .get_template("report.html.j2")
        .render(
            head=answer(view),
            live=live,
            chapters=chapters(view),
            style=Markup("".join(asset(f"styles/{name}.css") for name in STYLES) + style_sheet()),
            script=Markup(script),
            policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
            "base-uri 'none'; form-action 'none'",
        )
    )
    return page


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


def asset(name: str) -> str:
    """Return a file of the templates package as text."""
    return (files("report_templates") / name).read_text(encoding="utf-8")


@functools.cache
def environment() -> Environment:
    """The template environment: all is escaped, a missing name is an error, plain text is cleaned as it is shown."""

    def shown(value: Any) -> Any:
        return clean(value, 20_000) if isinstance(value, str) and not isinstance(value, Markup) else value

    return Environment(
        loader=PackageLoader("report_templates", ""),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
