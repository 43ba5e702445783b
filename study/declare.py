"""``@trainable``: how a function becomes a model that the toolkit can study. See docs/trainable.md."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

from results.errors import UserError
from results.metric import Metric
from study.protocol import DECLARED, Declared, of_function


def trainable(
    *misplaced: Any,
    metric: Metric | None = None,
    data: Callable[..., Any] | None = None,
    space: Mapping[str, Any] | None = None,
    spaces: Mapping[str, Any] | None = None,
    config: Any = None,
    prefix: bool = False,
    name: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a function as a trainable: its signature is the config, its defaults are the baseline.

    Args:
        metric: what runs are compared by.
        data: loads the data, once; ``run.data`` is what it returns. Takes nothing, or any of ``dataset``, ``data_dir``.
        space: what a sweep may vary: field -> dimension of ``search_spaces``. ``spaces`` has further ones by name.
        config: a pydantic model, a dataclass, an argparse parser or the function that parses with one, instead of the
            signature: the function is then called with such an object, and ``run``.
        prefix: whether a shorter training is what a longer one is until then; not so where a schedule knows ``epochs``.
        name: for the report, by default the function's.

    The function does what it did where it is called with ``run``; called without, it trains once by hand and prints.
    See docs/trainable.md.
    """
    if misplaced:
        raise UserError("write @trainable(metric=Metric('val_loss', goal='min')), with whatever else by name")
    options = {"data": data, "space": space, "spaces": spaces, "config": config, "prefix": prefix, "name": name}

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        declared = Declared(function, metric, options)
        parameters = inspect.signature(function).parameters.values()
        positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            if "run" in kwargs or "run" in positional[: len(args)]:
                return function(*args, **kwargs)
            from study.training.by_hand import train_by_hand  # noqa: PLC0415 - a declaration needs none of it

            module = sys.modules[function.__module__]
            return train_by_hand(of_function(declared, module, function.__name__), config, args, kwargs)

        setattr(called, DECLARED, declared)
        return called

    return declare
