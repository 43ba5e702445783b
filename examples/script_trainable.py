"""Train a small convolutional network on the handwritten digits that come with scikit-learn."""

import argparse

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from search_spaces import choice, log_float, log_integer
from study import Metric, trainable


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


class Digits(Dataset):
    def __init__(self, images, labels):
        self.images = torch.tensor(images / 16, dtype=torch.float32).unsqueeze(1)
        self.labels = torch.tensor(labels)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.images[index], self.labels[index]


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(8 * width, 10))

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        return self.head(F.max_pool2d(F.relu(self.conv2(x)), 2))


def loaders(batch_size, seed):
    digits = load_digits()
    images, test_images, labels, test_labels = train_test_split(
        digits.images, digits.target, test_size=597, stratify=digits.target, random_state=0
    )
    images, val_images, labels, val_labels = train_test_split(
        images, labels, test_size=300, stratify=labels, random_state=seed
    )
    train_dl = DataLoader(Digits(images, labels), batch_size=batch_size, shuffle=True)
    val_dl = DataLoader(Digits(val_images, val_labels), batch_size=300)
    return train_dl, val_dl, DataLoader(Digits(test_images, test_labels), batch_size=300)


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    loss = correct = 0
    for x, y in loader:
        logits = model(x)
        loss += F.cross_entropy(logits, y, reduction="sum").item()
        correct += (logits.argmax(1) == y).sum().item()
    return loss / len(loader.dataset), correct / len(loader.dataset)


SPACE = {"lr": log_float(3e-4, 0.1), "batch_size": choice(16, 32, 64), "width": log_integer(4, 64)}


@trainable(metric=Metric("val_acc", unit="%", margin=0.005, test="test_acc"), config=parse_args, space=SPACE)
def main(args, run):
    torch.manual_seed(args.seed)
    train_dl, val_dl, test_dl = loaders(args.batch_size, args.seed)
    model = Net(args.width)
    opt = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=args.weight_decay)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, args.epochs)
    run.keep(model, opt=opt, sched=sched)

    for _ in run.epochs(args.epochs):
        model.train()
        train_loss = 0.0
        for x, y in train_dl:
            loss = F.cross_entropy(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            train_loss += loss.item() * len(y) / len(train_dl.dataset)
        sched.step()
        val_loss, val_acc = evaluate(model, val_dl)
        yield {"train_loss": train_loss, "val_loss": val_loss, "val_acc": val_acc}

    run.restore_best()
    _, test_acc = evaluate(model, test_dl)
    return {"test_acc": test_acc}


if __name__ == "__main__":
    main()
