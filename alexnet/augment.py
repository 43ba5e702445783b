"""The classic augmentation in batches: rotate, flip, crop; every image with its own draw.

The same distribution as torchvision's ``RandomRotation`` (nearest, zero fill), ``RandomHorizontalFlip`` and
``RandomCrop`` on PIL images, as one gather per batch: each output pixel's source is computed backwards through crop,
flip and rotation. Rotation uses PIL's own 16.16 fixed-point arithmetic, so that rounding falls the same way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from alexnet.config import Config
from alexnet.seeds import generator

SIZE = 32
FIXED = 65536  # PIL's Geometry.c rotates small images in 16.16 fixed point


@dataclass(frozen=True)
class Draws:
    """One draw per image: everything random about an augmentation."""

    degrees: Tensor  # (n,) float64, counter-clockwise, as torchvision counts
    flip: Tensor  # (n,) bool
    top: Tensor  # (n,) int64 in 0..2*padding: where the crop starts in the padded image
    left: Tensor  # (n,) int64

    def to(self, device: torch.device) -> Draws:
        """Move to a device."""
        return Draws(*(t.to(device) for t in (self.degrees, self.flip, self.top, self.left)))

    def __getitem__(self, at: slice) -> Draws:
        """Take a slice of images."""
        return Draws(self.degrees[at], self.flip[at], self.top[at], self.left[at])


def draw(n: int, config: Config, random: torch.Generator) -> Draws:
    """Draw for ``n`` images: angle uniform in +-rotation_degrees, flip, crop offsets uniform."""
    angle = (torch.rand(n, generator=random, dtype=torch.float64) * 2 - 1) * config.rotation_degrees
    flip = torch.rand(n, generator=random) < config.flip_probability
    top = torch.randint(0, 2 * config.crop_padding + 1, (n,), generator=random)
    left = torch.randint(0, 2 * config.crop_padding + 1, (n,), generator=random)
    return Draws(angle, flip, top, left)


def sources(draws: Draws, padding: int) -> Tensor:
    """Return (n, 1024) int64: for each output pixel the flat source pixel, or 1024 where it is padding.

    The matrix is PIL's ``Image.rotate`` about the centre: an output pixel's centre (x + 1/2, y + 1/2) comes from
    ``[[c, s], [-s, c]]`` applied to it, with c, s of the negative angle rounded to 15 digits there and of no
    consequence at 16 bits.
    """
    device = draws.degrees.device
    grid = torch.arange(SIZE, device=device)
    y = grid[None, :] + draws.top[:, None] - padding  # (n, 32): position in the flipped, rotated image
    x = grid[None, :] + draws.left[:, None] - padding
    outside_y, outside_x = (y < 0) | (y >= SIZE), (x < 0) | (x >= SIZE)
    x = torch.where(draws.flip[:, None], SIZE - 1 - x, x)

    radians = -draws.degrees * (math.pi / 180)
    cos, sin = torch.cos(radians), torch.sin(radians)
    centre = SIZE / 2
    offset_x = centre - (cos * centre + sin * centre)
    offset_y = centre - (-sin * centre + cos * centre)

    def fixed(value: Tensor) -> Tensor:
        return torch.floor(value * FIXED + 0.5).to(torch.int32)

    a, b, c = fixed(cos), fixed(sin), fixed(offset_x + cos * 0.5 + sin * 0.5)
    d, e, f = fixed(-sin), fixed(cos), fixed(offset_y - sin * 0.5 + cos * 0.5)
    x32, y32 = x.to(torch.int32), y.to(torch.int32)
    source_x = ((a[:, None] * x32 + c[:, None])[:, None, :] + (b[:, None] * y32)[:, :, None]) >> 16  # (n, 32, 32)
    source_y = ((d[:, None] * x32 + f[:, None])[:, None, :] + (e[:, None] * y32)[:, :, None]) >> 16
    inside = (source_x >= 0) & (source_x < SIZE) & (source_y >= 0) & (source_y < SIZE)
    inside &= ~(outside_y[:, :, None] | outside_x[:, None, :])
    return torch.where(inside, source_y * SIZE + source_x, SIZE * SIZE).flatten(1).to(torch.int64)


def pad(images: Tensor) -> Tensor:
    """(n, 3, 32, 32) uint8 -> (n, 3, 1025) uint8, a black pixel behind the last: what padding reads."""
    flat = images.flatten(2)
    return torch.cat([flat, flat.new_zeros(flat.shape[0], flat.shape[1], 1)], dim=2)


def augment(padded: Tensor, draws: Draws, padding: int) -> Tensor:
    """(n, 3, 1025) uint8 from :func:`pad` and its n draws -> (n, 3, 32, 32) uint8."""
    index = sources(draws, padding)
    return padded.gather(2, index[:, None, :].expand(-1, padded.shape[1], -1)).view(-1, padded.shape[1], SIZE, SIZE)


def preview(config: Config, seed: int, data: Any, rows: int = 6, columns: int = 8) -> Tensor:
    """Return (rows, columns, 3, 32, 32) uint8: training images (column 0) and how training may see them."""
    random = generator(seed, "preview")
    chosen = torch.randperm(len(data.train_labels), generator=random)[:rows]
    originals = data.train_images[chosen]
    shown = [originals]
    for _ in range(columns - 1):
        shown.append(augment(pad(originals), draw(rows, config, random), config.crop_padding))
    return torch.stack(shown, dim=1)
