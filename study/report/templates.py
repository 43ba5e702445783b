"""The page's templates, styles and scripts, and what a browser may run of them. Light: a driver imports it."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from study.report.text import clean

STYLES = ("page", "answer", "tables", "matrix", "trials", "live", "media")
"""Parts of the style sheet, in order; ``media`` (phone, print, forced colours) overrides what stands before it."""
SCRIPTS = ("page", "tables", "compare", "live")


def filled(template: str, styles: Sequence[str], scripts: Sequence[str], more: str = "", **named: Any) -> str:
    """A template with its styles (``more`` of them behind), its scripts, and the policy that lets no other run."""
    script = "".join(_asset(f"scripts/{name}.js") for name in scripts)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page: str = (
        environment()
        .get_template(template)
        .render(
            style=Markup("".join(_asset(f"styles/{name}.css") for name in styles) + more),
            script=Markup(script),
            policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
            "base-uri 'none'; form-action 'none'",
            **named,
        )
    )
    return page


def _asset(name: str) -> str:
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
