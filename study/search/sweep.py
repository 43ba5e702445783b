"""The sweep: fifty trials that nothing can lose. All of the command but parsing and printing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from results.code import is_in_file
from results.errors import UserError
from results.record import Record
from results.store import Study
from search_spaces import Space
from study.engine import Context, Options, Summary, run_jobs
from study.engine.choice import for_sweep
from study.jobs import Model
from study.recording.checkpoints import interrupted_jobs
from study.recording.writer import After
from study.search.options import SweepOptions
from study.search.own import OwnSampler, load_sampler
from study.search.pruner import Halvings
from study.search.source import SweepSource
from study.search.storage import Database


@dataclass(frozen=True)
class Training:
    """With what a sweep trains, and how. ``after`` is called with each record on the disk and its outcome."""

    model: Model
    options: Options = field(default_factory=Options)
    context: Context | None = None
    after: Sequence[After] = ()


@dataclass
class SweepSummary:
    """How a sweep command ended. ``engine`` is None where there was nothing left to train."""

    records: list[Record]  # all of the study's sweep, of this start and earlier ones
    asked: int
    engine: Summary | None
    notes: list[str]  # a line each, for the user
    exhausted: bool  # the space holds nothing new, or the sampler

    @property
    def complete(self) -> bool:
        """Whether the asked number is there, or all that the space holds."""
        return len(self.records) >= self.asked or self.exhausted

    @property
    def exit_code(self) -> int:
        """0 done, 130 interrupted, 1 nothing worked; a time limit is a clean end."""
        if self.engine is not None and self.engine.interrupted:
            return 130
        return 1 if self.records and all(r.status in ("failed", "diverged") for r in self.records) else 0


def sweep(
    study: Study,
    training: Training,
    space: Space,
    sweep_options: SweepOptions,
    announce: Callable[[str], None] = lambda text: None,
) -> SweepSummary:
    """Run or go on with the sweep of ``study``, which the caller has opened or created, and locked.

    Raises:
        UserError: an option makes no sense or contradicts the study's sweep. Nothing was changed then.
    """
    sweep_options.check()
    if isinstance(sweep_options.sampler, str) and is_in_file(sweep_options.sampler):
        sweep_options = replace(sweep_options, sampler=load_sampler(sweep_options.sampler))
    reading = study.read()
    records = reading.records
    notes = list(space.warnings)
    about = _about(space, sweep_options)
    notes += _against_earlier(study, records, about, sweep_options)
    source = SweepSource(
        space=space,
        study=study.meta,
        reading=reading,
        interrupted=interrupted_jobs(study),
        options=sweep_options,
        halvings=_halvings(study, space, sweep_options),
        about={key: about[key] for key in ("space", "sampler", "scheduler")},
    )
    if isinstance(sweep_options.sampler, OwnSampler) and not sweep_options.sampler.seeded:
        notes.append(
            f"sampler '{sweep_options.sampler.name}' is a ready one: --seed does not seed it, and resumed it begins "
            "again as its file made it"
        )
    if source.outside:
        notes.append(
            f"{source.outside} of the study's earlier runs lie outside space '{space.name}': they are kept, counted; "
            f"'{sweep_options.sampler_name}' does not learn from them"
        )
    for note in notes:
        announce(f"note: {note}")
    before = study.meta.sweep
    study.meta.sweep = {**about, "keep_weights": training.options.keep_weights}
    study.save_meta()
    database = Database(study, space, sweep_options.seed)
    engine = None
    if not source.exhausted():
        engine = run_jobs(
            study,
            training.model,
            source,
            options=replace(training.options, title=f"sweep of {study.meta.name}"),
            context=training.context,
            after=[database.after, *training.after],
            choice=for_sweep(training.options),
        )
    with contextlib.suppress(Exception) if engine is not None else contextlib.nullcontext():
        database.sync()
    if source.exhausted_space:
        notes.append(
            f"sampler '{sweep_options.sampler_name}' has nothing new to propose"
            if source.sampler_ended
            else f"space '{space.name}' is exhausted: every config it holds has been tried with seed "
            f"{sweep_options.seed}"
        )
        announce(f"note: {notes[-1]}")
    mine = [r for r in study.records() if r.kind == "sweep"]
    if before and source.exhausted_space and len(mine) == sum(r.kind == "sweep" for r in records):
        study.meta.sweep = before  # a space that gave nothing is not what the trials came from
    if source.exhausted_space:
        study.meta.sweep = {**(study.meta.sweep or {}), "exhausted": True}  # that more trials are not what is next
        study.save_meta()
    return SweepSummary(mine, sweep_options.trials, engine, notes, source.exhausted_space)


def _about(space: Space, options: SweepOptions) -> dict[str, Any]:
    about: dict[str, Any] = {"space": space.name, "sampler": options.sampler_name, "scheduler": options.scheduler}
    if options.scheduler == "asha":
        about |= {"reduction_factor": options.factor, "grace": options.grace}
    if space.sha256 is not None:
        about["space_sha256"] = space.sha256
    if isinstance(options.sampler, OwnSampler):
        about["sampler_sha256"] = options.sampler.sha256
    return about | {"seed": options.seed, "trials": options.trials, "describe": space.describe()}


def _against_earlier(study: Study, records: list[Record], about: dict[str, Any], options: SweepOptions) -> list[str]:
    seeds = {r.seed for r in records if r.kind == "sweep"}
    if seeds and options.seed not in seeds:
        raise UserError(
            f"the sweep of '{study.path}' uses --seed {min(seeds)}; its trials share one seed, hence split and order: "
            f"use that, or another --study"
        )
    earlier = study.meta.sweep
    if not seeds or not earlier:
        return []
    changed = [
        f"{key} '{earlier.get(key)}' -> '{about.get(key)}'"
        for key in ("space", "sampler", "scheduler", "reduction_factor", "grace")
        if earlier.get(key) != about.get(key)
    ]
    if not changed and earlier.get("describe") != about["describe"]:
        changed = [f"the contents of space '{about['space']}'"]
    if earlier.get("sampler") == about["sampler"] and earlier.get("sampler_sha256") != about.get("sampler_sha256"):
        changed.append(f"the file of sampler '{about['sampler']}'")
    return [f"going on with a sweep that was made otherwise: {', '.join(changed)}"] if changed else []


def _halvings(study: Study, space: Space, options: SweepOptions) -> Halvings | None:
    if options.scheduler == "none":
        return None
    return Halvings(_longest(study, space) if study.meta.prefix else None, options.factor, options.grace)


def _longest(study: Study, space: Space) -> int | None:
    """Return the most epochs any trial may have: of the space, the fixed settings and the baseline.

    None where no config says how many.
    """
    extent = space.bounds().get("epochs", {})
    found = [
        *extent.get("choices", []),
        extent.get("high"),
        space.fixed.get("epochs"),
        study.meta.baseline.get("epochs"),
    ]
    return max((int(n) for n in found if isinstance(n, int | float)), default=None)
