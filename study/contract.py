"""Does a module keep the trainable protocol? ``python -m study.contract my_model.py --dataset NAME`` says.

Each rule is one the toolkit leans on: a resumed run must equal an uninterrupted one, a seed must name all randomness,
data may come read-only from shared memory, a state must be writable without pickle. docs/trainable.md explains them.
"""

from __future__ import annotations

import argparse
import contextlib
import pickle
import random
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from results.config import read_sets
from results.errors import BadResult, UserError, named
from results.outcome import Epoch, Outcome, Predictions, Runtime, State, best_epoch, predictions
from study.engine.training import train
from study.jobs import Model
from study.protocol import fit, load_trainable
from study.recording.data import check_data
from study.terminal.screen import note


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
    with _broken():
        check_data(trainable.NAME, data)
    _rule(data.fingerprint == trainable.load_data(dataset, data_dir).fingerprint, "load_data: one fingerprint")
    _freeze(data)
    say("load_data: has all parts, and the same fingerprint twice; fit gets it read-only")

    def run(
        seed: int, earlier: tuple[int, State] | None = None, stop_after: int = 0, given: Any = data
    ) -> tuple[Outcome, list[State]]:
        """Train with the door of results before it, in a process whose global generators are anywhere."""
        random.seed(noise := random.SystemRandom().randrange(2**32))
        np.random.seed(noise)
        states: list[State] = []

        def on_epoch(epoch: Epoch, snapshot: Callable[[], State]) -> bool:
            states.append(snapshot())
            return epoch.epoch == stop_after

        model = Model(trainable, trainable.NAME, given, runtime or Runtime())
        with _broken():
            return train(model, dumped, seed, on_epoch, earlier), states

    whole, states = run(seeds[0])
    _check_outcome(whole, len(states))
    epochs = len(whole.history)
    _rule(epochs >= 3, f"this check needs at least three epochs, not {epochs}; e.g. --set epochs=3")
    say(f"fit: a complete outcome, every part of it as it should be; on_epoch was called for each of {epochs} epochs")

    again, _ = run(seeds[0], given=pickle.loads(pickle.dumps(data)))
    _rule_equal(whole, again, "fit: the same config, seed and data give the same outcome, bit by bit")
    other, _ = run(seeds[1])
    _rule(differing_part(whole, other) is not None, "fit: another seed gives another outcome")
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
        _check_stopped(stopped, after)
        state = load(save({name: np.asarray(array, order="C") for name, array in seen[-1].items()}))
        _rule_same_state(state, states[after - 1], "state: it is a copy, which later epochs do not change")
        for array in state.values():
            array.flags.writeable = False
        resumed, later = run(seeds[0], (after, state))
        _rule(
            len(later) == epochs - after, f"fit: continued after epoch {after}, it trains only the epochs that are left"
        )
        _rule_equal(whole, resumed, f"fit: continued after epoch {after}, it ends as if never stopped, bit by bit")
    say("fit: stops when on_epoch says so or raises; continued from its state as read from a file, it ends the same")


def differing_part(one: Outcome, other: Outcome) -> str | None:
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


@contextlib.contextmanager
def _broken() -> Iterator[None]:
    """Have what the doors of data and results refuse break a rule."""
    try:
        yield
    except (BadResult, UserError) as error:
        raise Broken(f"not kept: {error}") from error


def _rule(kept: bool, rule: str) -> None:
    if not kept:
        raise Broken(f"not kept: {rule}")


def _rule_equal(one: Outcome, other: Outcome, rule: str) -> None:
    where = differing_part(one, other)
    _rule(where is None, f"{rule} (they differ in {where})")


def _rule_same_state(one: State, other: State, rule: str) -> None:
    _rule(one.keys() == other.keys(), "state: it always has the same names")
    # seconds are measured anew in each run, and may be kept under any name: compare what is not a time of an epoch
    for name in one:
        if name != "history" and not _same(one[name], other[name]):
            raise Broken(f"not kept: {rule} (it differs in '{name}')")


def _freeze(data: Any) -> None:
    """Make the data's numpy arrays read-only, as they are when they come from shared memory."""
    values = [getattr(data, f.name) for f in fields(data)] if is_dataclass(data) else list(vars(data).values())
    for value in values:
        if isinstance(value, np.ndarray):
            value.flags.writeable = False


def _check_outcome(outcome: Outcome, calls: int) -> None:
    """What only a whole training shows, beside what the door of results asks of every one."""
    history, best = outcome.history, outcome.best_epoch
    _rule(outcome.status == "complete", f"fit: these settings train to the end (status '{outcome.status}')")
    _rule(calls == len(history), "fit: on_epoch is called once after every epoch")
    _rule(best == best_epoch(history), "best_epoch: lowest validation loss, the first of equals")
    _rule(outcome.parameters > 0, "parameters: how many numbers were trained")
    for split, found in (("val", outcome.val), ("test", outcome.test)):
        assert found is not None
        loss = predictions(found.probabilities, found.labels).loss
        kept = abs(found.loss - loss) <= 0.02 + 0.02 * loss
        _rule(kept, f"{split}: loss is the mean cross-entropy, here {loss:.4f}")


def _check_stopped(stopped: Outcome, after: int) -> None:
    _rule(stopped.status == "stopped", f"fit: it stops with status 'stopped' when on_epoch returns True after {after}")
    _rule(len(stopped.history) == after, f"fit: told to stop after epoch {after}, it trains no further one")


def main() -> int:
    """Check the trainable named on the command line. Returns 0, or 1 where a rule is broken, or 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m study.contract", description=__doc__.splitlines()[0])
    parser.add_argument("trainable", help="module name or path.py")
    parser.add_argument("--dataset", default="digits", help="what load_data is given (default: %(default)s)")
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="(default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], dest="sets", metavar="FIELD=VALUE", help="e.g. epochs=3")
    args = parser.parse_args()
    try:
        trainable = load_trainable(args.trainable)
        settings = read_sets(args.sets, trainable.Config)
        check_trainable(trainable, args.dataset, args.data_dir, settings, say=lambda rule: print(f"kept: {rule}"))
    except UserError as error:
        note(f"error: {error}")
        return 2
    except Broken as error:
        note(str(error))
        return 1
    except Exception as error:  # noqa: BLE001 - whatever the trainable raises is its author's to mend
        last = traceback.extract_tb(error.__traceback__)[-1]
        note(f"not kept: it raised {named(error)} ({last.filename}, line {last.lineno})")
        return 1
    print(f"'{args.trainable}' keeps the protocol")
    return 0


if __name__ == "__main__":
    sys.exit(main())
