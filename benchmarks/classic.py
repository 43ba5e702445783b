"""The classic AlexNet notebook as a plain loop: what this project's trainer is compared with, in speed and accuracy.

Deliberately shares nothing with the alexnet package but the loaded images: PIL transforms in the main process, float32,
the default Adam, ``.item()`` at every step. ``python -m benchmarks.classic --dataset PATH`` trains it in full.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn, optim
from torch.utils import data as torch_data
from torchvision import transforms


class AlexNet(nn.Module):
    """The network as the notebook writes it out. ``forward`` gives logits and the 1024 features."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, 2, 1),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, 192, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(0.5),
            nn.Linear(256 * 2 * 2, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, classes),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3, 32, 32) float32 -> logits (n, classes), features (n, 1024)."""
        x = self.features(x)
        h = x.view(x.shape[0], -1)
        return self.classifier(h), h


def initialize(module: nn.Module) -> None:
    """Kaiming normal for convolutions, Xavier normal with relu gain for linears, zero biases."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight.data, nonlinearity="relu")
        nn.init.constant_(module.bias.data, 0)  # type: ignore[union-attr]
    elif isinstance(module, nn.Linear):
        nn.init.xavier_normal_(module.weight.data, gain=nn.init.calculate_gain("relu"))
        nn.init.constant_(module.bias.data, 0)


class Images(torch_data.Dataset[tuple[Tensor, int]]):
    """(n, 32, 32, 3) uint8 pictures and (n,) labels, a PIL image at a time, as torchvision's CIFAR10 does."""

    def __init__(self, pictures: np.ndarray, labels: np.ndarray, transform: Callable[[Any], Tensor]) -> None:
        self.pictures, self.labels, self.transform = pictures, labels.tolist(), transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.pictures[index])), self.labels[index]


def augmentation() -> list[Callable[[Any], Any]]:
    """Return the training transforms on PIL images, before the conversion to a tensor."""
    return [
        transforms.RandomRotation(5),
        transforms.RandomHorizontalFlip(0.5),
        transforms.RandomCrop(32, padding=2),
    ]


def loaders(data: Any, batch_size: int, validation: int) -> tuple[torch_data.DataLoader[Any], ...]:
    """Training, validation and test loaders; the last ``validation`` of the shuffled training images validate."""
    pictures = np.ascontiguousarray(data.train_images.numpy().transpose(0, 2, 3, 1))
    means, stds = pictures.mean(axis=(0, 1, 2)) / 255, pictures.std(axis=(0, 1, 2)) / 255
    finish = [transforms.ToTensor(), transforms.Normalize(mean=means.tolist(), std=stds.tolist())]
    labels = data.train_labels.numpy()
    train = Images(pictures, labels, transforms.Compose([*augmentation(), *finish]))
    plain = Images(pictures, labels, transforms.Compose(finish))
    order = torch.randperm(len(train)).tolist()
    cut = len(order) - validation
    test_pictures = np.ascontiguousarray(data.test_images.numpy().transpose(0, 2, 3, 1))
    test = Images(test_pictures, data.test_labels.numpy(), transforms.Compose(finish))
    return (
        torch_data.DataLoader(torch_data.Subset(train, order[:cut]), shuffle=True, batch_size=batch_size),
        torch_data.DataLoader(torch_data.Subset(plain, order[cut:]), batch_size=batch_size),
        torch_data.DataLoader(test, batch_size=batch_size),
    )


def accuracy(scores: Tensor, y: Tensor) -> Tensor:
    """Share of (n, classes) scores whose largest is at label y."""
    top = scores.argmax(1, keepdim=True)
    return top.eq(y.view_as(top)).sum().float() / y.shape[0]


def train_epoch(
    model: nn.Module, loader: torch_data.DataLoader[Any], optimizer: optim.Optimizer, criterion: nn.Module
) -> tuple[float, float]:
    """One pass; mean loss and accuracy over batches, as the notebook reports them."""
    loss_sum = accuracy_sum = 0.0
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        scores, _ = model(x)
        loss = criterion(scores, y)
        share = accuracy(scores, y)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item()
        accuracy_sum += share.item()
    return loss_sum / len(loader), accuracy_sum / len(loader)


def evaluate(model: nn.Module, loader: torch_data.DataLoader[Any], criterion: nn.Module) -> tuple[float, float]:
    """Return mean loss and accuracy over images: a mean over batches weighs a short last one too much."""
    loss_sum = correct = seen = 0.0
    model.eval()
    with torch.no_grad():
        for x, y in loader:
            scores, _ = model(x)
            loss_sum += criterion(scores, y).item() * len(y)
            correct += accuracy(scores, y).item() * len(y)
            seen += len(y)
    return loss_sum / seen, correct / seen


@dataclass(frozen=True)
class Result:
    """What one full run of the classic loop gave."""

    seed: int
    best_epoch: int
    val_loss: float
    val_accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float


def train(data: Any, seed: int, epochs: int = 25, batch_size: int = 256, log: Callable[[str], None] = print) -> Result:
    """Train in full; test once, with the weights of the epoch with the lowest validation loss."""
    start = time.perf_counter()
    torch.manual_seed(seed)
    training, validation, testing = loaders(data, batch_size, round(len(data.train_labels) * 0.1))
    model = AlexNet(len(data.class_names))
    model.apply(initialize)
    optimizer, criterion = optim.Adam(model.parameters(), lr=1e-3), nn.CrossEntropyLoss()
    best = (float("inf"), 0.0, 0)
    weights = copy.deepcopy(model.state_dict())
    for epoch in range(1, epochs + 1):
        train_loss, train_accuracy = train_epoch(model, training, optimizer, criterion)
        val_loss, val_accuracy = evaluate(model, validation, criterion)
        if val_loss < best[0]:
            best, weights = (val_loss, val_accuracy, epoch), copy.deepcopy(model.state_dict())
        log(
            f"epoch {epoch}: train {train_loss:.4f} {train_accuracy:.2%}, "
            f"validation {val_loss:.4f} {val_accuracy:.2%}, {time.perf_counter() - start:.0f} s"
        )
    model.load_state_dict(weights)
    test_loss, test_accuracy = evaluate(model, testing, criterion)
    return Result(seed, best[2], best[0], best[1], test_loss, test_accuracy, time.perf_counter() - start)


def main() -> None:
    """Train the classic loop and print its result as JSON, one line a seed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classic", description=__doc__)
    parser.add_argument("--dataset", default="cifar10", help="cifar10, digits, or a folder of class folders")
    parser.add_argument("--data-dir", type=Path, help="where datasets are kept")
    parser.add_argument("--seed", type=int, default=504, help="first seed (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=25, help="default: %(default)s")
    parser.add_argument("--batch-size", type=int, default=256, help="default: %(default)s")
    parser.add_argument("--threads", type=int, help="CPU threads (default: as torch chooses)")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    from alexnet.data import load

    data = load(args.dataset, args.data_dir)
    for seed in range(args.seed, args.seed + args.seeds):
        result = train(data, seed, args.epochs, args.batch_size, lambda line: print(line, file=sys.stderr, flush=True))
        print(json.dumps({"dataset": data.name, "fingerprint": data.fingerprint, **vars(result)}), flush=True)


if __name__ == "__main__":
    main()
