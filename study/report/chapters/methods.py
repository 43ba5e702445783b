"""The chapter that asks: how do I read, reproduce and cite it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from results.analysis.luck import RARE
from results.values import chosen_by, value_name
from study.report.blocks import Block, Code, Facts, Section, Text
from study.report.cells import Column, Table
from study.report.parts.protocol import plans, protocol
from study.report.tables.methods import methods as methods_paragraph
from study.report.text import clean, code, joined, number, plural, text, words
from study.report.view import View

NAME, QUESTION, SHORT = "reproduce", "How do I read, reproduce and cite it?", "Methods"


def terms(view: View) -> Iterator[tuple[str, str]]:
    """Give each term that this page uses with what it means, in two sentences."""
    metric, higher = view.metric, view.metric.better == "higher"
    what = metric.what("validation")
    name, rule = metric.selects
    chosen = f"whose {value_name(metric, name)} is {'lowest' if rule == 'min' else 'highest'}"
    at = f" at the epoch {chosen}" if chosen_by(metric) else " at its last epoch"
    yield (
        "Score",
        f"A run's {what}{at if view.has_epochs else ''}. The same rule for every run"
        + (", so no run is scored at an epoch picked to flatter it." if view.has_epochs else "."),
    )
    yield (
        "Exploratory",
        "Seen in single runs that were picked after looking. The best of many runs is partly chosen for its luck, so "
        "its lead shrinks when it is run again; only runs on fresh seeds confirm it.",
    )
    apart = f"the stated number of {metric.difference_unit}" if metric.difference_unit else "what is stated"
    yield (
        "Noise floor",
        "How far runs of the very same baseline differ when only the seed changes. Two single runs closer than "
        f"{apart} cannot be told apart.",
    )
    yield (
        "Forest plot",
        "One row per trial, its difference to the baseline as a dot, best on top. What lies within the grey "
        "band is what "
        f"the unchanged baseline does by itself; the dashed line is what luck alone reaches in 1 of {RARE} sweeps of "
        f"as many unchanged configs.{'' if higher else ' ' + view.least.strip()}",
    )
    counted = ", pruned ones included," if view.has_epochs else ""
    yield (
        "Chance of luck",
        f"How often the best of as many unchanged configs as there were trials{counted} would lie as far from the "
        "baseline's mean as the best trial does (Dunnett's test against a control); that mean and deviation are known "
        "from few seeds is in it. The noise is taken for normal: where runs are now and then far better than usual, "
        "luck is more frequent.",
    )
    if view.equal:
        why = (
            "With a constant learning rate a shorter training is the beginning of a longer one, so this takes the "
            "larger budget out of the comparison."
            if view.meta.prefix
            else "Only runs that were to train for equally many epochs are compared so: here a shorter training is not "
            "the beginning of a longer one."
        )
        yield (
            "At equal epochs",
            f"Both runs are cut to the shorter of the two histories before they are compared. {why}",
        )
    if view.classification:
        yield (
            "Confusion matrix",
            "Rows are the true class, columns what the model said; the diagonal is right. In a signed difference "
            f"purple is better, orange worse: more {view.members} on the diagonal are better, more off it are worse.",
        )
        yield (
            "Recall and its interval",
            f"The share of a class's test {view.members} that are found. Wilson's interval says how far that share "
            f"could move with other {view.members} of the same kind, not with another seed.",
        )
    yield (
        "Plots of hyperparameters and importance",
        "A plot shows all trials over one hyperparameter while the others vary too, so a slope need not be its doing. "
        "Importance (PED-ANOVA) says how much a hyperparameter sets the better trials apart; it proves no cause.",
    )
    yield (
        "Cost frontier",
        f"Runs that no other run beats in both training time and {what}. To the right of the line one pays "
        "more for nothing.",
    )
    yield (
        "Expected best",
        "What the best of k random trials of this space would score on average, from the scores that were "
        "seen. It shows "
        "whether more trials would have been worth it.",
    )
    if view.classification:
        yield (
            "t-SNE and principal components",
            "Two ways to lay the model's features in a plane. In the first only nearness means anything; in the "
            "second distances do too, but only a part of the variation is seen.",
        )


SOURCES: list[tuple[str, str]] = [
    (
        "Bouthillier et al. 2021, Accounting for variance in machine learning benchmarks",
        "https://arxiv.org/abs/2103.03098",
    ),
    (
        "Dunnett 1955, A multiple comparison procedure for comparing several treatments with a control",
        "https://doi.org/10.1080/01621459.1955.10501294",
    ),
    ("Dodge et al. 2019, Show your work", "https://arxiv.org/abs/1909.03004"),
    (
        "Jordan 2023, Calibrated chaos: variance between runs of neural network training",
        "https://arxiv.org/abs/2304.01910",
    ),
    ("Watanabe et al. 2023, PED-ANOVA", "https://arxiv.org/abs/2304.10255"),
]
OF_CLASSES: list[tuple[str, str]] = [
    ("Wilson 1927, Probable inference", "https://doi.org/10.1080/01621459.1927.10502953"),
]


def methods(view: View) -> Section | None:
    """Each plot in two sentences."""
    shown = [(text("<strong>{}</strong>", term), text("{}", meaning)) for term, meaning in terms(view)]
    items = [text("{}. {}", term, Markup(meaning)) for term, meaning in shown]
    sources = SOURCES + OF_CLASSES if view.classification else SOURCES
    links = [Markup('<a href="{}" rel="noreferrer">{}</a>').format(address, title) for title, address in sources]
    return Section(
        "methods", "How each picture is read", [Text(items), Text([text("Sources: {}.", joined(list(links)))])]
    )


def done(view: View) -> Section | None:
    """A methods paragraph for a paper, of what was actually done."""
    if not view.records or view.unknown_plans:
        return None
    return Section("done", "What was done, for a paper", [Text([words(methods_paragraph(view))])])


def provenance(view: View) -> Section | None:
    """Versions, device, dataset fingerprint, commands."""
    meta = view.meta
    found: dict[str, list[str]] = {}
    for source in [r.environment for r in view.records] + [c.environment for c in meta.commands]:
        for key, item in source.items():
            if isinstance(item, str | int | float) and not isinstance(item, bool):
                seen = found.setdefault(clean(key, 40), [])
                shown = clean(item, 120)
                if shown not in seen:
                    seen.append(shown)
    facts: list[tuple[Any, Any]] = [
        ("Study", text("{}", clean(meta.name, 80))),
        ("Dataset fingerprint", code(meta.dataset.fingerprint, 80)),
        ("Schema of the records, as read", joined(sorted({str(r.schema_version) for r in view.records}) or ["–"])),
        ("Runs", f"{len(view.everything):,}"),
        ("Devices", joined(sorted({clean(r.device, 60) for r in view.records if r.device}) or ["–"])),
    ]
    facts += [(code(k, 40), joined(sorted(v)[:6])) for k, v in sorted(found.items())]
    resumed = sum(bool(r.resumed_at) for r in view.records)
    if resumed:
        facts.append(("Resumed runs", number(resumed)))
    blocks: list[Block] = [Facts(facts)]
    if meta.commands:
        columns = [
            Column("Started (UTC)", show=lambda c: clean(c.started, 30)),
            Column("Command", show=lambda c: code(c.command)),
        ]
        caption = text("Commands run on this study, {}", plural(len(meta.commands), "in all", "in all"))
        blocks.append(Table.of(caption, meta.commands[-50:], columns))
    return Section("provenance", "Provenance", blocks)


def cite(view: View) -> Section | None:
    """A paragraph and a BibTeX entry."""
    meta = view.meta
    run = view.reference
    if run is None:
        return None
    years = sorted({r.started[:4] for r in view.records if r.started and r.started[:4].isdigit()})
    key = "".join(c for c in meta.name if c.isascii() and c.isalnum())[:40] or "study"
    entry = "\n".join(
        [
            f"@misc{{{key},",
            f"  title = {{{_braces(meta.name)}: {_braces(meta.trainable)} on {_braces(meta.dataset.name)}}},",
            f"  note = "
            f"{{{len(view.everything)} recorded runs, dataset fingerprint {_braces(meta.dataset.fingerprint)[:16]}}},",
            *([f"  year = {{{years[-1]}}},"] if years else []),
            "}",
        ]
    )
    return Section("cite", "To cite", [Code(entry, "BibTeX entry")])


def _braces(words: str) -> str:
    return clean(words, 80).translate(str.maketrans("", "", "{}\\%"))


FOLDED = True
SECTIONS = [protocol, plans, methods, done, provenance, cite]
