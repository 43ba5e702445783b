"""AlexNet against the stated shapes, parameters and initial weights, and against the classic one layer by layer."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from alexnet.config import ARCHITECTURES, Config
from alexnet.model import AlexNet
from benchmarks import classic


@pytest.fixture(scope="module")
def model() -> AlexNet:
    torch.manual_seed(0)
    return AlexNet(Config(), 10)


def test_number_of_parameters(model: AlexNet) -> None:
    assert sum(p.numel() for p in model.parameters()) == 23_272_266


def test_shapes_through_the_net(model: AlexNet) -> None:
    seen: list[tuple[int, ...]] = []
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.MaxPool2d | nn.Linear)]
    hooks = [layer.register_forward_hook(lambda _, __, out: seen.append(tuple(out.shape[1:]))) for layer in layers]
    logits, features = model(torch.zeros(2, 3, 32, 32))
    for hook in hooks:
        hook.remove()
    assert seen == [
        (64, 16, 16), (64, 8, 8), (192, 8, 8), (192, 4, 4), (384, 4, 4), (256, 4, 4), (256, 4, 4), (256, 2, 2),
        (4096,), (4096,), (10,),
    ]  # fmt: skip
    assert tuple(logits.shape) == (2, 10) and tuple(features.shape) == (2, 1024)


def test_dropout_comes_before_the_first_two_linear_layers() -> None:
    kinds = [type(layer).__name__ for layer in AlexNet(Config(dropout=0.3), 10).classifier]
    assert kinds == ["Dropout", "Linear", "ReLU", "Dropout", "Linear", "ReLU", "Linear"]
    assert AlexNet(Config(dropout=0.3), 10).classifier[3].p == 0.3


def test_same_weights_give_the_classic_networks_answers_and_gradients(model: AlexNet) -> None:
    other = classic.AlexNet(10)
    ours, theirs = ([p for p in m.parameters()] for m in (model, other))
    assert [p.shape for p in ours] == [p.shape for p in theirs]
    with torch.no_grad():
        for mine, its in zip(ours, theirs, strict=True):
            its.copy_(mine)
    images, labels = torch.randn(8, 3, 32, 32), torch.arange(8)
    for m in (model, other):
        m.eval().zero_grad()
        logits, _ = m(images)
        nn.functional.cross_entropy(logits, labels).backward()
    torch.testing.assert_close(model(images), other(images), rtol=1e-4, atol=1e-4)
    for mine, its in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad, its.grad, rtol=1e-3, atol=1e-5)


def test_initial_weights(model: AlexNet) -> None:
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            expected = math.sqrt(2 / (layer.in_channels * 9))  # Kaiming, fan in
        elif isinstance(layer, nn.Linear):
            expected = math.sqrt(2) * math.sqrt(2 / (layer.in_features + layer.out_features))  # Xavier, relu gain
        else:
            continue
        weights = layer.weight.detach().flatten()
        assert layer.bias is not None and not layer.bias.any()
        n = len(weights)
        assert abs(weights.mean()) < 4 * expected / n**0.5
        assert abs(weights.std() / expected - 1) < 4 / (2 * n) ** 0.5
        kurtosis = ((weights / weights.std()) ** 4).mean()  # 3 for a normal, 1.8 for a uniform distribution
        assert abs(kurtosis - 3) < 4 * (24 / n) ** 0.5 + 0.01


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_is_described_and_trains(name: str) -> None:
    assert ARCHITECTURES[name].description and "\n" not in ARCHITECTURES[name].description
    torch.manual_seed(0)
    model = AlexNet(Config(architecture=name), 3)
    logits, features = model(torch.randn(4, 3, 32, 32))
    assert tuple(logits.shape) == (4, 3) and features.shape[0] == 4 and features.dim() == 2
    nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 0])).backward()
    for parameter in model.parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all()
    assert all(parameter.grad.any() for parameter in model.parameters() if parameter.dim() > 1)


def test_architectures_are_many_and_differ() -> None:
    assert len(ARCHITECTURES) >= 9  # the baseline and eight questions
    assert len({str(AlexNet(Config(architecture=name), 10)) for name in ARCHITECTURES}) == len(ARCHITECTURES)
    assert len({spec.description for spec in ARCHITECTURES.values()}) == len(ARCHITECTURES)


def test_tiny_is_tiny() -> None:
    assert sum(p.numel() for p in AlexNet(Config(architecture="tiny"), 10).parameters()) <= 1_000_000


def test_bfloat16_gradients_are_those_of_plain_linear_layers(model: AlexNet) -> None:
    """The fast linear layer is another order of the same products: it may differ from torch's by rounding only."""
    layer = model.classifier[1]
    plain = nn.Linear(1024, 4096)
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(32, 1024)
    gradients = []
    for candidate in (layer, plain):
        candidate.zero_grad()
        inputs = x.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            candidate(inputs).float().square().mean().backward()
        gradients.append((inputs.grad, candidate.weight.grad, candidate.bias.grad))
    for mine, its in zip(*gradients, strict=True):
        assert mine is not None and its is not None and mine.dtype == its.dtype == torch.float32
        assert (mine - its).norm() / its.norm() < 0.01
