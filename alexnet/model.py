"""AlexNet for 32x32 images and its variants, built from a config."""

from __future__ import annotations

from torch import Tensor, nn

from alexnet.config import ARCHITECTURES, Architecture, Config
from alexnet.cpu import Conv2d

ACTIVATIONS = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "gelu": nn.GELU}
POOLINGS = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}


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
