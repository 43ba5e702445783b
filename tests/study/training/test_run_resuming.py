"""A training that was interrupted after any epoch, and goes on, ends as one in one go: bit by bit, whatever it is."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import SGDClassifier
from sklearn.naive_bayes import GaussianNB
from torch import nn
from torch.nn import functional as F
from torch.optim import lr_scheduler as schedulers
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, TensorDataset

from study.protocol import Trainable
from study.training.same import differing_part
from tests.support.trainings import of_function, run

X = torch.randn(96, 1, 6, 6, generator=torch.Generator().manual_seed(5))
Y = (X.mean((1, 2, 3)) * 20).round().long() % 3


def check(trainable: Trainable, epochs: int = 5) -> None:
    """Interrupt it after every epoch but the last, and once more after it has gone on."""
    states: dict[int, Any] = {}
    whole = run(trainable, states=states, epochs=epochs)
    assert sorted(states) == list(range(1, epochs + 1))
    assert differing_part(run(trainable, epochs=epochs), whole) is None
    assert differing_part(run(trainable, seed=2, epochs=epochs), whole) is not None
    for after in range(1, epochs):
        again: dict[int, Any] = {}
        continued = run(trainable, earlier=(after, states[after]), states=again, epochs=epochs)
        assert differing_part(continued, whole) is None
        assert sorted(again) == list(range(after + 1, epochs + 1))
        if after + 1 < epochs:
            twice = run(trainable, earlier=(after + 1, again[after + 1]), epochs=epochs)
            assert differing_part(twice, whole) is None


def network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3), nn.Linear(64, 3)
    )


OPTIMISERS: dict[str, Callable[..., Any]] = {
    "sgd": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, 0.01, amsgrad=True),
    "adamw, fused": lambda p: torch.optim.AdamW(p, 0.01, fused=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 0.01),
    "two groups": lambda p: torch.optim.Adam([{"params": (p := list(p))[:2], "lr": 0.1}, {"params": p[2:]}], 0.01),
}
SCHEDULERS: dict[str, Callable[..., Any]] = {
    "none": lambda opt, epochs: None,
    "cosine": schedulers.CosineAnnealingLR,
    "one cycle": lambda opt, epochs: schedulers.OneCycleLR(opt, 0.1, total_steps=epochs + 1),
    "plateau": lambda opt, epochs: schedulers.ReduceLROnPlateau(opt, patience=0, threshold=0.5),
    "warm-up, then exponential": lambda opt, epochs: schedulers.SequentialLR(
        opt, [schedulers.LinearLR(opt, 0.1, total_iters=2), schedulers.ExponentialLR(opt, 0.5)], [2]
    ),
    "restarts": lambda opt, epochs: schedulers.CosineAnnealingWarmRestarts(opt, 2),
    "of a function": lambda opt, epochs: schedulers.LambdaLR(opt, lambda epoch: 0.9**epoch),
}


@pytest.mark.parametrize(
    ("optimiser", "scheduler", "order"),
    [
        *((name, "cosine", torch.channels_last) for name in OPTIMISERS),
        *(("sgd", name, torch.contiguous_format) for name in SCHEDULERS),
        ("adam", "one cycle", torch.channels_last),  # it turns the betas too
    ],
)
def test_an_ordinary_training_in_torch(optimiser: str, scheduler: str, order: torch.memory_format) -> None:
    """DataLoader and dropout draw from the global generators; it does nothing for that."""

    def train(config: Any, run: Any) -> Iterator[dict[str, float]]:
        model = network().to(memory_format=order)
        opt = OPTIMISERS[optimiser](model.parameters())
        sched = SCHEDULERS[scheduler](opt, config.epochs)
        loader = DataLoader(TensorDataset(X, Y), batch_size=20, shuffle=True)
        run.keep(model, opt=opt, **({"sched": sched} if sched else {}))
        for _ in run.epochs(config.epochs):
            model.train()
            for x, y in loader:
                loss = F.cross_entropy(model(x.to(memory_format=order)), y)
                opt.zero_grad()
                loss.backward()
                opt.step()
            if sched is not None:
                sched.step(*([loss.detach()] if scheduler == "plateau" else []))
            model.eval()
            with torch.no_grad():
                yield {"val_loss": F.cross_entropy(model(X), Y).item(), "rate": opt.param_groups[0]["lr"]}
        run.restore_best()
        with torch.no_grad():
            return {"test_loss": F.cross_entropy(model(X), Y).item()}

    check(of_function(train))


def test_an_average_of_weights_and_a_patience_counter() -> None:
    def train(config: Any, run: Any) -> Iterator[dict[str, float]]:
        model = network()
        average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.5))
        opt = torch.optim.SGD(model.parameters(), 0.1)
        run.keep(average, model=model, opt=opt)
        for _ in run.epochs(config.epochs):
            for part in torch.randperm(96).split(32):
                opt.zero_grad()
                F.cross_entropy(model(X[part]), Y[part]).backward()
                opt.step()
                average.update_parameters(model)
            with torch.no_grad():
                loss = F.cross_entropy(average(X), Y).item()
            run.state["worse"] = 0 if loss < run.state.get("best", 1e9) else run.state["worse"] + 1
            run.state["best"] = min(loss, run.state.get("best", 1e9))
            yield {"val_loss": loss, "worse": run.state["worse"]}
            if run.state["worse"] >= 3:
                break
        run.restore_best()

    check(of_function(train))


@pytest.mark.parametrize("kind", ["Generator", "RandomState", "random", "torch", "global", "torch's own of a loader"])
def test_random_generators(kind: str) -> None:
    def train(config: Any, run: Any) -> Iterator[dict[str, float]]:
        draws: dict[str, tuple[Any, Callable[[Any], float]]] = {
            "Generator": (np.random.default_rng(run.seed), lambda g: g.normal()),
            "RandomState": (np.random.RandomState(run.seed), lambda g: g.normal()),  # holds a second normal number
            "random": (random.Random(run.seed), lambda g: g.gauss(0, 1)),  # likewise
            "torch": (torch.Generator().manual_seed(run.seed), lambda g: torch.randn((), generator=g).item()),
            "global": (None, lambda g: random.gauss(0, 1) + np.random.normal() + torch.randn(()).item()),
            "torch's own of a loader": (
                torch.Generator().manual_seed(run.seed),
                lambda g: next(iter(DataLoader(torch.arange(9.0), 3, shuffle=True, generator=g))).sum().item(),
            ),
        }
        generator, draw = draws[kind]
        run.keep(weights := np.zeros(1), **({} if generator is None else {"generator": generator}))
        for _ in run.epochs(config.epochs):
            weights += draw(generator)
            yield {"val_loss": float(weights[0])}
        run.restore_best()
        return {"left": float(weights[0])}

    check(of_function(train), 6)


@pytest.mark.parametrize("labels", [Y.numpy(), np.array(["a", "b", "c"])[Y]], ids=["numbers", "texts"])
@pytest.mark.parametrize(
    "make",
    [
        lambda seed: SGDClassifier(loss="log_loss", learning_rate="optimal", random_state=seed),
        lambda seed: SGDClassifier(average=True, random_state=np.random.RandomState(seed)),
        lambda seed: GaussianNB(),
    ],
    ids=["steps that shrink", "averaged", "means and variances"],
)
def test_an_estimator_of_scikit_learn_given_whole(make: Callable[[int], Any], labels: np.ndarray) -> None:
    def train(config: Any, run: Any) -> Iterator[dict[str, float]]:
        points = X.reshape(96, -1).numpy()
        model = make(run.seed)
        run.keep(model)
        for _ in run.epochs(config.epochs):
            part = np.random.permutation(96)[:30]
            model.partial_fit(points[part], labels[part], classes=np.unique(labels))
            yield {"val_loss": 1 - model.score(points, labels), "t": float(getattr(model, "t_", 0))}
        run.restore_best()
        return {"test_loss": 1 - model.score(points, labels)}

    check(of_function(train))


def test_a_dict_of_arrays_and_one_of_models() -> None:
    def train(config: Any, run: Any) -> Iterator[dict[str, float]]:
        weights = {"w": np.zeros(3), "b": np.zeros(1, np.float32), "t": torch.zeros(2)}
        both = {"one": nn.Linear(2, 2), "other": nn.Linear(2, 1)}
        run.keep(weights, both)
        for _ in run.epochs(config.epochs):
            weights["w"] += np.random.normal(size=3)
            weights["b"] += 1
            weights["t"] += torch.randn(2)
            with torch.no_grad():
                both["one"].weight += torch.randn(2, 2)
            total = float(weights["w"].sum() + weights["t"].sum().item() + both["one"].weight.sum().item())
            yield {"val_loss": total, "b": float(weights["b"][0])}

    check(of_function(train))
    outcome = run(of_function(train))
    assert set(outcome.weights) >= {"0.w", "0.b", "0.t", "1.one.weight", "1.other.bias"}


def test_the_weights_that_are_restored_are_those_of_the_best_epoch_also_after_an_interruption() -> None:
    losses = [3.0, 1.0, 2.0, 1.0, 5.0]

    def train(config: Any, run: Any) -> Iterator[dict[str, float]]:
        weights = np.zeros(2)
        run.keep(weights)
        for epoch in run.epochs(config.epochs):
            weights[:] = epoch
            yield {"val_loss": losses[epoch - 1]}
        run.restore_best()
        return {"kept": float(weights[0])}

    trainable, states = of_function(train), dict[int, Any]()
    run(trainable, states=states, epochs=5)
    for after in range(5):
        outcome = run(trainable, earlier=(after, states[after]) if after else None, epochs=5)
        assert outcome.best_epoch == 2 and outcome.test_values == {"kept": 2.0}
        assert outcome.weights["value"].tolist() == [2, 2]


def test_one_that_keeps_nothing_has_no_state_and_begins_again() -> None:
    def train(config: Any, run: Any) -> Iterator[dict[str, float]]:
        for epoch in run.epochs(config.epochs):
            yield {"val_loss": random.random() + epoch}

    states: dict[int, Any] = {}
    assert run(of_function(train), states=states).status == "complete" and not states
