"""Tables of verdicts for a paper, confirm's and the ablation's, and a methods paragraph of what was actually done.

Pure text from records.
"""

from __future__ import annotations

from results.analysis.ablation import Ablated, Row, VerdictTable
from results.analysis.ablation_plan import ROLES
from results.analysis.evidence import Evidence
from results.analysis.looks import Family, Look
from results.analysis.paired import CLAIMS, MIN_SEEDS
from results.formatting import duration, p_number, plural, points, setting
from results.store import StudyMeta

HEAD = (
    "comparison",
    "change",
    "effect (points)",
    "95 % interval",
    "n",
    "adjusted p",
    "verdict",
    "parameters",
    "time per run",
)


def change_text(row: Row) -> str:
    """Write what a change does to each field: 'learning_rate 0.001 -> 0.0003'."""
    return ", ".join(f"{k} {setting(row.before[k])} -> {setting(v)}" for k, v in row.after.items()) or row.name


def cells(found: VerdictTable) -> list[tuple[str, ...]]:
    """Return the table's body as plain text, one tuple per comparison, columns as HEAD.

    Parameters and time are of the config named by the comparison: without the change where it is left out.
    """
    out: list[tuple[str, ...]] = []
    for row in found.rows:
        v = row.judged.verdict
        enough = v.n >= MIN_SEEDS
        p = v.p_equivalent_adjusted if v.label == "equivalent" else v.p_adjusted
        out.append(
            (
                row.role,
                f"{row.name}: {change_text(row)}" if row.role in ("named", "confirm") else change_text(row),
                points(v.estimate) if v.n else "-",
                f"{points(v.low)} to {points(v.high)}" if enough else "-",
                str(v.n),
                p_number(p, found.look.alpha) if enough else "-",
                f"{v.label} (by confirm)" if row.by_confirm else v.label,
                f"{row.parameters:,}" if row.parameters else "-",
                duration(row.seconds),
            )
        )
    return out


def caption(found: VerdictTable, meta: StudyMeta) -> str:
    """Say what the table shows and how to read it."""
    epochs = f", {found.epochs} epochs" if found.epochs else ""
    roles = list(dict.fromkeys(r.role for r in found.rows))
    reading = "; ".join(f"{r}: {ROLES[r]}" for r in roles)
    many = plural(len(found.look.pairs), "comparison")
    asked = {(r.judged.latest.claim, r.judged.latest.margin) for r in found.rows if r.by_confirm}
    confirm = " (by confirm: over confirm's own comparisons)" if asked else ""
    other = "".join(
        f" 'by confirm' is about {CLAIMS[claim]}, equivalence within {points(margin, signed=False)} points."
        for claim, margin in asked - {(found.look.claim, found.look.margin)}
    )
    own = " of the config with the change where it is added, without it where it is left out"
    if found.look.family == "confirm":
        own = " of the candidate"
    what = "Confirmation" if found.look.family == "confirm" else "Ablation"
    return (
        f"{what} on {meta.dataset.name}{epochs}. Effect: mean paired difference of test accuracy over seeds, "
        f"with the change minus without ({reading}); the claim is {CLAIMS[found.look.claim]}. Intervals are 95 % each. "
        f"p is adjusted for {many} and {plural(found.look.number, 'look')}{confirm}, to be compared with "
        f"{found.look.alpha:g}; for 'equivalent' it is that of equivalence within "
        f"{points(found.look.margin, signed=False)} points.{other} Parameters and time per run:{own}."
    )


def markdown(found: VerdictTable) -> str:
    """Write the table in Markdown."""
    safe = [tuple(c.replace("|", "\\|").replace("\n", " ") for c in line) for line in cells(found)]
    rows = [HEAD, tuple("---" for _ in HEAD), *safe]
    return "\n".join(f"| {' | '.join(line)} |" for line in rows) + "\n"


_TEX = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def tex(text: str) -> str:
    """Escape text for LaTeX; arrows become arrows and a minus before a digit a minus."""
    import re

    escaped = "".join(_TEX.get(c, c) for c in " ".join(text.split()).replace("->", "\0"))
    return re.sub(r"(?<![\w.])-(?=\d)", "$-$", escaped.replace("\0", r"$\rightarrow$"))


def latex(found: VerdictTable, meta: StudyMeta) -> str:
    """Write the table in LaTeX (booktabs)."""
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{tex(caption(found, meta))}}}",
        "\\begin{tabular}{llrrrrlrr}",
        "\\toprule",
        " & ".join(map(tex, HEAD)) + " \\\\",
        "\\midrule",
        *(" & ".join(map(tex, line)) + " \\\\" for line in cells(found)),
        "\\bottomrule",
        "\\end{tabular}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def path_sentence(found: Ablated) -> str:
    """Describe path and interaction in words; empty where neither was made."""
    text = ""
    if found.path:
        steps = " -> ".join(
            f"{s.name or 'baseline'} {100 * s.val:.2f} %" if s.val is not None else str(s.name) for s in found.path
        )
        text = f"Greedy path on validation (n = {found.path[0].n} per step, descriptive): {steps}."
    if found.interaction:
        i = found.interaction
        text += (
            f" Interaction of {i.names[0]} and {i.names[1]} (chosen on validation, descriptive): together "
            f"{points(i.estimate)} points beyond the sum of each alone (95 % interval {points(i.low)} to "
            f"{points(i.high)}, n = {i.n})."
        )
    return text.strip()


def methods(evidence: Evidence) -> str:
    """Write a methods paragraph of what was done: only sentences that the records bear out."""
    meta = evidence.meta
    seeds = sorted(s for h, s in evidence.runs if h == evidence.baseline_hash)
    trials = [r for r in evidence.records if r.kind == "sweep" or r.trial is not None]
    said = [
        f"All models were trained on {meta.dataset.name} ({meta.dataset.train_images:,} training and "
        f"{meta.dataset.test_images:,} test images); "
        "each run was scored once on the test set, with the weights of the epoch of lowest validation loss."
    ]
    if seeds:
        said.append(f"The baseline was trained with {len(seeds)} seed{'s' if len(seeds) > 1 else ''}.")
    floor = evidence.test_floor
    if floor:
        said.append(
            f"Its test accuracy was {100 * floor.mean:.2f} % on average with a standard deviation of "
            f"{points(floor.sd, signed=False)} points over {floor.n} seeds."
        )
    if trials and meta.sweep:
        done = sum(r.status == "complete" for r in trials)
        said.append(
            f"A search of {plural(len(trials), 'trial')} ({meta.sweep.get('sampler', 'unknown')} sampler, scheduler "
            f"{meta.sweep.get('scheduler', 'unknown')}; {done} trained to their end) chose candidates by validation "
            "accuracy alone."
        )
    confirms, ablations = evidence.looks("confirm"), evidence.looks("ablation")
    fresh = "retrained on seeds that the search had not used"
    if confirms:
        said.append(_family("Candidates", evidence, "confirm", f"and the baseline were {fresh}"))
    if ablations:
        pins = ablations[-1].details.get("pins") or {}
        fixed = f" (all with {', '.join(f'{k} = {v}' for k, v in pins.items())})" if pins else ""
        said.append(_family("Ablated configs", evidence, "ablation", f"were {fresh}{fixed}"))
    told = {_tests(looks[-1]): looks[-1] for looks in (confirms, ablations) if looks}
    if told:
        said.append("Differences are means of paired per-seed differences in test accuracy with 95 % t intervals.")
    for text, look in told.items():
        which = "" if len(told) == 1 else "For the candidates, " if look.family == "confirm" else "For the ablation, "
        said.append(f"{which}{text}" if which else text[0].upper() + text[1:])
    return " ".join(said)


def _tests(look: Look) -> str:
    images = (
        "; standard errors hold the test images' sampling variance too (crossed random effects of seeds and images)"
        if look.claim == "population"
        else ""
    )
    return (
        "verdicts use two-sided paired t-tests, and two one-sided tests for equivalence within "
        f"{points(look.margin, signed=False)} points, adjusted by Holm's method over all comparisons of the family "
        f"and by alpha spending over its looks (family-wise error {look.alpha:g} each for differences and "
        f"equivalences); they are about {CLAIMS[look.claim]}{images}."
    )


def _family(what: str, evidence: Evidence, family: Family, did: str) -> str:
    judged = evidence.verdicts(family)
    if not judged:
        return f"{what} {did}."
    n = sorted({j.latest.n for j in judged})
    seeds = f"{n[0]}" if len(n) == 1 else f"{n[0]} to {n[-1]}"
    lost = sum(j.failed for j in judged)
    left_out = f"; {lost} of {sum(len(set(j.pair.seeds)) for j in judged)} pairs left out, a run came to no score"
    stands = (
        "; a verdict reached at an earlier look stands" if any(j.verdict.look != j.latest.look for j in judged) else ""
    )
    looks = plural(len(evidence.looks(family)), "look")
    return (
        f"{what} {did} ({seeds} paired seeds; {plural(len(judged), 'comparison')}, {looks}"
        f"{left_out if lost else ''}{stands})."
    )
