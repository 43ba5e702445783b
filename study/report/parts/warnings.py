"""What a reader must know before believing a number."""

from __future__ import annotations

import math
from typing import Any

from markupsafe import Markup

from results.analysis.importance import is_numeric
from study.report.blocks import Note
from study.report.text import clean, code, joined, plural, text, value
from study.report.view import View, trial_link


def warnings(view: View) -> list[Note]:
    """Every validity warning that applies, the gravest first."""
    return [note for check in CHECKS if (note := check(view)) is not None]


def _no_baseline(view: View) -> Note | None:
    if view.reference or not view.records:
        return None
    said = "No complete run of the baseline's config was found, so nothing is compared with it."
    return Note("bad", "Baseline missing.", [said])


def _other_baseline(view: View) -> Note | None:
    older = [t for t in view.trials if t.record.kind == "baseline"]
    if not older:
        return None
    said = text(
        "{} recorded as the baseline, but with another config than the study's: shown as a trial.",
        plural(len(older), "run was", "runs were"),
    )
    return Note("warn", "Another baseline.", [said])


def _mixed_data(view: View) -> Note | None:
    if not view.foreign:
        return None
    names = sorted({clean(r.dataset.name, 40) for r in view.foreign})
    return Note(
        "bad",
        "Mixed datasets.",
        [
            text(
                "{} made on other {} ({}) and left out of every comparison.",
                plural(len(view.foreign), "run was", "runs were"),
                view.material,
                joined(names[:5]),
            )
        ],
    )


def _ignored(view: View) -> Note | None:
    """Lines of records.jsonl that are not used, each with its reason."""
    told = [text("{}.", line) for line in view.reading.told()]
    return Note("bad", "Records ignored.", told) if told else None


def _withdrawn(view: View) -> Note | None:
    """Verdicts that do not stand, each with its reason; no other part of the page shows them."""
    about: dict[str, list[Markup]] = {}
    for pair, why in view.withdrawn.items():
        trial = view.trial_of(pair) if pair.role == "confirm" else None
        what = trial_link(trial) if trial else code(pair.name or pair.candidate, 40)
        known = about.setdefault(why, [])
        if what not in known:
            known.append(what)
    told = []
    for why, named in about.items():
        many = len(named) > 1
        verb, plural_s = ("are", "s") if many else ("is", "")
        told.append(text("The verdict{} on {} {} withdrawn: {}.", plural_s, joined(list(named)), verb, why))
    return Note("bad", "Verdicts withdrawn.", told) if told else None


def _damaged(view: View) -> Note | None:
    if not view.study.damaged:
        return None
    found = [text("{}: {}", code(path, 80), clean(why, 200)) for path, why in sorted(view.study.damaged.items())]
    return Note("warn", "Files left out.", [text("{}.", joined(found[:10]))])


def _failing(view: View) -> Note | None:
    """Candidates of which runs fail: what is said of them is about those that finish."""
    told = []
    for j in (j for j in view.verdicts("confirm") if j.failures.candidate):
        trial = view.trial_of(j.pair)
        told.append(text("{}: {}.", trial_link(trial) if trial else code(j.pair.candidate, 12), j.failures.sentence()))
    return Note("warn", "Runs of a candidate fail.", told) if told else None


def _unknown_plans(view: View) -> Note | None:
    if not view.unknown_plans:
        return None
    return Note("bad", "Verdicts left out.", [text("{}.", view.unknown_plans)])


def _other_seed(view: View) -> Note | None:
    lone = [t for t in view.trials if t.compared.baseline is not None and t.compared.baseline.seed != t.record.seed]
    if not lone:
        return None
    return Note(
        "warn",
        "Other splits.",
        [
            text(
                "For {} there is no baseline run of the same seed: they are compared across different "
                "splits of the training {}.",
                plural(len(lone), "trial"),
                view.material,
            )
        ],
    )


def _one_seed(view: View) -> Note | None:
    if not view.baselines or len(view.baselines) >= 3:
        return None
    how, known = ("one seed", "unknown") if len(view.baselines) == 1 else ("two seeds", "hardly known")
    return Note("warn", f"Baseline with {how}.", [text("How far it varies by itself is {}.", known)])


def _unconfirmed(view: View) -> Note | None:
    if not view.ranked or view.looks("confirm") or view.plans("confirm"):
        return None
    return Note(
        "warn",
        "Nothing is confirmed.",
        [
            text(
                "Each trial is one run, and the best of {} was picked after looking: "
                "all comparisons here are exploratory. Only fresh seeds tell.",
                view.tried,
            )
        ],
    )


def _losses(view: View) -> Note | None:
    lost = view.having("failed", "diverged")
    if not lost:
        return None
    grave = len(lost) > len(view.trials) / 5
    return Note(
        "warn" if grave else "info",
        f"{plural(len(lost), 'trial')} without a score.",
        [text("They failed or diverged and are listed with their reasons below.")],
    )


def _edges(view: View) -> Note | None:
    best = view.best
    if best is None:
        return None
    found = [text("{} = {}", code(f, 40), value(best.record.config.get(f))) for f in edges(view, best.record.config)]
    if not found:
        return None
    return Note(
        "info",
        "At the edge of the search.",
        [text("The best trial lies at the end of the range of {}: better values may lie beyond.", joined(found))],
    )


def edges(view: View, config: dict[str, Any]) -> list[str]:
    """Fields at the end of what the space allowed, or where the space is unknown of what was tried."""
    found = []
    described = (view.meta.sweep or {}).get("describe")
    dimensions = described.get("dimensions") if isinstance(described, dict) else None
    for field in view.varying:
        extent = dimensions.get(field) if isinstance(dimensions, dict) else None
        tried = [t.record.config[field] for t in view.trials if field in t.record.config]
        here = config.get(field)
        if not is_numeric([here]) or not is_numeric(tried):
            continue
        log = False
        if isinstance(extent, dict) and is_numeric([extent.get("low"), extent.get("high")]):
            low, high, log = float(extent["low"]), float(extent["high"]), bool(extent.get("log"))
        else:
            offered = extent.get("choices") if isinstance(extent, dict) else None
            pool = [
                float(v) for v in (offered if isinstance(offered, list) and offered and is_numeric(offered) else tried)
            ]
            if len(set(pool)) < 3:
                continue
            low, high = min(pool), max(pool)
            if isinstance(offered, list):  # of single values the ends are the first and the last, however they lie
                found += [field] * (here in (low, high))
                continue
        scale = math.log if log and low > 0 else float
        if high > low and here is not None and (not log or here > 0):
            place = (scale(float(here)) - scale(low)) / (scale(high) - scale(low))
            if place <= 0.03 or place >= 0.97:
                found.append(field)
    return found


def _many_looks(view: View) -> Note | None:
    looks, plans = view.looks("confirm"), view.plans("confirm")
    if len(looks) + len(plans) < 2:
        return None
    asked = [plural(len(looks), "look")] if looks else []
    asked += [plural(len(plans), "plan")] if plans else []
    said = text("The winners were confirmed in {}; the verdicts allow for all of them.", joined(asked))
    return Note("info", "Looked at more than once.", [said])


CHECKS = [
    _no_baseline,
    _mixed_data,
    _ignored,
    _withdrawn,
    _failing,
    _damaged,
    _unknown_plans,
    _other_baseline,
    _other_seed,
    _one_seed,
    _unconfirmed,
    _losses,
    _edges,
    _many_looks,
]
