"""Does a module keep the trainable protocol? ``python -m study.contract my_model.py --dataset NAME`` says.

Each rule is one the toolkit leans on: a resumed run must equal an uninterrupted one, a seed must name all randomness,
data may come read-only from shared memory, a state must be writable without pickle. docs/trainable.md explains them.
"""

from __future__ import annotations

import argparse
import pickle
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from results.errors import UserError
from results.outcome import Epoch, Outcome, Predictions, Runtime, State, best_epoch, is_plain
from study.protocol import fit, load_trainable


class Broken(AssertionError):
    """A rule of the protocol that a trainable does not keep, in one line."""


def check_trainable(
    trainable: ModuleType,
    dataset: str,
    data_dir: Path,
    settings: Mapping[str, Any] | None = None,
    seeds: tuple[int, int] = (3, 4),
    runtime: Runtime | None = None,
    say: Callable[[str], None] = lambda rule: None,
) -> None:
    """Train eight times and compare. ``say`` hears each rule that is kept.

    ``settings`` are config fields that make a run short but of at least three epochs, e.g. ``{"epochs": 3}``.

    Raises:
        Broken: a rule is not kept.
    """
    config = trainable.Config(**(settings or {}))
    dumped = config.model_dump(mode="json")
    _rule(trainable.Config(**dumped) == config, "Config: a config is rebuilt from its JSON")
    _rule(getattr(trainable.Config, "model_config", {}).get("extra") == "forbid", "Config: unknown fields are refused")
    say("Config: refuses unknown fields, and is rebuilt from its JSON")

    data = trainable.load_data(dataset, data_dir)
    _check_data(data, trainable.load_data(dataset, data_dir))
    _freeze(data)
    say("load_data: has all parts, and the same fingerprint twice; fit gets it read-only")

    def run(
        seed: int, state: State | None = None, stop_after: int = 0, given: Any = data
    ) -> tuple[Outcome, list[State]]:
        """Train in a process whose global generators are anywhere."""
        random.seed(noise := random.SystemRandom().randrange(2**32))
        np.random.seed(noise)
        states: list[State] = []

        def on_epoch(epoch: Epoch, snapshot: Callable[[], State]) -> bool:
            states.append(snapshot())
            return epoch.epoch == stop_after

        return fit(trainable, config, seed, given, on_epoch, state, runtime), states

    whole, states = run(seeds[0])
    _check_outcome(whole, data, len(states))
    epochs = len(whole.history)
    _rule(epochs >= 3, f"this check needs at least three epochs, not {epochs}; e.g. --set epochs=3")
    say(f"fit: a complete outcome, every part of it as it should be; on_epoch was called for each of {epochs} epochs")

    again, _ = run(seeds[0], given=pickle.loads(pickle.dumps(data)))
    _rule_equal(whole, again, "fit: the same config, seed and data give the same outcome, bit by bit")
    other, _ = run(seeds[1])
    _rule(difference(whole, other) is not None, "fit: another seed gives another outcome")
    say("fit: the seed decides everything, whatever the global generators hold; another seed differs")

    def leave(epoch: Epoch, snapshot: Callable[[], State]) -> bool:
        raise SystemExit  # how a scheduler ends a training for good

    left = False
    try:
        fit(trainable, config, seeds[0], data, leave, None, runtime)
    except SystemExit:
        left = True
    _rule(left, "fit: what on_epoch raises passes through, SystemExit too")

    for after in (1, epochs - 1):
        stopped, seen = run(seeds[0], stop_after=after)
        _check_stopped(stopped, whole, after)
        state = load(save({name: np.asarray(array, order="C") for name, array in _plain(seen[-1]).items()}))
        _rule_same_state(state, states[after - 1], "state: it is a copy, which later epochs do not change")
        for array in state.values():
            array.flags.writeable = False
        resumed, later = run(seeds[0], state)
        _rule(
            len(later) == epochs - after, f"fit: continued after epoch {after}, it trains only the epochs that are left"
        )
        _rule_equal(whole, resumed, f"fit: continued after epoch {after}, it ends as if never stopped, bit by bit")
    say("fit: stops when on_epoch says so or raises; continued from its state as read from a file, it ends the same")


def difference(one: Outcome, other: Outcome) -> str | None:
    """Return the name of the first part in which two outcomes differ, seconds aside; None if they are the same."""
    mine, theirs = _parts(one), _parts(other)
    for name in (*mine, *theirs):
        if name not in mine or name not in theirs or not _same(mine[name], theirs[name]):
            return name
    return None


def _parts(outcome: Outcome) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for epoch in outcome.history:
        parts |= {
            f"epoch {epoch.epoch}: {f.name}": getattr(epoch, f.name) for f in fields(epoch) if f.name != "seconds"
        }
    for split, found in (("val", outcome.val), ("test", outcome.test)):
        parts |= {f"{split}.{f.name}": getattr(found, f.name) for f in fields(Predictions)} if found else {}
    parts |= {f"weights['{name}']": array for name, array in outcome.weights.items()}
    return parts | {n: getattr(outcome, n) for n in ("status", "best_epoch", "features", "parameters", "error")}


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    return bool(type(one) is type(other) and one == other)


def _rule(kept: bool, rule: str) -> None:
    if not kept:
        raise Broken(f"not kept: {rule}")


def _rule_equal(one: Outcome, other: Outcome, rule: str) -> None:
    where = difference(one, other)
    _rule(where is None, f"{rule} (they differ in {where})")


def _rule_same_state(one: State, other: State, rule: str) -> None:
    _rule(one.keys() == other.keys(), "state: it always has the same names")
    # seconds are measured anew in each run, and may be kept under any name: compare what is not a time of an epoch
    for name in one:
        if name != "history" and not _same(one[name], other[name]):
            raise Broken(f"not kept: {rule} (it differs in '{name}')")


def _plain(state: Any) -> State:
    _rule(isinstance(state, dict) and bool(state), "state: it is a dict of numpy arrays, and not empty")
    for name, array in state.items():
        kept = isinstance(name, str) and isinstance(array, np.ndarray) and is_plain(array)
        _rule(kept, f"state: names are texts, values numpy arrays of numbers or bools ({name!r} is {_kind(array)})")
    return dict(state)


def _kind(value: Any) -> str:
    return f"an array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__


def _check_data(data: Any, again: Any) -> None:
    for name in ("name", "fingerprint", "class_names", "train_labels", "test_labels"):
        _rule(hasattr(data, name), f"load_data: the data has '{name}'")
    _rule(isinstance(data.fingerprint, str) and data.fingerprint == again.fingerprint, "load_data: one fingerprint")
    classes = len(data.class_names)
    _rule(classes >= 2, "load_data: at least two classes")
    for name in ("train_labels", "test_labels"):
        labels = np.asarray(getattr(data, name))
        kept = labels.ndim == 1 and labels.dtype.kind in "iu" and len(labels) > 0
        _rule(kept and 0 <= labels.min() <= labels.max() < classes, f"load_data: {name} are integers in 0..classes-1")


def _freeze(data: Any) -> None:
    """Make the data's numpy arrays read-only, as they are when they come from shared memory."""
    values = [getattr(data, f.name) for f in fields(data)] if is_dataclass(data) else list(vars(data).values())
    for value in values:
        if isinstance(value, np.ndarray):
            value.flags.writeable = False


def _check_outcome(outcome: Outcome, data: Any, calls: int) -> None:
    classes, history = len(data.class_names), outcome.history
    _rule(outcome.status == "complete", f"fit: these settings train to the end (status '{outcome.status}')")
    _rule([e.epoch for e in history] == list(range(1, len(history) + 1)), "history: epochs count from 1")
    _rule(calls == len(history), "fit: on_epoch is called once after every epoch")
    _rule(outcome.best_epoch == best_epoch(history), "best_epoch: lowest validation loss, the first of equals")
    _rule(outcome.val is not None and outcome.test is not None, "val and test: a complete outcome has both")
    assert outcome.val is not None and outcome.test is not None and outcome.best_epoch is not None
    for epoch in history:
        matrix = np.asarray(epoch.val_confusion)
        fits = matrix.shape == (classes, classes) and matrix.dtype.kind in "iu"
        _rule(
            fits and matrix.sum() == len(outcome.val.labels), "val_confusion: (classes, classes) counts of all images"
        )
        share = np.trace(matrix) / matrix.sum()
        _rule(abs(share - epoch.val_accuracy) < 1e-6, "val_accuracy: a fraction, that of the confusion's diagonal")
    for split, found in (("val", outcome.val), ("test", outcome.test)):
        p, y = found.probabilities, found.labels
        _rule(
            p.shape == (len(y), classes) and p.dtype == np.float32, f"{split}: (images, classes) float32 probabilities"
        )
        _rule(np.allclose(p.sum(axis=1), 1, atol=1e-3) and p.min() >= 0, f"{split}: each row is a distribution")
        _rule(y.dtype == np.int64, f"{split}: labels are int64")
        loss = -np.log(np.maximum(p[np.arange(len(y)), y].astype(np.float64), np.finfo(np.float32).tiny)).mean()
        _rule(abs(found.loss - loss) <= 0.02 + 0.02 * loss, f"{split}: loss is the mean cross-entropy, here {loss:.4f}")
    _rule(np.array_equal(outcome.test.labels, np.asarray(data.test_labels)), "test: the data's test images, in order")
    best = history[outcome.best_epoch - 1]
    kept = abs(best.val_accuracy - outcome.val.accuracy) < 1e-6
    _rule(kept, f"val: predicted with the weights of the best epoch (accuracy then {best.val_accuracy:.4f})")
    features = outcome.features
    fits = features is None or (features.ndim == 2 and len(features) == len(outcome.test.labels))
    _rule(fits, "features: None, or (test images, dimensions)")
    _rule(outcome.parameters > 0, "parameters: how many numbers were trained")
    _plain(outcome.weights)


def _check_stopped(stopped: Outcome, whole: Outcome, after: int) -> None:
    _rule(stopped.status == "stopped", f"fit: it stops with status 'stopped' when on_epoch returns True after {after}")
    _rule(len(stopped.history) == after, f"fit: told to stop after epoch {after}, it trains no further one")
    _rule(stopped.test is None, "fit: a stopped run has no test predictions")
    _rule(stopped.best_epoch == best_epoch(whole.history[:after]), "fit: a stopped run has the best epoch so far")


def main() -> int:
    """Check the trainable named on the command line. Returns 0, or 1 where a rule is broken, or 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m study.contract", description=__doc__.splitlines()[0])
    parser.add_argument("trainable", help="module name or path.py")
    parser.add_argument("--dataset", default="digits", help="what load_data is given (default: %(default)s)")
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="(default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], dest="sets", metavar="FIELD=VALUE", help="e.g. epochs=3")
    args = parser.parse_args()
    from results.config import read_sets

    try:
        trainable = load_trainable(args.trainable)
        settings = read_sets(args.sets, trainable.Config)
        check_trainable(trainable, args.dataset, args.data_dir, settings, say=lambda rule: print(f"kept: {rule}"))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Broken as error:
        print(error, file=sys.stderr)
        return 1
    print(f"'{args.trainable}' keeps the protocol")
    return 0


if __name__ == "__main__":
    sys.exit(main())
