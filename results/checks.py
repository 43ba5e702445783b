"""What a line of records.jsonl must fulfil to be used: checked once, where it is read.

:func:`checked` looks at one line by itself, :func:`contradiction` lays a record beside its study. Where two fields say
the same thing they must agree. A complete run has all its evidence: a test accuracy beside which the answers or the
confusion matrix have been deleted could be any number, so such a record is not used.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from pydantic import ValidationError

from results import schema1
from results.config import RUN_ID, config_hash, run_id
from results.errors import UserError, shown
from results.meta import StudyMeta
from results.metric import LARGEST
from results.names import is_accuracy, is_name, split_name
from results.outcome import agree
from results.plain import MOST_INT, Unreadable, check_free, parse, reason
from results.record import SCHEMA, Examples, Matrix, Record, Values
from results.selection import selected

LINE_BYTES = 2**26  # 64 MiB: 300 epochs' matrices of 100 classes have 9
EPOCHS = 100_000
EXAMPLES = 10**9
MOST = 2**53  # above it a float, as JSON readers take numbers for, no longer holds every integer
COUNT = 10**9  # trial numbers, epochs
VALUES = 1000  # named values of an epoch or a test
CONFIG_CHARACTERS = 10**6
SAME = 1e-9  # how far a test accuracy may lie from the counts that it was worked out from
MEAN = 1e-5  # and, relatively, a test value from the mean of its examples: they are float32


def checked(line: bytes) -> Record:
    """Return the record of one line. Raises Unreadable with the rule that it breaks and the value that does."""
    if len(line) > LINE_BYTES:
        raise Unreadable(f"it has more than {LINE_BYTES:,} bytes")
    value = parse(line)
    schema = value.get("schema", 1)
    if isinstance(schema, int) and schema > SCHEMA:
        raise Unreadable(f"its schema is {shown(schema)}, made by a newer version; this one knows {SCHEMA}")
    if schema == 1:
        value = schema1.record(value)
    try:
        record = Record.model_validate(value, strict=True)
        record.metric.plain  # noqa: B018 - raises where it is none
    except ValidationError as error:
        raise Unreadable(reason(error)) from None
    except UserError as error:
        raise Unreadable(str(error)) from None
    for rule in RULES:
        for problem in rule(record):
            raise Unreadable(problem)
    return record


def contradiction(record: Record, study: StudyMeta) -> str | None:
    """Say what a record tells otherwise than its study does; None where they agree or it saw other data."""
    dataset = study.dataset
    if record.dataset.fingerprint != dataset.fingerprint:
        return None  # left out of every comparison anyway
    if record.metric.plain.tag != study.metric.plain.tag:
        return f"its metric is {record.metric.plain.name}, selected otherwise or not the study's {study.metric.name}"
    n = record.test_examples.n if record.test_examples else None
    if None not in (n, dataset.test_examples) and n != dataset.test_examples:
        return f"test_examples are {n:,}, but the study's test set has {dataset.test_examples:,}"
    classes = len(dataset.class_names)
    for name, matrix in _matrices(record) if classes else ():
        if len(matrix) != classes:
            return f"{name} is of {len(matrix)} classes, but the study has {classes}"
    if classes and record.status == "complete" and record.metric.plain.is_accuracy and record.metric.test is not None:
        for field in ("test_examples", "test_confusion"):
            if getattr(record, field) is None:
                return f"{field} is missing, but a complete run of this study has one: nothing bears its accuracy out"
    return None


def _identity(r: Record) -> Iterator[str]:
    for name in ("config", "environment", "sweep", "ablation", "model_extra"):
        check_free(getattr(r, name), name)
    if sum(map(len, map(str, r.config.values()))) > CONFIG_CHARACTERS:
        yield f"config has more than {CONFIG_CHARACTERS:,} characters"
    if config_hash(r.config) != r.config_hash:
        yield f"config_hash is {shown(r.config_hash)}, but its config's is '{config_hash(r.config)}'"
    if not 0 <= r.seed <= MOST_INT:
        yield f"seed {r.seed} is not in 0..2^63-1"
    own = run_id(r.config, r.seed)
    rest = r.run_id.removeprefix(own)
    if not RUN_ID.fullmatch(r.run_id) or (rest and not rest.startswith("-")) or rest == "-1":
        yield f"run_id is {shown(r.run_id)}, but its config and seed make it '{own}'"


def _bounds(r: Record) -> Iterator[str]:
    limits: dict[str, tuple[float, float]] = {
        "seconds": (0, MOST),
        "startup_seconds": (0, MOST),
        "parameters": (0, MOST),
        "trial": (0, COUNT),
    }
    yield from _outside(r, limits)
    if r.test_examples is not None and not 1 <= r.test_examples.n <= EXAMPLES:
        yield f"test_examples: n {shown(r.test_examples.n)} is not in 1..{EXAMPLES:,}"
    if len(r.resumed_at) > EPOCHS or not all(0 <= n <= COUNT for n in r.resumed_at):
        yield "resumed_at is no list of epochs"


def _outside(holder: Any, limits: dict[str, tuple[float, float]], where: str = "") -> Iterator[str]:
    for name, (low, high) in limits.items():
        value = getattr(holder, name)
        if value is not None and not low <= value <= high:
            yield f"{where}{name} {shown(value)} is not in {low:,}..{high:,}"


def _values(r: Record) -> Iterator[str]:
    yield from _named(r, r.val, "val: ")
    yield from _named(r, r.test, "test: ")


def _named(r: Record, values: Values, where: str) -> Iterator[str]:
    if len(values) > VALUES:
        yield f"{where}{len(values):,} values; at most {VALUES:,} are read"
        return
    for name, value in values.items():
        if not is_name(name):
            yield f"{where}{shown(name)} is no name of a value"
        share = r.metric.plain.is_fraction(name)
        if share and value is not None and not 0 <= value <= 1:
            yield f"{where}{name} {shown(value)} is not in 0..1"
        if value is not None and abs(value) > LARGEST:
            yield f"{where}{name} {shown(value)} is not in -{LARGEST:g}..{LARGEST:g}"


def _history(r: Record) -> Iterator[str]:
    if len(r.history) > EPOCHS:
        yield f"history has {len(r.history):,} epochs; at most {EPOCHS:,} are read"
    last = 0
    for row in r.history:
        if not last < row.epoch <= COUNT or (last == 0 and row.epoch != 1 and r.status == "complete"):
            yield f"history: epoch {shown(row.epoch)} follows on {last}; epochs count from 1"
        last = row.epoch
        yield from _named(r, row.values, f"history, epoch {last}: ")
        yield from _outside(row, {"seconds": (0, MOST)}, f"history, epoch {last}: ")


def _status(r: Record) -> Iterator[str]:
    scores = ["val", "best_epoch"] if r.status in ("failed", "diverged") else []
    tested = ["test", "test_confusion", "test_examples"] if r.status != "complete" else []
    for name in scores + tested:
        if getattr(r, name) not in (None, {}):
            yield f"{name} is {shown(getattr(r, name))}, but a {r.status} run has none"


def _best(r: Record) -> Iterator[str]:
    if r.best_epoch is None:
        if r.val:
            yield f"val is {shown(r.val)}, but best_epoch is missing"
        return
    row = selected(r.history, r.metric.plain)
    if row is None or row.epoch != r.best_epoch:
        found = f"epoch {row.epoch} of the history" if row else "no epoch of the history"
        rule = r.metric.select or f"{r.metric.name}:{r.metric.goal}"
        yield f"best_epoch is {shown(r.best_epoch)}, but {found} is selected by {rule}"
        return
    for name in {**r.val, **row.values}:
        mine, its = r.val.get(name), row.values.get(name)
        if mine != its:
            yield f"{name} is {shown(mine)}, but epoch {r.best_epoch} of the history has {shown(its)}"


def _matrices(r: Record) -> list[tuple[str, Matrix]]:
    found = [(f"val_confusion of epoch {epoch}", matrix) for epoch, matrix in r.val_confusion.items()]
    return found + ([("test_confusion", r.test_confusion)] if r.test_confusion is not None else [])


def _accuracy(values: Values, split: str) -> float | None:
    """The accuracy among values, which a matrix beside them must bear out."""
    return next((v for name, v in values.items() if is_accuracy(name) and split_name(name)[0] == split), None)


def _confusion(r: Record) -> Iterator[str]:
    rows = {str(row.epoch): row for row in r.history}
    finite = {e: row for e, row in rows.items() if None not in row.values.values()}
    accuracies = {f"val_confusion of epoch {e}": _accuracy(row.values, "validation") for e, row in finite.items()}
    n = r.test_examples.n if r.test_examples else None
    for epoch in r.val_confusion:
        if epoch not in rows:
            yield f"val_confusion has epoch {shown(epoch)}, which the history has not"
    for name, matrix in _matrices(r):
        if any(len(row) != len(matrix) for row in matrix) or not matrix:
            yield f"{name[:40]} is not square"
            return
        if min(map(min, matrix)) < 0 or max(map(max, matrix)) > MOST:
            yield f"{name} holds a count that is not in 0..2^53"
            return
        if r.class_names is not None and len(r.class_names) != len(matrix):
            yield f"{name[:40]} is of {len(matrix)} classes, but {len(r.class_names)} are named"
        total, right = sum(map(sum, matrix)), sum(row[i] for i, row in enumerate(matrix))
        test = name == "test_confusion"
        if test and n not in (None, total):
            yield f"test_confusion counts {total:,} examples, but test_examples are {n:,}"
        said = _accuracy(r.test, "test") if test else accuracies.get(name)
        if said is None:
            continue
        if not total or not (abs(right / total - said) <= SAME if test else agree(right / total, said, total)):
            yield f"{name} has {right:,} of {total:,} right, but the accuracy is {shown(said)}"


def _examples(r: Record) -> Iterator[str]:
    if r.test_examples is None:
        return
    value = r.test.get(r.metric.test or "")
    if value is None:
        yield "test_examples are there, but no test value that they could bear out"
        return
    try:
        packed = base64.b64decode(r.test_examples.data, validate=True)
    except (binascii.Error, ValueError):
        yield "test_examples: data is no base64"
        return
    n, bits = r.test_examples.n, r.test_examples.kind == "bits"
    if len(packed) != (-(-n // 8) if bits else 4 * n):
        each = "a bit" if bits else "four bytes"
        yield f"test_examples: {len(packed):,} bytes are not {each} for each of {n:,} examples"
        return
    array = Examples.array(r.test_examples)
    if not bits and not np.isfinite(array).all():
        yield "test_examples: a number is not finite"
        return
    mean = int(array.sum()) / n if bits else float(array.mean(dtype=np.float64))
    if abs(mean - value) > (SAME if bits else MEAN * max(1e-30, float(np.abs(array).max()))):
        of = f" ({int(array.sum()):,} of {n:,})" if bits else ""
        yield f"{r.metric.test} is {shown(value)}, but its examples say {mean:.6g}{of}"


def _evidence(r: Record) -> Iterator[str]:
    if r.status != "complete":
        return
    if not r.history or r.best_epoch is None:
        yield f"{'history' if not r.history else 'best_epoch'} is missing, but a complete run has one"
    elif r.score is None or not math.isfinite(r.score):
        yield f"{r.metric.name} is missing, but a complete run has one"
    elif r.metric.test is not None and r.test_score is None:
        yield f"{r.metric.test} is missing, but a complete run has one"


RULES: list[Callable[[Record], Iterator[str]]] = [
    _identity,
    _bounds,
    _history,
    _values,
    _status,
    _best,
    _examples,
    _confusion,
    _evidence,
]
"""Each yields what is wrong; the first thing said is the reason."""
