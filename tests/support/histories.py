"""Runs with a history written by hand: (validation loss, accuracy) per epoch."""

from __future__ import annotations

from results.record import HistoryRow, Record
from results.schema1 import ACCURACY
from results.selection import selected
from tests.support import synthetic

MAKER = synthetic.Maker(val=100, test=100)


def row(epoch: int, loss: float | None, accuracy: float) -> HistoryRow:
    values = {"train_loss": 1.0, "train_accuracy": 0.5, "val_loss": loss, "val_accuracy": accuracy}
    return HistoryRow(epoch=epoch, values=values, seconds=1)


def run(pairs: list[tuple[float | None, float]], seed: int = 1, status: str = "complete", **config: object) -> Record:
    history = [row(i, loss, accuracy) for i, (loss, accuracy) in enumerate(pairs, 1)]
    made = MAKER.run(synthetic.BASELINE | config, seed, epochs=0)
    best = selected(history, ACCURACY)
    update = {"history": history, "status": status, "val": best.values if best else {}}
    return made.model_copy(update=update | {"best_epoch": best and best.epoch})
