"""Run ``auto --budget 3m`` on digits and hold it to its budget; with ``--kills 10`` through ten SIGKILLs.

    python -m benchmarks.auto [--kills 10]      writes auto.json

Without kills: the whole command, from start to end, takes at most the budget and a tenth, and leaves verdicts and a
page. With kills its process group is killed at random moments (seeded) and the same command started again: no record is
lost, no run is recorded twice, no config is trained to its end twice with a seed, what study.json counts as used is
what was used, and all running together is at most the budget, a tenth, and ALLOWANCE seconds for each kill.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from results.store import Study

HERE = Path(__file__).parent
TRAINABLE = HERE.parent / "examples" / "digits_sklearn.py"
BUDGET = 180
SEED = 20261128
EARLIEST = 4.0  # seconds after a start at which it may be killed; the latest is a twelfth of the budget
ALLOWANCE = 10.0  # seconds that a kill may cost: what was not noted yet, and the start before the first note


def command(study: Path, budget: int) -> list[str]:
    """Return what a person would type."""
    words = ["auto", "--budget", f"{budget}s", "--dataset", "digits", "--trainable", str(TRAINABLE)]
    return [sys.executable, "-m", "study.run", *words, "--study", str(study)]


def start(study: Path, budget: int, log: Path, kill_after: float | None = None) -> tuple[int, float]:
    """Run the command, to its end or until it is killed; return (exit code, seconds)."""
    began = time.monotonic()
    with log.open("ab") as file:
        process = subprocess.Popen(
            command(study, budget), stdout=file, stderr=subprocess.STDOUT, cwd=HERE.parent, start_new_session=True
        )
        try:
            process.wait(kill_after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode, time.monotonic() - began


def lines(study: Path) -> list[str]:
    """Return the whole lines of records.jsonl."""
    path = study / "records.jsonl"
    return [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")] if path.exists() else []


def used(study: Path) -> float:
    """Return the seconds that study.json counts."""
    meta = Study.open(study).meta if (study / "study.json").exists() else None
    return meta.auto.used if meta is not None and meta.auto is not None else 0.0


def checked(study: Path) -> dict[str, Any]:
    """Return what the study holds in the end, and what is wrong with it."""
    opened = Study.open(study)
    records = opened.records()
    plans, auto = opened.meta.plans, opened.meta.auto
    twice = [n for n, times in Counter(json.loads(line)["run_id"] for line in lines(study)).items() if times > 1]
    ended = Counter((r.config_hash, r.seed) for r in records if r.status == "complete")
    verdicts = [v["verdict"] for p in plans if p["family"] == "confirm" for v in p["verdicts"]]
    wrong = [f"run {name} is recorded twice" for name in twice]
    wrong += [f"config {h} is trained twice with seed {s}" for (h, s), times in ended.items() if times > 1]
    if not (study / "report.html").exists():
        wrong.append("there is no page")
    if not plans:
        wrong.append("nothing was planned")
    return {
        "stage": auto.stage if auto else None,
        "trials": sum(r.kind == "sweep" for r in records),
        "runs": len(records),
        "verdicts": dict(Counter(verdicts)),
        "ablation_verdicts": sum(len(p["verdicts"]) for p in plans if p["family"] == "ablation"),
        "wrong": wrong,
    }


def whole(folder: Path, budget: int) -> dict[str, Any]:
    """Run it once, undisturbed."""
    study, log = folder / "whole", folder / "whole.log"
    code, seconds = start(study, budget, log)
    found = checked(study)
    if code:
        found["wrong"].append(f"exit code {code}")
    if seconds > 1.1 * budget:
        found["wrong"].append(f"{seconds:.0f} s are more than the budget and a tenth")
    return {"budget": budget, "seconds": round(seconds, 1), "counted": used(study), "exit": code} | found


def killed(folder: Path, budget: int, kills: int, seed: int) -> dict[str, Any]:
    """Run it through so many kills."""
    study, log, rng = folder / "killed", folder / "killed.log", random.Random(seed)
    spans, missed, wrong, known = [], [], [], []
    code = -9
    for i in range(kills + 1):
        before = used(study)
        code, seconds = start(study, budget, log, rng.uniform(EARLIEST, budget / 12) if i < kills else None)
        spans.append(round(seconds, 1))
        missed.append(round(seconds - (used(study) - before), 1))
        now = lines(study)
        if now[: len(known)] != known:
            wrong.append(f"records were lost after start {i + 1}")
        known = now
        if code >= 0:
            break
    happened = len(spans) - 1
    found = checked(study)
    found["wrong"] += wrong
    if code:
        found["wrong"].append(f"exit code {code}")
    if sum(spans) > 1.1 * budget + ALLOWANCE * happened:
        found["wrong"].append(f"{sum(spans):.0f} s are more than the budget, a tenth and {ALLOWANCE:g} s for each kill")
    about = {"budget": budget, "kills": happened, "allowance": ALLOWANCE, "seed": seed, "exit": code}
    counted = {"seconds": round(sum(spans), 1), "counted": used(study), "starts": spans, "not_counted": missed}
    return about | counted | found


def main() -> int:
    """Run, print what was found, write the JSON. Returns 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.auto", description="auto, held to its budget.")
    parser.add_argument("--budget", type=int, default=BUDGET, metavar="SECONDS", help="(default: %(default)s)")
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="SIGKILL it so often (default: not at all)")
    parser.add_argument("--runs", type=int, default=1, metavar="N", help="how often in all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="of the moments (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("runs/bench"), metavar="DIR", help="(default: %(default)s)")
    args = parser.parse_args()
    rows = []
    for i in range(args.runs):
        with tempfile.TemporaryDirectory(prefix="bench-auto-") as folder:
            row = killed(Path(folder), args.budget, args.kills, args.seed + i) if args.kills else None
            row = row or whole(Path(folder), args.budget)
        row["load"] = round(os.getloadavg()[0], 1)  # other processes' too
        rows.append(row)
        print(json.dumps(row), flush=True)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "auto.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept["machine"] = f"{os.cpu_count()} cores, shared with other work"
    kept["killed" if args.kills else "whole"] = rows
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return 1 if any(row["wrong"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
