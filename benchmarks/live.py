"""Measure what the page of a running study costs: processor time of its renderings and stamps, as a share of a sweep's.

    python -m benchmarks.live --seconds 600      # a sweep of short trainings that is interrupted then

The sweep is a program of its own and goes at the usual pace. Its renderers are looked at ten times a second, and
what they have used when last seen is summed, imports included; a stamp is timed n times on the page that is left.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.epoch import machine
from benchmarks.programs import revision, write_json
from results.store import Study
from study.cli.live_page import BEAT, LivePage
from study.report.live import PAGE

ROOT = Path(__file__).parents[1]
LIMIT = 0.02
STAMPS = 20
SWEEP = "sweep --trainable tests/support/killed_toy.py --dataset 600 --space toy --trials 100000 --engine here --quiet"


def watched(study: Path, seconds: float) -> dict[str, Any]:
    """Run the sweep for so long; return its seconds, and those of the processor that each renderer has used."""
    words = [sys.executable, "-m", "study.run", *SWEEP.split(), "--set", "pause=0.1", "--study", str(study)]
    begun = time.monotonic()
    sweep = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    used: dict[int, float] = {}
    while time.monotonic() - begun < seconds:
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(sweep.pid).children():
                with contextlib.suppress(psutil.Error):
                    if child.pid in used or "study.report.renderer" in child.cmdline():
                        times = child.cpu_times()
                        used[child.pid] = max(used.get(child.pid, 0.0), times.user + times.system)
        time.sleep(0.1)
    sweep.send_signal(signal.SIGINT)
    sweep.wait()
    return {"seconds": round(seconds, 1), "renderings": [round(each, 2) for each in used.values()]}


def stamps(study: Study) -> list[float]:
    """Return the milliseconds of a stamp, several times."""
    page, found = LivePage(study), []
    file = study.path / PAGE
    file.write_bytes(file.read_bytes().replace(b"data-ended", b'data-heard="%013d"' % 0, 1))
    for _ in range(STAMPS):
        started = time.perf_counter()
        page._beat()
        found.append(1000 * (time.perf_counter() - started))
    return found


def shares(result: dict[str, Any]) -> dict[str, float]:
    """Return the share of the time that all took, and all but the last rendering, of which the pause lies ahead."""
    stamped = result["stamp_ms"]["median"] / 1000 / BEAT
    spent = [sum(each) / result["seconds"] for each in (result["renderings"], result["renderings"][:-1])]
    return {"share": round(spent[0] + stamped, 4), "share_without_last": round(spent[1] + stamped, 4)}


def show(result: dict[str, Any]) -> str:
    """Return the line."""
    kept = "kept" if result["share_without_last"] <= LIMIT else "BROKEN"
    return (
        f"{100 * result['share']:.2f} % of {result['seconds']:.0f} s, n = {len(result['renderings'])} renderings of "
        f"{statistics.mean(result['renderings']):.1f} s each and a stamp of {result['stamp_ms']['median']} ms every "
        f"{BEAT:.0f} s; {result['records']} records. Without the last, whose pause lies ahead: "
        f"{100 * result['share_without_last']:.2f} % (at most {100 * LIMIT:g} %: {kept})"
    )


def main() -> None:
    """Parse, measure, print, and write the JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.live", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600.0, help="of the sweep (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=Path("runs/bench/live.json"), help="default: %(default)s")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="study-bench-") as folder:
        path = Path(folder) / "live"
        result = watched(path, args.seconds)
        study = Study.open(path)
        each = stamps(study)
        result |= {
            "records": len(study.records()),
            "page_bytes": (path / PAGE).stat().st_size,
            "stamp_ms": {"median": round(statistics.median(each), 1), "slowest": round(max(each), 1), "n": len(each)},
        }
    result |= shares(result)
    print(show(result))
    write_json(args.json, {"machine": machine(), "revision": revision(), "limit": LIMIT, **result})


if __name__ == "__main__":
    main()
