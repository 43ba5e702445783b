"""Does a model keep what it declares? ``python -m study.contract my_model.py`` trains it a few times and says.

Each rule is one the toolkit leans on: a seed names all randomness, an interrupted run ends as an uninterrupted one, a
shorter training is a prefix of a longer one where that is declared. docs/trainable.md explains them.
"""

from __future__ import annotations

import argparse
import contextlib
import pickle
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from results.config import checked_config, read_sets
from results.errors import UserError, named, shown
from results.formatting import duration, plural
from results.outcome import Outcome, Runtime
from study.protocol import Trainable, load_trainable, takes
from study.recording.data import describe_data, freeze
from study.terminal.screen import note
from study.training.loop import reason
from study.training.rehearsal import Rehearsal
from study.training.same import differing_part

SHORT = 3  # epochs of each training, where the config has them and nothing else is asked for
UNSEEDED = "seed what draws with run.seed, and let nothing of a training outlive it"
UNKEPT = "all that changes from epoch to epoch goes into run.keep (optimizer, scheduler, generators) or run.state"
Say = Callable[[str], None]


class Broken(AssertionError):
    """A rule that a trainable does not keep, in one line."""


def check_trainable(
    trainable: Trainable,
    source: str | None = None,
    data_dir: Path = Path("data"),
    settings: Mapping[str, Any] | None = None,
    runtime: Runtime | None = None,
    say: Say = lambda rule: None,
) -> None:
    """Train up to eight times and compare. ``say`` hears what comes, then each rule that is kept.

    ``settings`` are config fields; where ``epochs`` is not among them and the config has it, each training is short.

    Raises:
        Broken: a rule is not kept.
    """
    given = dict(settings or {})
    has_epochs = "epochs" in trainable.Config.model_fields
    if has_epochs:
        given.setdefault("epochs", SHORT)
    config = checked_config(trainable.Config, given)
    of = f" of {plural(int(config['epochs']), 'epoch')}" if has_epochs else ""
    say(f"trains up to 8 times{of} with {', '.join(f'{name}={value}' for name, value in config.items())}")
    _check_config(trainable, config)
    say("kept: the config is rebuilt from its JSON, and refuses unknown fields")

    data = _check_data(trainable, source, data_dir)
    if trainable.hook("load_data"):
        say("kept: the data are the same twice; training gets them read-only")

    with _broken(trainable):
        _check_trainings(Rehearsal(trainable, config, data, runtime or Runtime()), has_epochs, say)


def _check_trainings(trainer: Rehearsal, has_epochs: bool, say: Say) -> None:
    data = trainer.data
    started = time.perf_counter()
    whole = trainer.run(3)
    _rule(whole.status == "complete", f"these settings train to the end, here '{whole.status}': {whole.error}")
    took, epochs = time.perf_counter() - started, len(whole.history)
    variables = trainer.variables
    say(f"kept: values and predictions are as they should be ({plural(epochs, 'epoch')}, {duration(took)})")

    trainer.data = pickle.loads(pickle.dumps(data))
    _same(whole, trainer.run(3), "the same config, seed and data give the same numbers, bit by bit", UNSEEDED)
    trainer.data = data
    steady = {
        n: {k: v for k, v in of.items() if trainer.variables.get(n, {}).get(k) == v} for n, of in variables.items()
    }
    kept = differing_part(whole, trainer.run(4)) is not None
    _rule(kept, "another seed gives other numbers: draw from random, numpy or torch, or from run.seed")
    say("kept: the seed decides everything, whatever ran before in the process; another seed differs")
    if trainer.generator:
        _check_leaving(trainer, epochs)
        say("kept: it ends when it is told to")
    _check_resuming(trainer, whole, steady, say)
    if has_epochs:
        _check_prefix(trainer, whole, int(trainer.config["epochs"]), say)


def _check_config(trainable: Trainable, config: dict[str, Any]) -> None:
    with _broken(trainable):
        again = checked_config(trainable.Config, config)
        _rule(again == config, "Config: a config is rebuilt from its JSON")
    with contextlib.suppress(UserError):
        checked_config(trainable.Config, config | {"no such field": 1})
        _rule(False, "Config: unknown fields are refused")


def _check_data(trainable: Trainable, source: str | None, data_dir: Path) -> Any:
    hook = trainable.hook("load_data")
    if hook is None:
        return None
    offered = takes(hook, dataset=source, data_dir=data_dir, progress=False)
    given = {name: value for name, value in offered.items() if value is not None}
    data = hook(**given)
    with _broken(trainable):
        first = describe_data(trainable.name, data, "data", None)
        second = describe_data(trainable.name, hook(**given), "data", None)
    _rule(first == second, "loading the data twice gives the same fingerprint")
    freeze(data)
    return data


def _check_leaving(trainer: Rehearsal, epochs: int) -> None:
    try:
        trainer.run(3, leave_after=1)
    except SystemExit:
        return
    _rule(epochs == 1, "a training is ended by GeneratorExit at its yield: let it pass")


def _check_resuming(trainer: Rehearsal, whole: Outcome, variables: Mapping[int, Mapping[str, Any]], say: Say) -> None:
    """Interrupt after the first and before the last epoch; what goes on from its state must end the same.

    ``variables``: the uninterrupted training's own, as each epoch began.
    """
    epochs = len(whole.history)
    resumed = []
    for after in sorted({1, epochs - 1} - {0}) if epochs > 1 else ():
        state = trainer.interrupted(3, after)
        if state is None:
            break
        again = trainer.run(3, (after, state))
        _rule(len(trainer.states) == epochs - after, f"continued after epoch {after}, it trains what is left")
        _same(whole, again, f"continued after epoch {after}, it ends as if never stopped, bit by bit", UNKEPT)
        resumed.append(after)
        then, now = variables.get(after + 1, {}), trainer.variables.get(after + 1, {})
        for name in sorted(name for name in then if name in now and then[name] != now[name]):
            say(
                f"note: '{name}' is {shown(then[name])} when epoch {after + 1} begins, but {shown(now[name])} where it "
                "goes on there: what changes from epoch to epoch, a patience counter say, belongs in "
                f"run.state['{name}']"
            )
    if resumed:
        say(f"kept: interrupted after epoch {' and '.join(map(str, resumed))}, it goes on and ends the same")
    elif epochs > 1:
        say(
            "note: it starts again when it is interrupted; run.keep(model, optimizer=...) before 'for ... in "
            "run.epochs(n)' lets it go on"
        )


def _check_prefix(trainer: Rehearsal, whole: Outcome, epochs: int, say: Say) -> None:
    """A shorter training is a prefix of a longer one, or is not: it must be as declared."""
    if epochs < 3 or len(whole.history) < epochs:  # a first epoch knows no schedule yet
        return
    try:
        shorter = trainer.run(3, epochs=epochs - 1)
    except UserError:  # not a config
        return
    pairs = zip(shorter.history, whole.history, strict=False)
    is_prefix = all(one.values == other.values for one, other in pairs)
    if trainer.trainable.prefix:
        _rule(
            is_prefix,
            f"prefix=True says that {epochs - 1} epochs are what {epochs} were until then, and they are not (a "
            "schedule over epochs?): declare prefix=False",
        )
        say("kept: prefix=True, a shorter training is what a longer one is until then")
    elif is_prefix:
        say(
            "note: here a shorter training is what a longer one is until then; if that is so for every config, declare "
            "prefix=True: trials of different epochs then compare at equal epochs"
        )
    else:
        say("kept: prefix=False, nothing is claimed at equal epochs between trials of different epochs")


@contextlib.contextmanager
def _broken(trainable: Trainable) -> Iterator[None]:
    """Have what the doors refuse, and whatever the trainable raises, break a rule."""
    try:
        yield
    except (Broken, KeyboardInterrupt):
        raise
    except Exception as error:
        raise Broken(f"not kept: {reason(error, trainable)}") from error


def _rule(kept: bool, rule: str) -> None:
    if not kept:
        raise Broken(f"not kept: {rule}")


def _same(one: Outcome, other: Outcome, rule: str, mend: str) -> None:
    where = differing_part(one, other)
    _rule(where is None, f"{rule} (they differ in {where}): {mend}")


def main() -> int:
    """Check the trainable named on the command line. Returns 0, or 1 where a rule is broken, or 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m study.contract", description=__doc__.splitlines()[0])
    parser.add_argument("trainable", help="module name, path.py or path.py:function")
    parser.add_argument("--dataset", help="what loading the data is given, where it takes one")
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="(default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], dest="sets", metavar="FIELD=VALUE", help="e.g. epochs=5")
    args = parser.parse_args()
    try:
        trainable = load_trainable(args.trainable)
        settings = read_sets(args.sets, trainable.Config)
        check_trainable(trainable, args.dataset, args.data_dir, settings, say=print)
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
    print(f"'{args.trainable}' is as it declares")
    return 0


if __name__ == "__main__":
    sys.exit(main())
