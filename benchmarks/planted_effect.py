"""A planted effect, for real: ``ablate`` is to name the change that helps and the one that hurts.

    python -m benchmarks.planted_effect    a minute or two; writes benchmarks/results/planted_effect.json

On the bundled digits, with the scikit-learn example: 400 instead of 100 random features are known to help, a tenth of
the learning rate is known to hurt in ten epochs; a penalty of 2e-5 instead of 1e-5 and another ``replicate`` do
nothing. Twice: by a plan of at most 12 seeds, and with ten seeds and one look.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.aa_study import OUT, TRAINABLE, command
from results.analysis.ablation import ablation_result
from results.analysis.evidence import Evidence
from results.store import Study

SPACE = """
from search_spaces import choice
PLANTED = {"learning_rate": choice(0.05), "features": choice(400), "penalty": choice(2e-5), "replicate": choice(1)}
"""
EXPECTED = {"features": ("better",), "learning_rate": ("worse",)}
NOTHING = ("undecided", "no gain", "equivalent", "no worse")
SIZES = {"plan": ("--max-seeds", "12"), "fixed": ("--seeds", "10")}


def plant(path: Path, size: tuple[str, str]) -> dict[str, Any]:
    """Run a sweep of the one planted config, and ablate; return runs and comparisons."""
    space = path.with_suffix(".space.py")
    space.write_text(SPACE)
    common = ["--study", str(path), "--quiet", "--engine", "here"]
    command("sweep", *common, "--trainable", str(TRAINABLE), "--dataset", "digits", "--space", f"{space}:PLANTED",
            "--trials", "2", "--scheduler", "none", "--sampler", "random")  # fmt: skip
    command("ablate", *common, *size, "--parts", "leave-one-out,add-one-in")
    evidence = Evidence.of(Study.open(path))
    found = ablation_result(evidence)
    if found is None:
        raise RuntimeError("the study holds no ablation")
    rows = [
        {"role": r.role, "change": r.name, "rounds": r.tested.failures.n, "verdict": r.tested.verdict.label}
        | {"sentence": r.tested.verdict.sentence}
        for r in found.rows
    ]
    right = all(r["verdict"] in EXPECTED.get(r["change"], NOTHING) for r in rows if r["role"] != "all")
    return {"runs": sum(r.kind == "ablation" for r in evidence.records), "as_planted": right, "comparisons": rows}


def main(argv: list[str] | None = None) -> int:
    """Print and keep the verdicts; 1 where one is not as planted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.planted_effect", description="A planted effect, for real."
    )
    parser.parse_args(argv)
    found = {}
    for name, size in SIZES.items():
        with tempfile.TemporaryDirectory(prefix="planted-") as folder:
            found[name] = plant(Path(folder) / "study", size)
        print(f"{' '.join(size)}: {found[name]['runs']} runs")
        for row in found[name]["comparisons"]:
            print(f"  {row['role']:<14} {row['change']:<14} after {row['rounds']} rounds {row['sentence']}")
    right = all(part["as_planted"] for part in found.values())
    print("as planted" if right else "NOT as planted")
    OUT.mkdir(exist_ok=True)
    (OUT / "planted_effect.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
