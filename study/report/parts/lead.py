"""The one sentence that says the most that the records support, for the head of the page."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from results.analysis.evidence import Trial
from results.analysis.paired import MIN_SEEDS, claimed
from results.analysis.verdicts import PairVerdict
from results.record import Record
from study.planning.step import commonest_error
from study.report.parts.leaderboard import status_counts
from study.report.parts.verdicts import after_round, candidate
from study.report.text import NBSP, capital, code, joined, plural, strong, text
from study.report.view import View, trial_link

ORDER = ("better", "undecided", "no worse", "equivalent", "no gain", "worse", "dropped")
TONE = {"better": "good", "worse": "bad", "undecided": "warn", "dropped": "warn"}
CONFIRMED = "confirmed on fresh seeds"


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
            v.interval.replace(" %", f"{NBSP}%"),
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
    label = f"{v.label} when it finishes" if fails and v.differs else v.label
    mark = "Under way" if waits else f"{capital(label)}, {CONFIRMED}" if v.decided and not fails else capital(label)
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


# -- before there is a verdict -----------------------------------------------------------------------------------------


def said_before_verdicts(view: View) -> tuple[str, str, Markup]:
    """The same of a study without verdicts: a baseline, single runs beside it, or runs that failed."""
    run = view.reference
    if not view.records:
        return "info", "Empty", text("Nothing has been run in this study yet.")
    if run is None:
        return _no_baseline(view)
    if not view.trials:
        n, floor = len(view.baselines), view.final_floor
        said = text(
            "The baseline reaches {} {}{}. Nothing has been compared with it yet.",
            strong(view.score(floor.mean if floor else run.final)),
            view.metric.what(),
            text(", the mean of {}", plural(floor.n, "seed")) if floor else text(" with one seed") if n == 1 else "",
        )
        return "info", "Baseline only", said
    return _exploratory(view, view.best)


def _no_baseline(view: View) -> tuple[str, str, Markup]:
    """Nothing to compare with: no run of the baseline, or none that ended with a score."""
    own = [r for r in view.records if view.is_baseline(r)]
    if own or not view.trials:
        said = text("No run of {} ended with a score.", "the baseline" if own else "this study")
        return "bad", "No result", said + failing(view, own or view.records)
    tried = plural(len(view.trials), "trial was run", "trials were run")
    return "warn", "No baseline", text("{}, but no complete run of the baseline to compare them with.", tried)


def failing(view: View, records: Sequence[Record]) -> Markup:
    """The most frequent reason of runs without a score, and where more is written; empty where none failed."""
    lost = [r for r in records if r.status in ("failed", "diverged")]
    if not lost:
        return Markup("")
    reason, count = commonest_error(lost)
    said = text(" The most frequent reason, {} of {}: {}.", count, len(lost), code(reason, 200))
    log = text(" More is in {} in the study's folder.", code("study.log"))
    return said + (log if view.study.files.exists("study.log") else "")


def _exploratory(view: View, best: Trial | None) -> tuple[str, str, Markup]:
    """What single runs show beside the baseline."""
    if best is None:
        counts = joined(status_counts(view))
        said = text("None of {} ended with a full score: {}.", plural(len(view.trials), "trial"), counts)
        return "bad", "No result", said + failing(view, [t.record for t in view.trials])
    gain = best.compared.as_configured
    if gain is None or gain <= 0:
        said = text(
            "None of {} scored {} the baseline on validation; the best, {}, is at {}.",
            plural(len(view.ranked), "complete trial"),
            view.above,
            trial_link(best),
            view.amount(gain),
        )
        return "info", "Exploratory", said + _ahead_at_equal(view)
    said = text(
        "The best of {}, {}, scored {} {} the baseline on validation",
        plural(len(view.ranked), "complete trial"),
        trial_link(best),
        view.amount(gain, bold=True),
        view.above,
    )
    if view.luck is None:
        return "warn", "Exploratory", said + text(", and how much of that is luck is unknown: {}.", _unmeasured(view))
    said += text(
        "; against the mean of its {} seeds that is {}, and {}{}. It is not confirmed: one run, picked after looking.",
        view.luck.seeds,
        view.gain(view.luck.lead),
        view.luck.words,
        view.pruned_count,
    )
    return "warn", "Exploratory", said


def _unmeasured(view: View) -> str:
    """Why nobody knows how large luck is."""
    floor = view.validation_floor
    return "the baseline was run with one seed only" if floor is None else f"its {floor.n} seeds gave the same score"


def _ahead_at_equal(view: View) -> Markup:
    """What shorter trainings would have shown against as short a baseline; empty where nothing."""
    ahead = [t for t in view.ranked if (t.compared.at_equal or 0) > 0]
    if not ahead or not view.equal:
        return Markup("")
    top = max(ahead, key=lambda t: t.compared.at_equal or 0)
    return text(
        " Within equal epochs {} {} it, {} by {}.",
        plural(len(ahead), "lies", "lie"),
        view.above,
        trial_link(top),
        view.gain(top.compared.at_equal),
    )
