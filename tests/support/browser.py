"""Debian's Chromium, driven by Playwright, with axe-core from the axe-playwright wheel; and a page opened in it.

Tests that need it skip with the reason where either is missing, unless REQUIRE_BROWSER is set, as in CI.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
MISSING = [
    what
    for what, there in (
        ("Chromium (apt-get install chromium)", Path(CHROMIUM).exists()),
        (
            "Playwright (pip install axe-playwright-python)",
            importlib.util.find_spec("axe_playwright_python") is not None,
        ),
    )
    if not there
]
needs_browser = pytest.mark.skipif(
    bool(MISSING) and not os.environ.get("REQUIRE_BROWSER"), reason=f"missing: {', '.join(MISSING)}"
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"desktop": (1280, 900), "phone": (375, 800)}


def opened(browser: Any, study: Path, size: str = "desktop", hash: str = "", wait: float = 60, **options: Any) -> Any:
    """Open a study's report in a fresh context; ``page.asked`` keeps its requests, ``page.complaints`` its errors."""
    width, height = SIZES[size]
    usual = {"viewport": {"width": width, "height": height}, "offline": True, "reduced_motion": "reduce"}
    page = browser.new_context(**(usual | options)).new_page()
    page.set_default_timeout(1000 * wait)
    page.asked, page.complaints = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"file://{study / 'report.html'}{hash}")
    return page
