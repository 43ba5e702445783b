"""A planted effect, for real: ``ablate`` is to name the change that helps and the one that hurts.

    python -m benchmarks.planted_effect [--seeds 10]    a minute or two; writes benchmarks/results/planted_effect.json

On the bundled digits, with the scikit-learn example: 400 instead of 100 random features are known to help, a tenth of
the learning rate is known to hurt in ten epochs; a penalty of 2e-5 instead of 1e-5 and another ``replicate`` do
nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.aa_study import OUT, TRAINABLE, command
from results.analysis.ablation import ablation_result
from results.analysis.evidence import Evidence
from results.store import Study

SPACE = """
from search_spaces import choice
PLANTED = {"learning_rate": choice(0.05), "features": choice(400), "penalty": choice(2e-5), "replicate": choice(1)}
"""
EXPECTED = {"features": ("better",), "learning_rate": ("worse",)}
NOTHING = ("undecided", "equivalent")


def plant(path: Path, seeds: int) -> dict[tuple[str, str], tuple[str, str]]:
    """Run baseline, a sweep of the one planted config, and ablate; return (role, change) -> (verdict, sentence)."""
    space = path.with_suffix(".space.py")
    space.write_text(SPACE)
    common = ["--study", str(path), "--quiet", "--engine", "here"]
    command("sweep", *common, "--trainable", str(TRAINABLE), "--dataset", "digits", "--space", f"{space}:PLANTED",
            "--trials", "2", "--scheduler", "none", "--sampler", "random")  # fmt: skip
    command("ablate", *common, "--seeds", str(seeds))
    found = ablation_result(Evidence.of(Study.open(path)))
    if found is None:
        raise RuntimeError("the study holds no ablation")
    return {(r.role, r.name): (r.tested.verdict.label, r.tested.verdict.sentence) for r in found.rows}


def main(argv: list[str] | None = None) -> int:
    """Print and keep the verdicts; 1 where one is not as planted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.planted_effect", description="A planted effect, for real."
    )
    parser.add_argument("--seeds", type=int, default=10, metavar="K", help="(default: %(default)s)")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        found = plant(Path(folder) / "study", args.seeds)
    rows = [{"role": role, "change": name, "verdict": v, "sentence": s} for (role, name), (v, s) in found.items()]
    right = all(
        r["verdict"] in EXPECTED.get(r["change"], NOTHING) for r in rows if r["role"] in ("leave-one-out", "add-one-in")
    )
    for row in rows:
        print(f"{row['role']:<14} {row['change']:<14} {row['sentence']}")
    print("as planted" if right else "NOT as planted")
    OUT.mkdir(exist_ok=True)
    text = json.dumps({"seeds": args.seeds, "as_planted": right, "comparisons": rows}, indent=2)
    (OUT / "planted_effect.json").write_text(text + "\n", encoding="utf-8")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
