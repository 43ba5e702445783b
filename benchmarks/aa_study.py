"""Two hundred real studies in which nothing can be better, through the toolkit's own commands.

    python -m benchmarks.aa_study [--studies 200]    about fifteen seconds each; the same command again goes on
    python -m benchmarks.aa_study --through-ray 20   the first twenty again, as a user runs them; 1 if one differs

Each study is a real sweep of the scikit-learn example over its inert field ``replicate``, which only changes every
random draw, then ``confirm --top 3 --max-seeds 12`` by a plan, with its report, by the real commands in one process.
The seed of study i is 10,000 i, fixed here. Every verdict of better or worse is false. The one shortcut: trainings run
one after
the other by the engine 'here', where Ray would start 400 times. ``--through-ray`` shows
on some of them that nothing depends on it.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from results.analysis.evidence import Evidence
from results.analysis.shrinkage import shrinkage
from results.store import Study
from study.cli.main import main as study_main

HERE = Path(__file__).parent
OUT = HERE / "results"
TRAINABLE = HERE.parent / "examples" / "digits_sklearn.py"
TRIALS, TOP, MOST = 30, 3, 12


def command(*words: str) -> None:
    """Run one command of the toolkit in this process; its output is kept from the screen."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = study_main(words)
    if code:
        raise RuntimeError(f"{' '.join(words)} ended with {code}: {said.getvalue()[-2000:]}")


def one_study(number: int, folder: Path, engine: str = "here") -> dict[str, Any]:
    """Sweep, confirm and report once; return what came of it."""
    path = folder / f"aa-{number}"
    common = ["--study", str(path), "--seed", str(10_000 * number), "--quiet", "--engine", engine]
    start = time.perf_counter()
    what = ["--trainable", str(TRAINABLE), "--dataset", "digits", "--space", "luck"]
    command("sweep", *common, *what, "--trials", str(TRIALS), "--scheduler", "none", "--sampler", "random")
    command("confirm", *common, "--top", str(TOP), "--max-seeds", str(MOST))
    evidence = Evidence.of(Study.open(path))
    trials = [r for r in evidence.records if r.kind == "sweep" and r.status == "complete"]
    base = next(r for r in trials if evidence.is_baseline(r))
    best = max((r for r in trials if r is not base), key=lambda r: r.score or 0)
    tested = evidence.verdicts("confirm")
    page = (path / "report.html").read_text(encoding="utf-8")
    row = {
        "study": number,
        "seed": 10_000 * number,
        "trials": len(trials),
        "best_minus_baseline": round((best.score or 0) - (base.score or 0), 5),
        "held": round(shrinkage(evidence, tested[0]).on_fresh_seeds or 0.0, 5),
        "verdicts": [j.verdict.label for j in tested],
        "estimates": [round(j.verdict.estimate, 5) for j in tested],
        "rounds": [j.failures.n for j in tested],
        "trainings": sum(r.kind == "confirm" for r in evidence.records),
        "seeds": list(evidence.plans("confirm")[0].seeds),
        "covered": [j.verdict.low <= 0 <= j.verdict.high for j in tested],
        "report_bytes": len(page),
        "seconds": round(time.perf_counter() - start, 1),
    }
    shutil.rmtree(path)
    return row


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the rates with their exact 95 % intervals."""

    def rate(hits: int, n: int) -> dict[str, Any]:
        ci = binomtest(hits, n).proportion_ci(0.95, method="exact")
        return {"hits": hits, "n": n, "rate": hits / n, "low": ci.low, "high": ci.high}

    n = len(rows)
    false = [r for r in rows if any(v in ("better", "worse") for v in r["verdicts"])]
    single = [c for r in rows for c in r["covered"]]
    labels = [v for r in rows for v in r["verdicts"]]
    return {
        "studies": n,
        "trials_per_study": TRIALS,
        "confirmed_per_study": TOP,
        "fresh_seeds_at_most": MOST,
        "best_trial_looks_better": rate(sum(r["best_minus_baseline"] > 0 for r in rows), n),
        "mean_promised_points": 100 * sum(r["best_minus_baseline"] for r in rows) / n,
        "mean_held_points": 100 * sum(r["held"] for r in rows) / n,
        "false_verdict_after_confirmation": rate(len(false), n),
        "mean_trainings_to_confirm": sum(r["trainings"] for r in rows) / n,
        "verdicts": {label: labels.count(label) for label in sorted(set(labels))},
        "intervals_that_cover_zero": rate(sum(single), len(single)),
        "promise_kept": rate(len(false), n)["low"] <= 0.05,
    }


def through_ray(studies: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Run the first studies on Ray, and compare every outcome with its row."""
    known = {row["study"]: row for row in rows}
    same = []
    with tempfile.TemporaryDirectory(prefix="aa-") as folder:
        for number in range(1, studies + 1):
            again = one_study(number, Path(folder), "ray")
            differ = [k for k in again if k not in ("seconds", "report_bytes") and again[k] != known[number][k]]
            same.append(not differ)
            print(f"study {number} through Ray: {f'differs in {differ}' if differ else 'the same'}", flush=True)
    return {"studies": studies, "the_same": sum(same)}


def main(argv: list[str] | None = None) -> int:
    """Run what is missing, print the summary; 1 where the promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.aa_study", description="A/A studies, for real.")
    parser.add_argument("--studies", type=int, default=200, metavar="N", help="(default: %(default)s)")
    parser.add_argument(
        "--part", default="1/1", metavar="I/N", help="only every N-th study: run N of these side by side"
    )
    parser.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help="where the rows are (default: %(default)s)"
    )
    parser.add_argument("--through-ray", type=int, default=0, metavar="N", help="only repeat the first N, through Ray")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    lines = args.out / "aa_study.jsonl"
    rows = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
    if args.through_ray:
        found = through_ray(args.through_ray, rows)
        (args.out / "aa_study_through_ray.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        return 0 if found["the_same"] == found["studies"] else 1
    part, parts = map(int, args.part.split("/"))
    todo = [n for n in range(part, args.studies + 1, parts) if n not in {r["study"] for r in rows}]
    if todo:
        with tempfile.TemporaryDirectory(prefix="aa-") as folder:
            for number in todo:
                rows.append(one_study(number, Path(folder)))
                with open(lines, "a", encoding="utf-8") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
                print(json.dumps(rows[-1]), flush=True)
    rows = sorted((json.loads(line) for line in lines.read_text().splitlines()), key=lambda r: r["study"])
    found = summary(rows)
    (args.out / "aa_study.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))
    return 0 if found["promise_kept"] else 1


if __name__ == "__main__":
    sys.exit(main())
