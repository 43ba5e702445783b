"""Training: one config and one seed in, an Outcome out. Writes nothing, prints nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from alexnet.augment import augment, draw, pad
from alexnet.config import Config
from alexnet.cpu import keep_freed_memory
from alexnet.model import AlexNet, count_parameters
from alexnet.optimiser import make_optimizer
from alexnet.seeds import derive, generator
from results.errors import UserError
from results.outcome import Epoch, Outcome, Predictions, Runtime, State, best_epoch, pack_history, unpack_history

if TYPE_CHECKING:
    from alexnet.data import Data

EVALUATION_BATCH = 1000


def fit(
    config: Config,
    seed: int,
    data: Data,
    on_epoch: Callable[[Epoch, Callable[[], State]], bool],
    state: State | None = None,
    runtime: Runtime = Runtime(),  # noqa: B008 - frozen
) -> Outcome:
    """Train ``config`` with ``seed``; evaluate the epoch of lowest validation loss on the test set.

    Deterministic on the CPU for one seed, precision and thread count, and the same whether run in one go or continued.

    Args:
        config: what to train.
        seed: names all randomness: split, initial weights, order, augmentation, dropout.
        data: uint8 images (n, 3, 32, 32) and int64 labels (n,), train and test.
        on_epoch: called after every epoch with its measurements and a function that copies the whole state;
            returning True stops the run.
        state: go on from this state of an earlier run of the same config and seed.
        runtime: device, precision, threads.

    Returns:
        Outcome with status complete, stopped (``on_epoch`` asked) or diverged (a loss was not finite).

    Raises:
        UserError: the split leaves no training or no validation image.
    """
    keep_freed_memory()
    torch.set_num_threads(runtime.threads)
    devices = [torch.cuda.current_device()] if runtime.device == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        return _Run(config, seed, data, runtime).fit(on_epoch, state)


def check(config: Config, data: Data) -> None:
    """Raise UserError if ``config`` cannot be trained on ``data`` at all."""
    split(len(data.train_labels), config.validation_fraction, 0)


class _Run:
    """Everything one run holds while it trains."""

    def __init__(self, config: Config, seed: int, data: Data, runtime: Runtime) -> None:
        self.config, self.seed = config, seed
        self.device = torch.device(runtime.device)
        self.classes = len(data.class_names)
        self.autocast = torch.autocast(runtime.device, torch.bfloat16, enabled=runtime.precision == "bf16")

        train, val = split(len(data.train_labels), config.validation_fraction, seed)
        self.images = pad(data.train_images[train]).to(self.device)
        self.labels = data.train_labels[train].to(self.device)
        self.val = (data.train_images[val].to(self.device), data.train_labels[val].to(self.device))
        self.test = (data.test_images, data.test_labels)  # goes to the device when it is needed, at the end
        scale, shift = normalizer(data.train_images[train], config.normalization)
        self.scale, self.shift = scale.to(self.device), shift.to(self.device)

        torch.manual_seed(derive(seed, "init"))
        model = AlexNet(config, self.classes)
        self.model = model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = make_optimizer(config, self.model)
        self.history: list[Epoch] = []
        self.best: dict[str, Tensor] = {}

    def fit(self, on_epoch: Callable[[Epoch, Callable[[], State]], bool], state: State | None) -> Outcome:
        if state is not None:
            self.restore(state)
        parameters = count_parameters(self.model)
        for number in range(len(self.history) + 1, self.config.epochs + 1):
            start = time.perf_counter()
            train_loss, train_accuracy = self.train_epoch(number)
            val, _ = self.evaluate(*self.val)
            epoch = Epoch(
                number, train_loss, train_accuracy, val.loss, val.accuracy, time.perf_counter() - start, val.confusion
            )
            self.history.append(epoch)
            if not (math.isfinite(train_loss) and math.isfinite(val.loss)):
                return Outcome(
                    "diverged", self.history, parameters=parameters, error=f"loss not finite in epoch {number}"
                )
            if best_epoch(self.history) == number:
                self.best = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
            if on_epoch(epoch, self.state) and number < self.config.epochs:
                return Outcome("stopped", self.history, best_epoch(self.history), parameters=parameters)

        self.model.load_state_dict(self.best)
        val, _ = self.evaluate(*self.val)
        test, features = self.evaluate(*(t.to(self.device) for t in self.test))
        weights = {k: _numpy(v) for k, v in self.best.items()}
        return Outcome("complete", self.history, best_epoch(self.history), val, test, features, weights, parameters)

    def train_epoch(self, number: int) -> tuple[float, float]:
        """Pass over the training images once. Returns mean loss and accuracy over them, as seen while training."""
        config, n = self.config, len(self.labels)
        order = torch.randperm(n, generator=generator(self.seed, "order", number)).to(self.device)
        draws = draw(n, config, generator(self.seed, "augment", number)).to(self.device)
        torch.manual_seed(derive(self.seed, "dropout", number))
        self.model.train()
        loss_sum = torch.zeros((), device=self.device)
        correct = torch.zeros((), device=self.device, dtype=torch.int64)
        for start in range(0, n, config.batch_size):
            batch = slice(start, start + config.batch_size)
            images = augment(self.images[order[batch]], draws[batch], config.crop_padding)
            labels = self.labels[order[batch]]
            with self.autocast:
                logits, _ = self.model(self.normalize(images))
                loss = F.cross_entropy(logits.float(), labels, label_smoothing=config.label_smoothing)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            loss_sum += loss.detach() * len(labels)  # stays on the device: asking for the number would wait for it
            correct += (logits.detach().argmax(1) == labels).sum()
        return loss_sum.item() / n, correct.item() / n

    @torch.inference_mode()
    def evaluate(self, images: Tensor, labels: Tensor) -> tuple[Predictions, np.ndarray]:
        """Predict (n, 3, 32, 32) uint8 images. Returns the predictions and the features (n, d) float32."""
        self.model.eval()
        logits, features = [], []
        for start in range(0, len(labels), EVALUATION_BATCH):
            with self.autocast:
                out, seen = self.model(self.normalize(images[start : start + EVALUATION_BATCH]))
            logits.append(out.float())
            features.append(seen.float())
        scores = torch.cat(logits)
        loss = F.cross_entropy(scores, labels).item()
        return Predictions(_numpy(scores.softmax(1)), _numpy(labels), loss), _numpy(torch.cat(features))

    def normalize(self, images: Tensor) -> Tensor:
        """(n, 3, 32, 32) uint8 -> float32, channels last."""
        images = images.to(torch.float32, memory_format=torch.channels_last)
        return images.mul_(self.scale).add_(self.shift)

    def state(self) -> State:
        """Copy everything that the rest of the run depends on. Generators are named by epoch and need no saving."""
        arrays = {f"model.{k}": _numpy(v) for k, v in self.model.state_dict().items()}
        arrays |= {f"best.{k}": _numpy(v) for k, v in self.best.items()}
        for number, slots in self.optimizer.state_dict()["state"].items():
            arrays |= {f"optimizer.{number}.{k}": np.array(_numpy(torch.as_tensor(v))) for k, v in slots.items()}
        arrays |= pack_history(self.history)
        return arrays

    def restore(self, state: State) -> None:
        """Undo :meth:`state`."""
        self.history = unpack_history(state)
        groups: dict[str, dict[str, Tensor]] = {"model": {}, "best": {}, "optimizer": {}}
        for name, array in state.items():
            group, _, rest = name.partition(".")
            if rest:
                groups[group][rest] = torch.from_numpy(np.array(array))
        self.model.load_state_dict(groups["model"])
        self.best = {k: v.to(self.device) for k, v in groups["best"].items()}
        parameters = list(self.model.parameters())
        slots: dict[int, dict[str, Tensor]] = {}
        for name, value in groups["optimizer"].items():
            number, _, slot = name.partition(".")
            if value.dim():  # in the weight's memory order, on which the fused kernels rely: a file has lost it
                value = torch.empty_like(parameters[int(number)]).copy_(value)
            slots.setdefault(int(number), {})[slot] = value
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": slots})


def split(n: int, fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Split ``range(n)`` at random: (train, validation) int64 indices. Raises UserError if either would be empty."""
    n_val = round(n * fraction)
    if not 0 < n_val < n:
        raise UserError(f"validation_fraction={fraction} of {n} training images leaves an empty split")
    order = torch.randperm(n, generator=generator(seed, "split"))
    return order[n_val:], order[:n_val]


def normalizer(images: Tensor, kind: str) -> tuple[Tensor, Tensor]:
    """Return scale and shift, each (1, 3, 1, 1) float32: what turns uint8 pixels into inputs by multiply and add.

    ``channel`` uses mean and population standard deviation per channel over ``images`` (n, 3, 32, 32) uint8.
    """
    if kind == "channel":
        # Exact integer sums over a histogram: no float64 copy of 150 million pixels, and the same on every machine.
        values = torch.arange(256, dtype=torch.float64)
        moments = []
        for channel in range(3):
            counts = torch.bincount(images[:, channel].reshape(-1), minlength=256).double()
            mean = (counts @ values) / counts.sum()
            moments.append((mean, ((counts @ values**2) / counts.sum() - mean**2).clamp_min(1e-12).sqrt()))
        mean, std = (torch.stack(m) for m in zip(*moments, strict=True))
    else:
        half = {"half": 127.5, "none": 255.0}[kind]
        mean, std = torch.full((3,), 127.5 if kind == "half" else 0.0), torch.full((3,), half)
    return (1 / std).float().view(1, 3, 1, 1), (-mean / std).float().view(1, 3, 1, 1)


def _numpy(tensor: Tensor) -> np.ndarray:
    """Copy a tensor to a numpy array that shares no memory with it."""
    return np.array(tensor.detach().cpu().numpy())
