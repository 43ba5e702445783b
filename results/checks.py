"""What a line of records.jsonl must fulfil to be used: checked once, where it is read.

:func:`checked` looks at one line by itself, :func:`contradiction` lays a record beside its study. Where two fields say
the same thing they must agree. A complete run has all its evidence: a test accuracy beside which the answers or the
confusion matrix have been deleted could be any number, so such a record is not used.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from pydantic import ValidationError

from results.config import RUN_ID, config_hash, run_id
from results.errors import shown
from results.meta import DatasetInfo
from results.outcome import agree, selected
from results.plain import MOST_INT, Unreadable, check_free, parse, reason
from results.record import SCHEMA, Matrix, Record

LINE_BYTES = 2**26  # 64 MiB: 300 epochs' matrices of 100 classes have 9
EPOCHS = 100_000
TEST_IMAGES = 10**9
MOST = 2**53  # above it a float, as JSON readers take numbers for, no longer holds every integer
COUNT = 10**9  # trial numbers, epochs
CONFIG_CHARACTERS = 10**6
# What the toolkit writes of every complete run; not test_loss, which is null where one sure mistake made it infinite.
EVIDENCE = (
    *("history", "best_epoch", "val_loss", "val_accuracy"),
    *("test_accuracy", "test_images", "test_correct", "test_confusion"),
)
SAME = 1e-9  # how far the test accuracy may lie from the counts that it was worked out from


def checked(line: bytes) -> Record:
    """Return the record of one line. Raises Unreadable with the rule that it breaks and the value that does."""
    if len(line) > LINE_BYTES:
        raise Unreadable(f"it has more than {LINE_BYTES:,} bytes")
    value = parse(line)
    schema = value.get("schema", SCHEMA)
    if isinstance(schema, int) and schema > SCHEMA:
        raise Unreadable(f"its schema is {shown(schema)}, made by a newer version; this one knows {SCHEMA}")
    try:
        record = Record.model_validate(value, strict=True)
    except ValidationError as error:
        raise Unreadable(reason(error)) from None
    for rule in RULES:
        for problem in rule(record):
            raise Unreadable(problem)
    return record


def contradiction(record: Record, dataset: DatasetInfo) -> str | None:
    """Say what a record tells otherwise than its study does; None where they agree or it saw other images."""
    if record.dataset.fingerprint != dataset.fingerprint:
        return None  # left out of every comparison anyway
    if record.test_images not in (None, dataset.test_images):
        return f"test_images is {record.test_images:,}, but the study's test set has {dataset.test_images:,}"
    classes = len(dataset.class_names)
    for name, matrix in _matrices(record):
        if len(matrix) != classes:
            return f"{name} is of {len(matrix)} classes, but the study has {classes}"
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
        "val_accuracy": (0, 1),
        "test_accuracy": (0, 1),
        "seconds": (0, MOST),
        "startup_seconds": (0, MOST),
        "parameters": (0, MOST),
        "trial": (0, COUNT),
        "test_images": (1, TEST_IMAGES),
    }
    yield from _outside(r, limits)
    if len(r.resumed_at) > EPOCHS or not all(0 <= n <= COUNT for n in r.resumed_at):
        yield "resumed_at is no list of epochs"


def _outside(holder: Any, limits: dict[str, tuple[float, float]], where: str = "") -> Iterator[str]:
    for name, (low, high) in limits.items():
        value = getattr(holder, name)
        if value is not None and not low <= value <= high:
            yield f"{where}{name} {shown(value)} is not in {low:,}..{high:,}"


def _history(r: Record) -> Iterator[str]:
    if len(r.history) > EPOCHS:
        yield f"history has {len(r.history):,} epochs; at most {EPOCHS:,} are read"
    last = 0
    for row in r.history:
        if not last < row.epoch <= COUNT or (last == 0 and row.epoch != 1 and r.status == "complete"):
            yield f"history: epoch {shown(row.epoch)} follows on {last}; epochs count from 1"
        last = row.epoch
        limits: dict[str, tuple[float, float]] = {"train_accuracy": (0, 1), "val_accuracy": (0, 1)}
        yield from _outside(row, limits | {"seconds": (0, MOST)}, f"history, epoch {last}: ")


def _status(r: Record) -> Iterator[str]:
    scores = ["val_loss", "val_accuracy", "best_epoch"] if r.status in ("failed", "diverged") else []
    tested = ["test_loss", "test_accuracy", "test_confusion", "test_correct"] if r.status != "complete" else []
    for name in scores + tested:
        if getattr(r, name) is not None:
            yield f"{name} is {shown(getattr(r, name))}, but a {r.status} run has none"


def _best(r: Record) -> Iterator[str]:
    if r.best_epoch is None:
        return
    row = selected(r.history)
    if row is None or row.epoch != r.best_epoch:
        lowest = f"epoch {row.epoch} of the history" if row else "no epoch of the history"
        yield f"best_epoch is {shown(r.best_epoch)}, but {lowest} has the lowest validation loss"
        return
    for name in ("val_loss", "val_accuracy"):
        mine, its = getattr(r, name), getattr(row, name)
        if mine != its:
            yield f"{name} is {shown(mine)}, but epoch {r.best_epoch} of the history has {shown(its)}"


def _matrices(r: Record) -> list[tuple[str, Matrix]]:
    found = [(f"val_confusion of epoch {epoch}", matrix) for epoch, matrix in r.val_confusion.items()]
    return found + ([("test_confusion", r.test_confusion)] if r.test_confusion is not None else [])


def _confusion(r: Record) -> Iterator[str]:
    rows = {str(row.epoch): row for row in r.history}
    finite = {e: row for e, row in rows.items() if row.val_loss is not None and row.train_loss is not None}
    accuracies = {f"val_confusion of epoch {epoch}": row.val_accuracy for epoch, row in finite.items()}
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
        total, right = sum(map(sum, matrix)), sum(row[i] for i, row in enumerate(matrix))
        if name == "test_confusion" and r.test_images not in (None, total):
            yield f"test_confusion counts {total:,} images, but test_images is {r.test_images:,}"
        test = name == "test_confusion"
        said = r.test_accuracy if test else accuracies.get(name)
        if said is None:
            continue
        if not total or not (abs(right / total - said) <= SAME if test else agree(right / total, said, total)):
            yield f"{name} has {right:,} of {total:,} right, but the accuracy is {shown(said)}"


def _bits(r: Record) -> Iterator[str]:
    if r.test_correct is None or r.test_images is None:
        return
    try:
        packed = np.frombuffer(base64.b64decode(r.test_correct, validate=True), np.uint8)
    except (binascii.Error, ValueError):
        yield "test_correct is no base64"
        return
    if len(packed) != -(-r.test_images // 8):
        yield f"test_correct has {len(packed):,} bytes, which is not a bit for each of {r.test_images:,} images"
        return
    right = int(np.unpackbits(packed, count=r.test_images).sum())
    if r.test_accuracy is not None and abs(right / r.test_images - r.test_accuracy) > SAME:
        share = right / r.test_images
        yield f"test_accuracy is {r.test_accuracy}, but its bits say {share:.6g} ({right:,} of {r.test_images:,})"


def _evidence(r: Record) -> Iterator[str]:
    for name in EVIDENCE if r.status == "complete" else ():
        if getattr(r, name) in (None, []):
            yield f"{name} is missing, but a complete run has one: nothing bears its scores out"


RULES: list[Callable[[Record], Iterator[str]]] = [
    _identity,
    _bounds,
    _history,
    _status,
    _best,
    _bits,
    _confusion,
    _evidence,
]
"""Each yields what is wrong; the first thing said is the reason."""
