"""A study's records -> sections -> one HTML file that loads nothing. Trains nothing and imports no torch."""

from __future__ import annotations

import base64
import functools
import hashlib
import warnings
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup

from results.errors import UserError
from results.files import write_atomic
from results.store import Study, TornRecord


def write_report(study: Study) -> Path:
    """Render ``study`` and write ``report.html`` into its folder, atomically. Raises UserError if the disk refuses."""
    path = study.path / "report.html"
    write_atomic(path, render(study).encode("utf-8"))
    return path


def view_of(study: Study) -> Any:
    """Read a study's records once, counting the lines that are none."""
    from study.report.view import View

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TornRecord)
        records = study.records()
    torn = sum(issubclass(w.category, TornRecord) for w in caught)
    return View(study, records, torn)


def render(study: Study) -> str:
    """Return the page. The same records and artefacts give the same text, byte for byte."""
    from study.report.chapters import chapters
    from study.report.confusion import style_sheet
    from study.report.headline import headline

    view = view_of(study)
    script = asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page: str = (
        environment()
        .get_template("report.html.j2")
        .render(
            head=headline(view),
            chapters=chapters(view),
            style=Markup(asset("report.css") + style_sheet()),
            script=Markup(script),
            policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
            "base-uri 'none'; form-action 'none'",
        )
    )
    return page


FORMATS = ("html", "csv", "json", "md", "latex")
"""What ``render_format`` knows."""

TABLES = ("leaderboard", "verdicts", "ablation", "methods")
"""What ``render_format`` makes of a study other than the page; verdicts are confirm's, methods is a paragraph."""


def render_format(study: Study, format: str, table: str = "leaderboard") -> str:
    """Return the page ('html'), or a table in 'csv', 'json', 'md' or 'latex' (all but the leaderboard in these two).

    Raises:
        UserError: an unknown format or table, one that does not come in this format, or a study that has none of it.
    """
    from results.errors import nearest

    if table not in TABLES:
        raise UserError(f"unknown table '{table}'{nearest(table, TABLES)}")
    if format not in FORMATS:
        raise UserError(f"unknown format '{format}'{nearest(format, FORMATS)}")
    if table != "leaderboard" and format not in ("md", "latex"):
        raise UserError(f"{table} comes as md or latex, not as {format}")
    if format == "html":
        return render(study)
    view = view_of(study)
    if table == "leaderboard":
        from study.report.tables.leaderboard import exports

        return exports(view)[format]
    from study.report.tables import paper

    if view.unknown_looks:
        raise UserError(view.unknown_looks)
    if table == "methods":
        told = paper.methods(view)
        return (told if format == "md" else paper.tex(told)) + "\n"
    if table == "verdicts":
        from results.analysis.ablation import confirmed

        found = confirmed(view)
        if found is None or not found.rows:
            raise UserError("this study has no verdicts yet: python -m study.run confirm")
        return paper.markdown(found) if format == "md" else paper.latex(found, view.meta)
    if view.ablation is None or not view.ablation.rows:
        raise UserError("this study has no ablation yet: python -m study.run ablate")
    return paper.markdown(view.ablation) if format == "md" else paper.latex(view.ablation, view.meta)


def asset(name: str) -> str:
    """Return a file of the templates package as text."""
    return (files("report_templates") / name).read_text(encoding="utf-8")


@functools.cache
def environment() -> Any:
    """The template environment: all is escaped, a missing name is an error, plain text is cleaned as it is shown."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from study.report.text import clean

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
