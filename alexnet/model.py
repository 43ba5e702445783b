"""AlexNet for 32x32 images and its variants, built from a config."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.grad import conv2d_input

from alexnet.config import ARCHITECTURES, Architecture, Config

ACTIVATIONS = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "gelu": nn.GELU}
POOLINGS = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}


class _Conv3x3(torch.autograd.Function):
    """A 3x3 convolution (stride 1, padding 1) in bfloat16 whose weight gradient is one matrix product.

    oneDNN computes that gradient for small images at a fifth of the machine's matrix rate: 35-60 of a step's 330 ms
    per layer on one core with AMX. Forward and input gradient stay the library's.
    """

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        x = x.to(torch.bfloat16, memory_format=torch.channels_last)
        low = weight.to(torch.bfloat16)
        ctx.save_for_backward(x, low)
        return F.conv2d(x, low, bias.to(torch.bfloat16), padding=1)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:  # type: ignore[no-untyped-def]
        x, weight = ctx.saved_tensors
        n, inputs, height, width = x.shape
        outputs = weight.shape[0]
        grad = grad.contiguous(memory_format=torch.channels_last)
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = conv2d_input(x.shape, weight, grad, padding=1)
        rows = grad.permute(0, 2, 3, 1).reshape(-1, outputs)  # (n*h*w, outputs), a view
        padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))  # (n, h+2, w+2, inputs)
        image, line, pixel, _ = padded.stride()
        patches = padded.as_strided((n, height, width, 3, 3, inputs), (image, line, pixel, line, pixel, 1))
        grad_weight = rows.t() @ patches.reshape(len(rows), 9 * inputs)  # (outputs, 9*inputs)
        grad_weight = grad_weight.float().view(outputs, 3, 3, inputs).permute(0, 3, 1, 2)
        return grad_x, grad_weight, rows.sum(0, dtype=torch.float32)


class Conv2d(nn.Conv2d):
    """A convolution that trains fast under bfloat16 autocast on a CPU, and ``nn.Conv2d`` everywhere else."""

    def forward(self, input: Tensor) -> Tensor:
        """(n, inputs, h, w) -> (n, outputs, h', w'), as ``nn.Conv2d`` does."""
        quick = input.device.type == "cpu" and torch.is_autocast_enabled("cpu") and torch.is_grad_enabled()
        if quick and self.stride == (1, 1) and self.bias is not None:
            with torch.autocast("cpu", enabled=False):
                out: Tensor = _Conv3x3.apply(input, self.weight, self.bias)
                return out
        return super().forward(input)


class AlexNet(nn.Module):
    """Convolutions, then a classifier. ``forward`` gives logits and the features the classifier sees.

    Args:
        config: its ``architecture`` and ``dropout`` are used.
        classes: number of classes.
    """

    def __init__(self, config: Config, classes: int) -> None:
        super().__init__()
        spec = ARCHITECTURES[config.architecture]
        self.features = nn.Sequential(*_convolutions(spec))
        width = spec.channels[-1]
        if spec.head == "global":
            self.pool: nn.Module = nn.AdaptiveAvgPool2d(1)
        else:
            self.pool = nn.Identity()
            halvings = len(spec.pooled) + (spec.stride == 2)
            width *= (32 >> halvings) ** 2
        self.classifier = nn.Sequential(*_classifier(spec, width, config.dropout, classes))
        self.apply(_initialise)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3, 32, 32) float -> logits (n, classes) and features (n, d); d is 1024 for the baseline."""
        features = self.pool(self.features(images)).flatten(1)
        return self.classifier(features), features


def _convolutions(spec: Architecture) -> list[nn.Module]:
    layers: list[nn.Module] = []
    before = 3
    for number, channels in enumerate(spec.channels, start=1):
        stride = spec.stride if number == 1 else 1
        layers.append(Conv2d(before, channels, 3, stride=stride, padding=1))
        if spec.batch_norm:
            layers.append(nn.BatchNorm2d(channels))
        layers.append(ACTIVATIONS[spec.activation]())
        layers += [POOLINGS[spec.pool](2) for _ in range(spec.pooled.count(number))]
        before = channels
    return layers


def _classifier(spec: Architecture, width: int, dropout: float, classes: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for hidden in spec.hidden:
        if spec.use_dropout:
            layers.append(nn.Dropout(dropout))
        layers += [nn.Linear(width, hidden), ACTIVATIONS[spec.activation]()]
        width = hidden
    return [*layers, nn.Linear(width, classes)]


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    elif isinstance(module, nn.Linear):
        nn.init.xavier_normal_(module.weight, gain=nn.init.calculate_gain("relu"))
    if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)


def count_parameters(model: nn.Module) -> int:
    """Return the number of trained numbers."""
    return sum(p.numel() for p in model.parameters())
