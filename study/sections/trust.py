"""Chapter: what was compared, and can I trust it?"""

from __future__ import annotations

from study.sections.blocks import Facts, Section
from study.sections.text import code, name, number, value
from study.sections.view import View

NAME, QUESTION, SHORT = (
    "protocol",
    "What was compared, and can I trust it?",
    "Protocol and trust",
)


def protocol(view: View) -> Section | None:
    """The dataset, the trainable and the baseline's settings."""
    meta = view.meta
    data = meta.dataset
    share = meta.baseline.get("validation_fraction")
    split = (
        f", of which {round(100 * share)} % for validation"
        if isinstance(share, float)
        else ""
    )
    facts = [
        ("Dataset", name(data.name)),
        (
            "Images",
            f"{data.train_images:,} for training{split}; {data.test_images:,} for the test",
        ),
        ("Classes", number(len(data.class_names))),
        ("Trainable", code(meta.trainable)),
        ("Device", f"{meta.device}, {meta.precision}"),
        (
            "Score",
            "accuracy on the validation images at the epoch of lowest validation loss",
        ),
    ]
    return Section("protocol-facts", "Protocol", [Facts([*facts])])


def settings(view: View) -> Section | None:
    """The baseline's config, field by field."""
    items = [
        (code(field, 60), code(value(v))) for field, v in view.meta.baseline.items()
    ]
    return (
        Section("baseline-config", "The baseline's settings", [Facts(items)])
        if items
        else None
    )


SECTIONS = [protocol, settings]
