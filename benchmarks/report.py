"""Measure the report: how long its page is, how large, how long it takes to make, and how soon a browser shows it.

    python -m benchmarks.report [STUDY ...]    # folders of studies; without any: the committed sweep, and made-up ones

A page is made in a fresh process (imports included), opened ``--rounds`` times in headless Chromium without a network,
and measured to its first contentful paint and to the end of its load event: medians with the slowest. Heights are those
of the page as it opens, in pixels at 1280 and 375 wide; elements are counted with the script run. The made-up studies
have 50 trials (with pictures), 500 and 10,000; the last is the second twenty times over, each with another learning
rate. The committed sweep is printed too: pages of A4.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.epoch import machine
from results.config import config_hash
from results.store import Study

REFERENCE = Path("results/reference/sweep-cifar10-jpeg")
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
WIDTHS = (1280, 375)
PAINT = """() => new Promise((done) => new PerformanceObserver((list) => {
    for (const e of list.getEntries()) if (e.name === 'first-contentful-paint')
        done([e.startTime, performance.timing.loadEventEnd - performance.timing.navigationStart]);
}).observe({type: 'paint', buffered: true}))"""


def measure(path: Path, rounds: int, printed: bool) -> dict[str, Any]:
    """Render the study and open its page ``rounds`` times; seconds, bytes, pixels, elements, milliseconds."""
    command = [sys.executable, "-m", "study.run", "report", "--study", str(path)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    records = Study.open(path).records()
    page = (path / "report.html").read_text(encoding="utf-8")
    return {
        "trials": sum(r.trial is not None for r in records),
        "shown": page.count('<details class="trial"'),
        "bytes": len(page.encode()),
        "pictures": page.count("<img "),
        "render_seconds": round(seconds, 2),
        "render_cpu_seconds": round(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, 2),
        **opened(path / "report.html", rounds, printed),
    }


def opened(page: Path, rounds: int, printed: bool) -> dict[str, Any]:
    """Open a page in a fresh context each time: how it comes out, paint and load, requests beyond the page itself."""
    from playwright.sync_api import sync_playwright

    paints, loads, asked, found = [], [], set(), {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for wide in (*WIDTHS, *[WIDTHS[0]] * (rounds - 1)):
            context = browser.new_context(viewport={"width": wide, "height": 900}, offline=True)
            tab = context.new_page()
            tab.on("request", lambda request: asked.add(request.url))
            tab.goto(page.resolve().as_uri())
            paint, load = tab.evaluate(PAINT)
            if wide == WIDTHS[0]:
                paints.append(round(paint))
                loads.append(round(load))
            found[f"height_{wide}"] = tab.evaluate("document.documentElement.scrollHeight")
            found["elements"] = tab.evaluate("document.querySelectorAll('*').length")
            if printed and wide == WIDTHS[0] and "printed_pages" not in found:
                found["printed_pages"] = len(re.findall(rb"/Type\s*/Page\b", tab.pdf(format="A4")))
            context.close()
        browser.close()
    return found | {
        "first_contentful_paint_ms": {"median": statistics.median(paints), "slowest": max(paints), "n": rounds},
        "load_ms": {"median": statistics.median(loads), "slowest": max(loads), "n": rounds},
        "requests": len({u for u in asked if not u.startswith("data:")} - {page.resolve().as_uri()}),
    }


def made_up(folder: Path) -> dict[str, Path]:
    """The committed sweep's copy, and studies of the tests' maker of studies."""
    from tests.support import synthetic

    large = synthetic.study(folder / "500", trials=500, maker=synthetic.Maker(val=300, test=500)).path
    return {
        "the committed sweep": Path(shutil.copytree(REFERENCE, folder / "reference")),
        "made up, 50 trials": synthetic.study(folder / "50", trials=50, pictures=True).path,
        "made up, 500 trials": large,
        "made up, 10,000 trials": many_times(large, folder / "10000", 20),
    }


def many_times(source: Path, target: Path, times: int) -> Path:
    """A study with each trial ``times`` over, each time with another learning rate: making as many would take hours."""
    target.mkdir()
    shutil.copy(source / "study.json", target)
    records = [json.loads(line) for line in (source / "records.jsonl").read_text().splitlines()]
    with (target / "records.jsonl").open("w") as file:
        file.writelines(json.dumps(r) + "\n" for r in records if r["trial"] is None)
        trials = [r for r in records if r["trial"] is not None]
        for number in range(times * len(trials)):
            record = trials[number % len(trials)]
            rate = record["config"]["learning_rate"] * (1 + number // len(trials) * 0.003)
            config = record["config"] | {"learning_rate": rate}
            own = {"config": config, "config_hash": config_hash(config), "trial": number}
            file.write(json.dumps(record | own | {"run_id": f"{own['config_hash']}-s{record['seed']}"}) + "\n")
    return target


def table(found: dict[str, dict[str, Any]]) -> str:
    """The rows as Markdown."""
    lines = [
        "| study | size | made in (CPU) | first paint | loaded | elements | height at 1280 / 375 |",
        "|---" * 7 + "|",
    ]
    for name, row in found.items():
        paint, load = row["first_contentful_paint_ms"], row["load_ms"]
        lines.append(
            f"| {name} | {row['bytes'] / 1e6:.2f} MB | {row['render_seconds']:.1f} s "
            f"({row['render_cpu_seconds']:.1f} s) | {paint['median']:.0f} ms ({paint['slowest']}) | "
            f"{load['median']:.0f} ms | {row['elements']:,} | {row['height_1280']:,} / {row['height_375']:,} px |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table, and write the JSON."""
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
            found[name] = measure(path, args.rounds, printed=name == "the committed sweep" or bool(paths))
            print(f"{name}: {json.dumps(found[name])}", flush=True)
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps({"machine": machine(), "reports": found}, indent=2) + "\n", encoding="utf-8")
    print(f"{table(found)}\nalso written to {args.json}")


if __name__ == "__main__":
    main()
