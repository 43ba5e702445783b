"""The global random generators: seeded before a training, kept at each epoch, put back when it goes on."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from results.outcome import State


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed ``random``, numpy and, where it is loaded, torch on every device; put them back afterwards.

    So a training that draws from them names its randomness by its seed, without doing anything for it.
    """
    before = save()
    try:
        _seed(seed)
        yield
    finally:
        restore(before)


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(np.random.SeedSequence(seed).generate_state(4))
    if torch := _torch():
        torch.manual_seed(seed)


def save() -> State:
    """Return their state."""
    version, numbers, gauss = random.getstate()
    _, keys, at, has, cached = np.random.get_state()
    state: State = {
        "random": np.array(numbers, np.int64),
        "random_gauss": np.array([version, gauss is not None, gauss or 0.0], np.float64),
        "numpy": np.asarray(keys, np.uint32),
        "numpy_rest": np.array([at, has, cached], np.float64),
    }
    if torch := _torch():
        state["torch"] = torch.get_rng_state().numpy().copy()
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            state |= {f"cuda_{i}": s.numpy().copy() for i, s in enumerate(torch.cuda.get_rng_state_all())}
    return state


def restore(state: State) -> None:
    """Put back what :func:`save` returned."""
    version, has_gauss, gauss = state["random_gauss"].tolist()
    random.setstate((int(version), tuple(state["random"].tolist()), gauss if has_gauss else None))
    at, has, cached = state["numpy_rest"].tolist()
    np.random.set_state(("MT19937", np.array(state["numpy"], np.uint32), int(at), int(has), cached))
    if (torch := _torch()) and "torch" in state:
        torch.set_rng_state(torch.from_numpy(np.array(state["torch"])))
        cuda = [torch.from_numpy(np.array(state[name])) for name in _devices(state)]
        if cuda and torch.cuda.device_count() == len(cuda):
            torch.cuda.set_rng_state_all(cuda)


def _devices(state: State) -> list[str]:
    return sorted((name for name in state if name.startswith("cuda_")), key=lambda name: int(name[5:]))


def _torch() -> Any:
    """Return torch where something has imported it: a training without it does not wait for it."""
    return sys.modules.get("torch")


def use_threads(threads: int) -> None:
    """Have torch, where it is loaded, compute with so many CPU threads."""
    if torch := _torch():
        torch.set_num_threads(threads)
