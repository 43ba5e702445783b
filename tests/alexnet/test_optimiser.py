"""The optimisers are torch.optim's to the bit, and a training loads no compiler."""

import copy
import subprocess
import sys

import pytest
import torch

from alexnet.config import Config
from alexnet.model import AlexNet
from alexnet.optimiser import make_optimizer

RATE, DECAY = 1e-2, 0.03
PLAIN = {  # as a user would write it
    "adam": lambda p: torch.optim.Adam(p, lr=RATE, weight_decay=DECAY, fused=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=RATE, weight_decay=DECAY, fused=True),
    "nadam": lambda p: torch.optim.NAdam(p, lr=RATE, weight_decay=DECAY),
    "sgd": lambda p: torch.optim.SGD(p, lr=RATE, weight_decay=DECAY, momentum=0.7, fused=True),
}


def steps(model, optimiser, count, first=0):
    for number in range(first, first + count):
        torch.manual_seed(number)
        images = torch.randn(4, 3, 32, 32)
        torch.manual_seed(number)  # the same dropout
        optimiser.zero_grad(set_to_none=True)
        model(images)[0].square().mean().backward()
        optimiser.step()


@pytest.mark.parametrize("name", PLAIN)
def test_every_optimiser_takes_the_steps_of_torch_and_keeps_its_state(name):
    config = Config(architecture="tiny", optimizer=name, learning_rate=RATE, weight_decay=DECAY, momentum=0.7)
    ours = AlexNet(config, 10).to(memory_format=torch.channels_last)
    plain = copy.deepcopy(ours)
    mine, theirs = make_optimizer(config, ours), PLAIN[name](plain.parameters())
    steps(ours, mine, 4)
    steps(plain, theirs, 4)
    resumed = make_optimizer(config, ours)
    resumed.load_state_dict(copy.deepcopy(theirs.state_dict()))  # what an earlier checkpoint holds
    steps(ours, resumed, 2, first=4)
    steps(plain, theirs, 2, first=4)
    for a, b in zip(ours.parameters(), plain.parameters(), strict=True):
        assert torch.equal(a, b) and not a.grad.requires_grad
    kept, expected = resumed.state_dict(), theirs.state_dict()
    assert kept["param_groups"] == expected["param_groups"]
    for number, slots in expected["state"].items():
        assert kept["state"][number].keys() == slots.keys()
        assert all(torch.equal(kept["state"][number][slot], value) for slot, value in slots.items())


@pytest.mark.parametrize("name", PLAIN)
def test_a_training_loads_no_compiler(name):
    """torch._dynamo, sympy and triton cost a second in every process that trains."""
    program = f"""
import sys, numpy as np, torch
from alexnet.data import Data
from results.outcome import Runtime
from study.jobs import Model
from study.protocol import load_trainable
from study.training.loop import train
images, labels = torch.zeros((20, 3, 32, 32), dtype=torch.uint8), torch.arange(20) % 2
data = Data("made up", "", ("a", "b"), images, labels, images, labels)
model = Model(load_trainable("alexnet"), "alexnet", data, Runtime())
config = model.trainable.Config(architecture="tiny", optimizer="{name}", epochs=1).model_dump()
outcome = train(model, config, 0, lambda epoch, state, last: not state())
assert outcome.status == "complete"
print(*sorted({{"torch._dynamo", "sympy", "triton", "torchvision", "pandas", "scipy", "sklearn"}} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []
