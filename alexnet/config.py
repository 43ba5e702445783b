"""What a run of AlexNet is: a frozen, validated config whose defaults are the baseline. Imports no torch.

The one place of a new architecture is one entry in ARCHITECTURES.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from results.errors import nearest


@dataclass(frozen=True)
class Architecture:
    """One answer to a question people ask of AlexNet; every field's default is the baseline's."""

    description: str  # one line for the report
    channels: tuple[int, ...] = (64, 192, 384, 256, 256)  # output channels of each 3x3 convolution
    pooled: tuple[int, ...] = (1, 2, 5)  # 1-based convolutions that a 2x2 pooling follows
    stride: int = 2  # of the first convolution
    hidden: tuple[int, ...] = (4096, 4096)  # widths of the classifier's hidden layers
    pool: Literal["max", "average"] = "max"
    head: Literal["flatten", "global"] = "flatten"  # how feature maps become a vector
    batch_norm: bool = False
    use_dropout: bool = True
    activation: Literal["relu", "leaky_relu", "gelu"] = "relu"


ARCHITECTURES: dict[str, Architecture] = {
    "baseline": Architecture("the classic: five convolutions, three max-poolings, two hidden layers of 4096"),
    "batch_norm": Architecture(
        "batch normalisation after every convolution: does it steady training?", batch_norm=True
    ),
    "no_dropout": Architecture("no dropout in the classifier: is it needed at all?", use_dropout=False),
    "average_pool": Architecture("average instead of max pooling: does the strongest response matter?", pool="average"),
    "wide": Architecture(
        "every convolution 1.5 times as wide: is it short of features?", channels=(96, 288, 576, 384, 384)
    ),
    "narrow": Architecture(
        "every convolution half as wide: are all the features needed?", channels=(32, 96, 192, 128, 128)
    ),
    "shallow": Architecture(
        "three convolutions instead of five: what does depth buy?", channels=(64, 192, 256), pooled=(1, 2, 3)
    ),
    "global_pool": Architecture(
        "features averaged over the image before the classifier: is place needed?", head="global"
    ),
    "small_classifier": Architecture(
        "hidden layers of 512 instead of 4096: do 21 million weights there contribute?", hidden=(512, 512)
    ),
    "linear_classifier": Architecture("no hidden layers: are the features enough by themselves?", hidden=()),
    "leaky_relu": Architecture("leaky ReLU: do dead units cost anything?", activation="leaky_relu"),
    "gelu": Architecture("GELU instead of ReLU: does a smooth activation help?", activation="gelu"),
    "fine_stem": Architecture(
        "first convolution at stride 1, pooled twice as hard after it: does early resolution matter?",
        channels=(32, 192, 384, 256, 256),
        pooled=(1, 1, 2, 5),
        stride=1,
    ),
    "tiny": Architecture(
        "a small one for demonstrations, under a million parameters",
        channels=(16, 32, 64, 64, 64),
        hidden=(256, 256),
    ),
}


class Config(BaseModel):
    """One run's settings. Defaults are the baseline, exactly; unknown fields and values out of range are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    architecture: str = Field("baseline", description="named variant of the network")
    learning_rate: float = Field(1e-3, gt=0, le=10, description="constant learning rate")
    batch_size: int = Field(256, ge=1, le=65536, description="images per step")
    epochs: int = Field(25, ge=1, le=10000, description="passes over the training images")
    normalization: Literal["channel", "half", "none"] = Field(
        "channel",
        description="input: 'channel' subtracts the training mean and divides by the deviation, "
        "'half' maps to -1..1, 'none' leaves 0..1",
    )
    optimizer: Literal["adam", "adamw", "nadam", "sgd"] = Field("adam", description="update rule")
    weight_decay: float = Field(0.0, ge=0, le=1, description="L2 penalty (adam, nadam, sgd) or decoupled decay (adamw)")
    momentum: float = Field(0.9, ge=0, lt=1, description="momentum, for sgd only")
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="share of the target shared by all classes")
    dropout: float = Field(0.5, ge=0, lt=1, description="dropout probability before each hidden layer")
    rotation_degrees: float = Field(5.0, ge=0, le=180, description="augmentation: rotation uniform in +- this")
    flip_probability: float = Field(0.5, ge=0, le=1, description="augmentation: horizontal flip")
    crop_padding: int = Field(2, ge=0, le=16, description="augmentation: random crop from this many pixels of zeros")
    validation_fraction: float = Field(0.1, gt=0, lt=1, description="share of the training images held out")

    @field_validator("architecture")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in ARCHITECTURES:
            raise ValueError(f"unknown architecture '{value}'{nearest(value, ARCHITECTURES)}")
        return value
