"""A character-level language model, judged by its loss alone: a recurrent network on eighteen sonnets.

    python -m study.run baseline --trainable examples/char_lm.py --seeds 6 --study runs/sonnets
    python -m study.run sweep --trials 20 --study runs/sonnets
    python -m study.run confirm --top 1 --study runs/sonnets

Characters of one text are no independent examples, so their single losses are not handed over.
"""

from pathlib import Path
from typing import Literal

import torch
from torch import nn
from torch.nn import functional as F

from search_spaces import choice, log_float, log_integer, uniform
from study import Metric, trainable


def load():
    text = Path(__file__).with_name("sonnets.txt").read_text(encoding="utf-8")
    letters = sorted(set(text))
    return letters, [torch.tensor([letters.index(c) for c in sonnet + "\n"]) for sonnet in text.split("\n\n")]


class Model(nn.Module):
    def __init__(self, letters, width, cell, dropout):
        super().__init__()
        self.embed = nn.Embedding(letters, width)
        self.cell = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell](width, width, batch_first=True)
        self.drop, self.head = nn.Dropout(dropout), nn.Linear(width, letters)

    def loss(self, x):
        states, _ = self.cell(self.drop(self.embed(x[:, :-1])))
        return F.cross_entropy(self.head(self.drop(states)).flatten(0, 1), x[:, 1:].flatten())


@trainable(
    metric=Metric("val_loss", goal="min", unit="nats", margin=0.01, test="test_loss"),
    data=load,
    space={
        "lr": log_float(3e-4, 3e-2),
        "width": log_integer(16, 128),
        "cell": choice("rnn", "gru", "lstm"),
        "dropout": uniform(0, 0.5),
        "context": choice(16, 32, 64, 128),
    },
    prefix=True,  # a constant rate: the first three epochs of eight are a training of three
)
def train(
    lr: float = 3e-3,
    width: int = 64,
    cell: Literal["rnn", "gru", "lstm"] = "lstm",
    dropout: float = 0.0,
    context: int = 32,
    epochs: int = 8,
    *,
    run,
):
    letters, sonnets = run.data
    order = torch.randperm(15).tolist()  # the last three are the test; another three are set aside for each seed
    val, text = [sonnets[i] for i in order[:3]], torch.cat([sonnets[i] for i in order[3:]])
    model = Model(len(letters), width, cell, dropout)
    opt = torch.optim.Adam(model.parameters(), lr)
    run.keep(model, opt=opt)

    def measure(sonnets):
        model.eval()
        with torch.no_grad():  # per character
            losses = [(model.loss(sonnet[None]).item(), len(sonnet) - 1) for sonnet in sonnets]
        return sum(loss * n for loss, n in losses) / sum(n for _, n in losses)

    for _ in run.epochs(epochs):
        model.train()
        start = int(torch.randint(context, ()))  # cut anew each epoch
        pieces = text[start:].unfold(0, context + 1, context)
        for i in torch.randperm(len(pieces)).split(8):
            opt.zero_grad()
            model.loss(pieces[i]).backward()
            opt.step()
        yield {"val_loss": measure(val)}
    run.restore_best()
    return {"test_loss": measure(sonnets[15:])}
