"""The budget of ``auto``: what is used of it over all starts, as study.json keeps it, and what it pays for."""

from __future__ import annotations

import contextlib
import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from results.analysis.evidence import Evidence
from results.errors import UserError
from results.formatting import duration
from results.meta import Auto, AutoSplit, Stage
from results.store import Study
from study.cli.session import Planning
from study.engine.choice import for_sweep
from study.planning.auto import SEEDS, Costs, Split, split, told
from study.planning.confirm import margin_of
from study.planning.expect import noise_of

BEAT = 2.0  # seconds between two notes of what is used: a kill loses so much at most


class Clock:
    """Counts what is used of the budget, this start's seconds and those before, and notes it in study.json."""

    def __init__(self, study: Study, auto: Auto, began: float) -> None:
        self._study, self._before, self._began = study, auto.used, began
        self.auto = auto
        self._lock = threading.Lock()

    @property
    def used(self) -> float:
        """Seconds of the budget that are used."""
        return self._before + time.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds of the budget that are left."""
        return self.auto.budget - self.used

    def note(self) -> None:
        """Write down what is used. Called from two threads."""
        self._change()

    def enter(self, stage: Stage, how: AutoSplit | None = None) -> None:
        """Begin a stage."""
        self._change(stage=stage, split=how or self.auto.split)

    def _change(self, **what: Any) -> None:
        with self._lock:
            self.auto = self.auto.model_copy(update={"used": round(self.used, 1), **what})
            self._study.meta.auto = self.auto
            self._study.save_meta()


@contextlib.contextmanager
def counted(study: Study, auto: Auto, args: Namespace) -> Iterator[Clock]:
    """Count from when the command began, with a note every BEAT seconds and at the end, however it ends."""
    clock, ended = Clock(study, auto, args.began), threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT):
            with contextlib.suppress(Exception):  # a full disk is told by who writes records; the next beat tries again
                clock.note()

    if auto.stage == "done":  # nothing is to come but words
        yield clock
        return
    clock.note()
    heart = threading.Thread(target=beat, name="budget", daemon=True)
    heart.start()
    try:
        yield clock
    finally:
        ended.set()
        heart.join()
        clock.note()


def known_budget(args: Namespace) -> Auto:
    """Return the budget and what is used of it. Raises UserError where there is none, or a smaller one is given."""
    earlier = Study.open(args.study).meta.auto if (args.study / "study.json").exists() else None
    if earlier is None:
        if args.budget is None:
            raise UserError("--budget: say how long all may take, e.g. --budget 8h")
        return Auto(budget=args.budget)
    if args.budget is None or args.budget == earlier.budget:
        return earlier
    if args.budget < earlier.budget:
        raise UserError(
            f"--budget {duration(args.budget)}: study '{args.study}' has one of {duration(earlier.budget)}, of which "
            f"{duration(earlier.used)} are used; a larger one extends it"
        )
    stage: Stage = "confirm" if earlier.stage in ("ablation", "done") else earlier.stage
    return earlier.model_copy(update={"budget": args.budget, "stage": stage})


def costs_of(desk: Planning, evidence: Evidence, scheduler: str) -> Costs | None:
    """Return what trainings and trials cost, as the baseline's runs took; None where there is none."""
    runs = [r.seconds for r in evidence.baselines if r.seconds]
    if not runs:
        return None
    seconds = sum(runs) / len(runs)
    many = 4 * SEEDS
    side = desk.at_once(many, seconds) or 2
    if for_sweep(desk.options).engine == "here":
        return Costs.of(seconds, side, scheduler, 1)
    return Costs.of(seconds, side, scheduler, desk.side_by_side(many))


def split_of(evidence: Evidence, costs: Costs, left: float, args: Namespace) -> tuple[Split | None, list[str]]:
    """Return how ``left`` seconds are split, and that in words."""
    noise = noise_of(evidence)
    margin = margin_of(args.margin, evidence.metric)
    relative = noise.sd / margin if noise.sd and margin else None
    made = split(costs.trainings(left), relative, costs.trial, args.trials)
    return made, [] if made is None else told(made, costs, left, evidence, noise)
