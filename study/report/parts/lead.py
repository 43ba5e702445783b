"""The one sentence that says what was confirmed, for the head of the page."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from results.analysis.paired import MIN_SEEDS, claimed
from results.analysis.verdicts import PairVerdict
from study.report.parts.verdicts import after_round, candidate
from study.report.text import plural, strong, text
from study.report.view import View

ORDER = ("better", "undecided", "no worse", "equivalent", "no gain", "worse", "dropped")
TONE = {"better": "good", "worse": "bad", "undecided": "warn", "dropped": "warn"}
MARK = {
    "better": "Confirmed",
    "worse": "Refuted",
    "undecided": "Undecided",
    "no worse": "No worse",
    "equivalent": "Equivalent",
    "no gain": "No gain",
    "dropped": "Dropped",
}


def foremost(view: View) -> PairVerdict | None:
    """The candidate to name first: by its verdict, then by the sweep's validation, never by the test estimate."""

    def rank(j: PairVerdict) -> tuple[int, bool, float]:
        trial = view.trial_of(j.pair)
        fails = bool(j.failures.candidate) and j.verdict.differs
        return ORDER.index(j.verdict.label), fails, -(trial.record.score or 0.0) if trial else 0.0

    return min(view.verdicts("confirm"), key=rank, default=None)


def lead(view: View) -> tuple[str, str, Markup] | None:
    """The headline of a study with verdicts: (tone, mark, sentence); None where nothing was confirmed."""
    tested = view.verdicts("confirm")
    first = foremost(view)
    if first is None:
        return None
    v, waits = first.verdict, first.under_way and not first.verdict.decided
    fails = bool(first.failures.candidate) and v.differs
    said = _what(view, first)
    if v.label == "dropped":
        said += Markup(".")
    elif v.n < MIN_SEEDS:
        pattern = "{}: {} can reach no verdict, at least {} are needed."
        said = text(pattern, said, plural(v.n, "paired seed"), MIN_SEEDS)
    else:
        said = text(
            "{}: {} {}{}, {} {} to {}, over {} ({}).",
            said,
            strong(view.gain(v.estimate)),
            view.difference_of(),
            " (stopped early, so on average too large)" if first.early else "",
            v.interval,
            *view.interval(v.low, v.high),
            plural(v.n, "paired seed"),
            claimed(v.claim, view.metric, view.members),
        )
    if first.failed > 0 and not fails:
        said += text(
            " Left out: {} of {}, where a run came to no score.",
            first.failed,
            plural(first.failures.n, "pair"),
        )
    if len(tested) > 1:
        said += _counts(tested)
    mark = "Under way" if waits else "Better when it finishes" if fails and v.label == "better" else MARK[v.label]
    return "warn" if first.failed > 0 else "info" if waits else TONE.get(v.label, "info"), mark, said


def _what(view: View, first: PairVerdict) -> Markup:
    """What is said of the candidate that is named first."""
    who, v = candidate(view, first), first.verdict
    if first.under_way and not v.decided:
        return text("Whether {} beats the baseline is not decided yet after {}", who, after_round(view, first))
    if first.failures.candidate and v.differs:
        return text("Against the baseline {} is {}", who, first.label)
    return {
        "better": text("{} beats the baseline", who),
        "worse": text("{} is worse than the baseline", who),
        "equivalent": text("{} is equivalent to the baseline", who),
        "no gain": text("{} gains nothing worth having over the baseline", who),
        "no worse": text("{} is no worse than the baseline by more than the margin", who),
        "dropped": text("{} was behind when the race went on with the better half: dropped, not judged", who),
        "undecided": text("Whether {} beats the baseline is undecided", who),
    }[v.label]


def _counts(tested: Sequence[PairVerdict]) -> Markup:
    """How many candidates have which verdict, each with what must be said in the same breath."""
    ordered = sorted(tested, key=lambda j: ORDER.index(j.verdict.label))
    labels = [j.label for j in ordered]
    counts = [f"{labels.count(label)} {label}" for label in dict.fromkeys(labels)]
    if len(counts) == 1 and labels[0] == "not decided yet":
        return text(" None of {} is decided yet.", plural(len(tested), "candidate"))
    if len(counts) == 1:
        return text(" All {} are {}.", plural(len(tested), "candidate"), labels[0])
    apart = "; " if any(";" in c for c in counts) else ", "
    return text(" Of {}: {}.", plural(len(tested), "candidate"), apart.join(c.replace("; ", ", ") for c in counts))
