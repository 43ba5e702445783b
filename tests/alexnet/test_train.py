"""Training against a few lines of plain torch, and what holds of seeds, resuming and stopping."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from alexnet.config import ARCHITECTURES, Config
from alexnet.data import Data, load
from alexnet.model import AlexNet
from alexnet.seeds import derive, generator
from alexnet.train import normalizer, split
from results.errors import UserError
from results.outcome import Epoch, Outcome, Runtime, State
from study.jobs import Model
from study.protocol import load_trainable
from study.training import loop
from study.training.loop import OnEpoch

TRAINABLE = load_trainable("alexnet")

PLAIN = Config(
    architecture="tiny", epochs=2, batch_size=64, dropout=0.0, rotation_degrees=0, flip_probability=0, crop_padding=0
)
SMALL = Config(architecture="tiny", epochs=3, batch_size=64)


@pytest.fixture(scope="module")
def digits() -> Data:
    data = load("digits")
    return replace(data, train_images=data.train_images[:400], train_labels=data.train_labels[:400])


def train(
    config: Config,
    data: Data,
    seed: int = 1,
    runtime: Runtime = Runtime(),  # noqa: B008
    on_epoch: OnEpoch = lambda epoch, state, last: False,
    earlier: tuple[int, State] | None = None,
) -> Outcome:
    return loop.train(Model(TRAINABLE, "alexnet", data, runtime), config.model_dump(), seed, on_epoch, earlier)


def history(outcome: Outcome) -> list[dict[str, float]]:
    return [e.values for e in outcome.history]


# Adam's first steps are near the gradient's sign and blow up the last bit of a sum in another order; SGD's do not.
@pytest.mark.parametrize(("optimizer", "tolerance"), [("sgd", 1e-4), ("adam", 1e-2)])
def test_equals_a_plain_torch_loop(digits: Data, optimizer: str, tolerance: float) -> None:
    """Without augmentation and dropout nothing is left but batches, loss and steps: write that out and compare."""
    config = PLAIN.model_copy(update={"optimizer": optimizer, "momentum": 0.5, "learning_rate": 1e-4})
    torch.manual_seed(derive(3, "init"))
    model = AlexNet(config, 10)
    step = torch.optim.Adam(model.parameters(), 1e-4) if optimizer == "adam" else None
    step = step or torch.optim.SGD(model.parameters(), 1e-4, momentum=0.5)
    train_at, val_at = split(400, PLAIN.validation_fraction, 3)
    pixels = digits.train_images.double() / 255
    mean = pixels[train_at].mean((0, 2, 3)).view(1, 3, 1, 1)
    std = pixels[train_at].std((0, 2, 3), correction=0).view(1, 3, 1, 1)
    images = ((pixels - mean) / std).float()
    losses = []
    for epoch in (1, 2):
        model.train()
        for batch in train_at[torch.randperm(len(train_at), generator=generator(3, "order", epoch))].split(64):
            loss = F.cross_entropy(model(images[batch])[0], digits.train_labels[batch])
            step.zero_grad()
            loss.backward()
            step.step()
        model.eval()
        with torch.no_grad():
            losses.append(F.cross_entropy(model(images[val_at])[0], digits.train_labels[val_at]).item())
    ours = train(config, digits, seed=3)
    assert [e.values["val_loss"] for e in ours.history] == pytest.approx(losses, rel=tolerance)


def test_keeps_the_weights_of_the_lowest_validation_loss(digits: Data) -> None:
    ours = train(SMALL, digits)
    losses = [e.values["val_loss"] for e in ours.history]
    assert ours.best_epoch == 1 + int(np.argmin(losses))
    assert ours.val is not None
    chosen = ours.val.probabilities[np.arange(len(ours.val.labels)), ours.val.labels]
    assert -np.log(chosen).mean() == pytest.approx(min(losses), rel=1e-5)
    model = AlexNet(SMALL, 10)
    model.load_state_dict({k: torch.from_numpy(v) for k, v in ours.weights.items()})
    scale, shift = normalizer(digits.train_images[split(400, 0.1, 1)[0]], "channel")
    with torch.no_grad():
        logits, features = model.eval()(digits.test_images.float() * scale + shift)
    assert ours.test is not None and ours.features is not None
    np.testing.assert_allclose(logits.softmax(1).numpy(), ours.test.probabilities, atol=1e-5)
    assert features.shape == ours.features.shape


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_one_seed_gives_identical_results_and_another_does_not(digits: Data, precision: str) -> None:
    runtime = Runtime("cpu", precision, 1)
    once, twice, other = (train(SMALL, digits, seed, runtime) for seed in (1, 1, 2))
    assert history(once) == history(twice) != history(other)
    assert once.test is not None and twice.test is not None
    assert np.array_equal(once.test.probabilities, twice.test.probabilities)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "nadam", "sgd"])
def test_a_run_continued_from_its_state_equals_one_in_one_go(
    digits: Data, optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batch normalisation's running means, dropout's draws and the optimizer's moments go on as they were."""
    monkeypatch.setitem(ARCHITECTURES, "small_norm", replace(ARCHITECTURES["tiny"], batch_norm=True))
    config = Config(architecture="small_norm", optimizer=optimizer, epochs=3, batch_size=128, learning_rate=1e-4)
    kept = {}

    def stop_after_two(epoch: Epoch, state, last: bool) -> bool:
        kept.update(state())
        return epoch.epoch == 2

    whole = train(config, digits)
    first = train(config, digits, on_epoch=stop_after_two)
    assert first.status == "stopped" and len(first.history) == 2 and first.test is None
    second = train(config, digits, earlier=(2, kept))
    assert history(second) == history(whole)
    assert second.test is not None and whole.test is not None
    assert np.array_equal(second.test.probabilities, whole.test.probabilities)


def test_the_state_is_a_copy_of_plain_arrays(digits: Data) -> None:
    states = []
    train(SMALL, digits, on_epoch=lambda epoch, state, last: states.append(state()) or False)
    assert all(isinstance(v, np.ndarray) and v.dtype != object for v in states[0].values())
    name = "kept/parts.weights 0.classifier.1.weight"
    assert not np.array_equal(states[0][name], states[1][name])


def test_a_loss_that_is_not_finite_ends_the_run_as_diverged(digits: Data) -> None:
    ours = train(SMALL.model_copy(update={"learning_rate": 10.0, "optimizer": "sgd"}), digits)
    assert ours.status == "diverged" and ours.test is None and ours.error is not None
    assert not all(map(math.isfinite, ours.history[-1].values.values()))


def test_training_leaves_the_callers_random_numbers_alone(digits: Data) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    train(SMALL.model_copy(update={"epochs": 1}), digits)
    assert torch.equal(torch.rand(3), expected)


def test_split_is_a_partition_and_refuses_an_empty_part() -> None:
    train_at, val_at = split(50, 0.1, 4)
    assert len(val_at) == 5 and sorted([*train_at.tolist(), *val_at.tolist()]) == list(range(50))
    with pytest.raises(UserError, match="validation_fraction=0.01 of 20"):
        split(20, 0.01, 4)


@pytest.mark.parametrize("kind", ["channel", "half", "none"])
def test_normalizer_against_numpy(digits: Data, kind: str) -> None:
    images = digits.train_images[:50].numpy().copy()
    images[:, 1] //= 2  # channels must not be mixed up
    scale, shift = normalizer(torch.from_numpy(images), kind)
    got = images * scale.numpy() + shift.numpy()
    mean, std = images.mean((0, 2, 3), keepdims=True), images.std((0, 2, 3), keepdims=True)
    expected = {"channel": (images - mean) / std, "half": images / 127.5 - 1, "none": images / 255}[kind]
    np.testing.assert_allclose(got, expected, atol=1e-5)
