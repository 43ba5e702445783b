"""Training: one config and one seed in, an Outcome out. Writes nothing, prints nothing."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from alexnet.augment import augment, draw, pad
from alexnet.config import Config
from alexnet.cpu import keep_freed_memory
from alexnet.model import AlexNet
from alexnet.optimiser import make_optimizer
from alexnet.seeds import derive, generator
from results.errors import UserError

if TYPE_CHECKING:
    from alexnet.data import Data

EVALUATION_BATCH = 1000


def train(config: Config, run: Any) -> Generator[dict[str, float], None, dict[str, float]]:
    """Train ``config`` with ``run.seed``; evaluate the epoch of lowest validation loss on the test set.

    Deterministic on the CPU for one seed, precision and thread count, and the same whether run in one go or continued:
    the seed names all randomness (split, initial weights, order, augmentation, dropout), each with a stream of its own.

    Args:
        config: what to train.
        run: study.training.run.Run; its data are uint8 images (n, 3, 32, 32) and int64 labels (n,), train and test.

    Yields:
        after each epoch the mean loss and the accuracy (a fraction) on training and validation images.

    Raises:
        UserError: the split leaves no training or no validation image.
    """
    keep_freed_memory()
    training = _Training(config, run)
    run.keep(training.model, optimizer=training.optimizer)
    for number in run.epochs(config.epochs):
        train_loss, train_accuracy = training.epoch(number)
        probabilities, labels, val_loss, _ = training.evaluate(*training.val)
        run.predictions("val", probabilities, labels)
        accuracy = float((probabilities.argmax(1) == labels).mean())
        yield {
            "train_loss": train_loss,
            "train_accuracy": train_accuracy,
            "val_loss": val_loss,
            "val_accuracy": accuracy,
        }
    run.restore_best()
    probabilities, labels, test_loss, features = training.evaluate(run.data.test_images, run.data.test_labels)
    run.predictions("test", probabilities, labels)
    run.features(features)
    return {"test_loss": test_loss, "test_accuracy": float((probabilities.argmax(1) == labels).mean())}


def check(config: Config, data: Data) -> None:
    """Raise UserError if ``config`` cannot be trained on ``data`` at all."""
    split(len(data.train_labels), config.validation_fraction, 0)


class _Training:
    """Everything one run holds while it trains."""

    def __init__(self, config: Config, run: Any) -> None:
        self.config, self.seed, data = config, run.seed, run.data
        self.device = torch.device(run.device)
        self.autocast = torch.autocast(run.device, torch.bfloat16, enabled=run.precision == "bf16")

        train, val = split(len(data.train_labels), config.validation_fraction, run.seed)
        self.images = pad(data.train_images[train]).to(self.device)
        self.labels = data.train_labels[train].to(self.device)
        self.val = (data.train_images[val].to(self.device), data.train_labels[val].to(self.device))
        scale, shift = normalizer(data.train_images[train], config.normalization)
        self.scale, self.shift = scale.to(self.device), shift.to(self.device)

        torch.manual_seed(derive(run.seed, "init"))
        model = AlexNet(config, len(data.class_names))
        self.model = model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = make_optimizer(config, self.model)

    def epoch(self, number: int) -> tuple[float, float]:
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
    def evaluate(self, images: Tensor, labels: Tensor) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
        """Predict (n, 3, 32, 32) uint8 images.

        Returns probabilities (n, classes), labels (n,), the mean loss and features (n, d).
        """
        self.model.eval()
        images, labels = images.to(self.device), labels.to(self.device)
        logits, features = [], []
        for start in range(0, len(labels), EVALUATION_BATCH):
            with self.autocast:
                out, seen = self.model(self.normalize(images[start : start + EVALUATION_BATCH]))
            logits.append(out.float())
            features.append(seen.float())
        scores = torch.cat(logits)
        loss = F.cross_entropy(scores, labels).item()
        return _numpy(scores.softmax(1)), _numpy(labels), loss, _numpy(torch.cat(features))

    def normalize(self, images: Tensor) -> Tensor:
        """(n, 3, 32, 32) uint8 -> float32, channels last."""
        images = images.to(torch.float32, memory_format=torch.channels_last)
        return images.mul_(self.scale).add_(self.shift)


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
