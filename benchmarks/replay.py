"""The committed CIFAR-10 confirmation and ablation, replayed by a plan.

    python -m benchmarks.replay        seconds; trains nothing; writes benchmarks/results/replay.json

The recorded runs are taken in the order of their seeds, as if a first plan of at most 24 seeds had asked for them. The
plan was not there when they ran: a replay shows what it would have saved, it is no evidence of its own.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from results.analysis.boundaries import boundaries
from results.analysis.corrections import FIRST_PLAN
from results.analysis.evidence import Evidence
from results.analysis.looks import Family, Pair
from results.analysis.plans import Plan, judge
from results.analysis.verdicts import planned
from results.store import Study

HERE = Path(__file__).parent
STUDY = HERE.parent / "results" / "reference" / "sweep-cifar10-jpeg"
OUT = HERE / "results" / "replay.json"
ROUNDS = 24


def replay(evidence: Evidence, family: Family, pairs: list[Pair]) -> list[dict[str, Any]]:
    """Judge the last look's pairs by a plan on their recorded seeds; what has no runs is still open at the end."""
    recorded = tuple(sorted({s for p in pairs for s in p.seeds}))
    seeds = recorded + tuple(range(max(recorded) + 1, max(recorded) + 1 + ROUNDS - len(recorded)))
    table = boundaries(len(pairs), ROUNDS, FIRST_PLAN)
    taken = tuple(replace(p, seeds=seeds) for p in pairs)
    plan = Plan(family, 1, taken, seeds, evidence.metric.margin, "test-set", FIRST_PLAN, table).sealed()
    judged = judge(plan, evidence.runs, evidence.failures)
    rows = []
    for i, j in enumerate(planned(judged, evidence.metric, evidence.members)):
        stopped = int(judged.decisions.stopped[0, i])
        row = {"family": family, "comparison": j.pair.name or "the candidate", "role": j.pair.role}
        numbers = {k: round(100 * getattr(j.verdict, k), 3) for k in ("estimate", "low", "high")}
        known = {"recorded_seeds": len(recorded), "stopped_after_round": stopped or None, "verdict": j.verdict.label}
        statistic = {"statistic": round(j.verdict.statistic or 0, 3), "boundary": round(j.verdict.boundary or 0, 3)}
        rows.append(row | known | numbers | statistic | {"sentence": j.verdict.sentence})
    return rows


def main() -> int:
    """Print and keep what the replay says."""
    evidence = Evidence.of(Study.open(STUDY))
    rows = []
    for family in ("confirm", "ablation"):
        looks = evidence.looks(family)  # type: ignore[arg-type]
        rows += replay(evidence, family, list(looks[-1].pairs))  # type: ignore[arg-type]
    for row in rows:
        after = f"stops after round {row['stopped_after_round']}" if row["stopped_after_round"] else "still open"
        print(f"{row['family']}, {row['comparison']} ({row['role']}), {row['recorded_seeds']} recorded seeds: {after}")
        print(f"  {row['sentence']}; {row['statistic']} of {row['boundary']} standard errors")
    OUT.write_text(json.dumps({"study": STUDY.name, "rounds": ROUNDS, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
