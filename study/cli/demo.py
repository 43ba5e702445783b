"""``demo``: every command once, on bundled digits with a tiny network. No download, a few minutes."""

from __future__ import annotations

from argparse import Namespace

from results.commands import command
from study.cli import main
from study.cli.boundary import BAD_INPUT
from study.terminal.screen import say

SEEDS, MOST = "6", "8"  # of the noise, and of a verdict at most
BASELINE = ["--dataset", "digits", "--set", "architecture=tiny", "--set", "batch_size=128", "--set", "epochs=10"]
FIXED = ["--set", "architecture=tiny", "--set", "epochs=10"]  # the default space holds networks a demo has no time for
STEPS = (  # what a person would type, in order
    ("the baseline over six seeds: how large is luck?", ["baseline", "--seeds", SEEDS, *BASELINE]),
    ("ten trials beside it", ["sweep", "--trials", "10", "--grace", "3", "--reduction-factor", "2", *FIXED]),
    ("the best of them again, on fresh seeds", ["confirm", "--top", "1", "--max-seeds", MOST]),
    (
        "which of its changes contribute",
        ["ablate", "--max-seeds", MOST, "--leave-out", "2", "--parts", "leave-one-out"],
    ),
)


def run(args: Namespace) -> int:
    """Run the steps; each is itself a command that a second start would skip."""
    for what, words in STEPS:
        say(f"\n# {what}\n  {command(words[0], args.study, *words[1:])}")
        code = main.main([*words, "--study", str(args.study)])
        if code == BAD_INPUT and words[0] in ("confirm", "ablate"):  # a sweep in which every trial was stopped early
            say("No trial got as far as that; the report has the rest.")
            break
        if code:
            return code
    return 0
