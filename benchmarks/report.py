"""Measure the report: its size, how long it takes to make, and how soon a browser shows it.

    python -m benchmarks.report [STUDY ...]      # folders of studies; without any, made-up ones of 50 and 500 trials

A page is rendered in a fresh process (imports included) and in a warm one, opened n times in headless Chromium without
a network, and measured to its first contentful paint and to the end of its load event; medians with the slowest.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.epoch import machine
from results.store import Study
from study.report.page import render

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
PAINT = """() => new Promise((done) => new PerformanceObserver((list) => {
    for (const e of list.getEntries()) if (e.name === 'first-contentful-paint')
        done([e.startTime, performance.timing.loadEventEnd - performance.timing.navigationStart]);
}).observe({type: 'paint', buffered: true}))"""


def measure(path: Path, rounds: int) -> dict[str, Any]:
    """Render the study and open its page ``rounds`` times; seconds, bytes, and milliseconds in the browser."""
    command = [sys.executable, "-m", "study.run", "report", "--study", str(path)]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    fresh = time.perf_counter() - started
    study = Study.open(path)
    started = time.perf_counter()
    page = render(study)
    warm = time.perf_counter() - started
    paints, loads, asked = opened(path / "report.html", rounds)
    return {
        "records": len(study.records()),
        "trials": sum(r.trial is not None for r in study.records()),
        "pictures": page.count("<img "),
        "bytes": len(page.encode()),
        "render_seconds_fresh_process": round(fresh, 2),
        "render_seconds_warm": round(warm, 2),
        "first_contentful_paint_ms": {"median": statistics.median(paints), "slowest": max(paints), "n": rounds},
        "load_ms": {"median": statistics.median(loads), "slowest": max(loads), "n": rounds},
        "requests": asked,
    }


def opened(page: Path, rounds: int) -> tuple[list[float], list[float], int]:
    """Open a page in a fresh context each time: paint and load in milliseconds, and requests beyond the page itself."""
    from playwright.sync_api import sync_playwright

    paints, loads, asked = [], [], set()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(rounds):
            context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
            tab = context.new_page()
            tab.on("request", lambda request: asked.add(request.url))
            tab.goto(page.resolve().as_uri())
            paint, load = tab.evaluate(PAINT)
            paints.append(round(paint))
            loads.append(round(load))
            context.close()
        browser.close()
    return paints, loads, len({u for u in asked if not u.startswith("data:")} - {page.resolve().as_uri()})


def made_up(folder: Path) -> dict[str, Path]:
    """Studies of 50 trials with pictures and of 500, from the tests' maker of studies."""
    from tests.support import synthetic

    return {
        "made up, 50 trials": synthetic.study(folder / "50", trials=50, pictures=True).path,
        "made up, 500 trials": synthetic.study(folder / "500", trials=500).path,
    }


def main() -> None:
    """Measure, print a line for each study, and write the JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("studies", nargs="*", type=Path, metavar="STUDY", help="folders of studies")
    parser.add_argument("--rounds", type=int, default=5, help="times each page is opened (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=Path("runs/bench/report.json"), help="default: %(default)s")
    args = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory(prefix="study-bench-") as folder:
        paths = {}
        for path in args.studies:  # a copy: the study itself is left as it is
            paths[path.name] = Path(shutil.copytree(path, Path(folder) / path.name))
        for name, path in (paths or made_up(Path(folder))).items():
            found[name] = row = measure(path, args.rounds)
            print(
                f"{name}: {row['trials']} trials, {row['bytes'] / 1e6:.2f} MB with {row['pictures']} pictures, "
                f"rendered in {row['render_seconds_fresh_process']:.1f} s, first paint after "
                f"{row['first_contentful_paint_ms']['median']} ms (slowest of {args.rounds}: "
                f"{row['first_contentful_paint_ms']['slowest']}), loaded after {row['load_ms']['median']} ms, "
                f"{row['requests']} requests",
                flush=True,
            )
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps({"machine": machine(), "reports": found}, indent=2) + "\n", encoding="utf-8")
    print(f"also written to {args.json}")


if __name__ == "__main__":
    main()
