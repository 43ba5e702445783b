"""Records and study.json of schema 1, which knew classifiers and their accuracy only, turned into what is used now."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from results.metric import Metric
from results.plain import Unreadable, reason

ACCURACY = Metric("val_accuracy", "max", "%", margin=0.005, test="test_accuracy", select="val_loss:min")
"""What every study of schema 1 was about; AlexNet's metric."""

Share = Annotated[float, Field(ge=0, le=1)]
TEST_IMAGES = 10**9


class _Row(BaseModel):
    epoch: int
    train_loss: float | None
    train_accuracy: Share | None
    val_loss: float | None
    val_accuracy: Share | None
    seconds: float


class _Scores(BaseModel):
    history: list[_Row] = []
    best_epoch: int | None = None
    val_loss: float | None = None
    val_accuracy: Share | None = None
    test_loss: float | None = None
    test_accuracy: Share | None = None
    test_correct: str | None = None
    test_images: Annotated[int, Field(ge=1, le=TEST_IMAGES)] | None = None


VALUES = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")
MOVED = (*VALUES[2:], "test_loss", "test_accuracy", "test_correct", "test_images")


def record(value: dict[str, Any]) -> dict[str, Any]:
    """Return a record of schema 1 as one of schema 2. Raises Unreadable."""
    try:
        old = _Scores.model_validate({k: v for k, v in value.items() if k in _Scores.model_fields}, strict=True)
    except ValidationError as error:
        raise Unreadable(reason(error)) from None
    new = {k: v for k, v in value.items() if k not in MOVED}
    new |= {"schema": 2, "metric": ACCURACY.tag}
    new["history"] = [
        {"epoch": r.epoch, "values": {name: getattr(r, name) for name in VALUES}, "seconds": r.seconds}
        for r in old.history
    ]
    if old.best_epoch is not None or old.val_loss is not None or old.val_accuracy is not None:
        new["val"] = {name: getattr(old, name) for name in ("val_loss", "val_accuracy")}
        best = [r for r in old.history if r.epoch == old.best_epoch]
        new["val"] |= {name: getattr(best[0], name) for name in VALUES[:2]} if best else {}
    if old.test_loss is not None or old.test_accuracy is not None:
        new["test"] = {"test_loss": old.test_loss, "test_accuracy": old.test_accuracy}
    if old.test_correct is not None and old.test_images is not None:
        new["test_examples"] = {"kind": "bits", "n": old.test_images, "data": old.test_correct}
    return new


def meta(value: dict[str, Any]) -> dict[str, Any]:
    """Return a study.json of schema 1 as one of schema 2."""
    new = {**value, "schema": 2, "metric": {**ACCURACY.tag, "margin": ACCURACY.margin}, "prefix": True}
    dataset = value.get("dataset")
    if isinstance(dataset, dict):
        new["dataset"] = {"pictures": True} | {
            {"train_images": "train_examples", "test_images": "test_examples"}.get(k, k): v for k, v in dataset.items()
        }
    return new
