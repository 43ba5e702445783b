"""``demo``: every command once, on bundled digits with a tiny network. No download, a few minutes."""

from __future__ import annotations

import argparse
from pathlib import Path

NOTHING_LEFT = 2  # how confirm and ablate refuse a sweep in which every trial was stopped early
STUDY = Path("runs/demo")
SEEDS = "6"  # with fewer no verdict can be reached
BASELINE = ["--dataset", "digits", "--set", "architecture=tiny", "--set", "batch_size=128", "--set", "epochs=10"]
PINNED = ["--set", "architecture=tiny", "--set", "epochs=10"]  # the default space holds networks a demo has no time for
STEPS = (  # what a person would type, in order
    ("the baseline over six seeds: how large is luck?", ["baseline", "--seeds", SEEDS, *BASELINE]),
    ("ten trials beside it", ["sweep", "--trials", "10", "--grace", "3", "--reduction-factor", "2", *PINNED]),
    ("the best of them again, on fresh seeds", ["confirm", "--top", "1", "--seeds", SEEDS]),
    (
        "which of its changes earn their place",
        ["ablate", "--seeds", SEEDS, "--leave-out", "2", "--parts", "leave-one-out"],
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options."""
    parser.add_argument("--study", type=Path, default=STUDY, metavar="DIR", help="(default: %(default)s)")
    parser.epilog = "example:\n  python -m study.run demo && xdg-open runs/demo/report.html"


def main(args: argparse.Namespace) -> int:
    """Run the steps; each is itself a command that a second start would skip."""
    import shlex

    from study.cli.main import main as run

    for what, words in STEPS:
        words = [*words, "--study", str(args.study)]
        print(f"\n# {what}\n$ python -m study.run {shlex.join(words)}", flush=True)
        code = run(words)
        if code == NOTHING_LEFT and words[0] in ("confirm", "ablate"):
            print("no trial got as far as that; the report has the rest")
            break
        if code:
            return code
    return 0
