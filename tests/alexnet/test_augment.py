"""Batched augmentation against the classic one on PIL images: the same pixels for the same draws, the same draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from torch import Tensor
from torchvision.transforms import functional as classic

from alexnet.augment import Draws, augment, draw, pad, preview
from alexnet.config import Config
from alexnet.data import load


def pictures(n: int, seed: int = 0) -> Tensor:
    """(n, 3, 32, 32) uint8 noise: every misplaced pixel shows."""
    return torch.randint(1, 256, (n, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def by_pil(images: Tensor, draws: Draws, padding: int) -> np.ndarray:
    """What torchvision's PIL transforms make of each image with these draws: (n, 3, 32, 32) uint8."""
    results = []
    for i, image in enumerate(images):
        picture = Image.fromarray(image.permute(1, 2, 0).numpy())
        picture = classic.rotate(picture, float(draws.degrees[i]))  # nearest, filled with zeros
        if draws.flip[i]:
            picture = classic.hflip(picture)
        picture = classic.pad(picture, padding)
        picture = classic.crop(picture, int(draws.top[i]), int(draws.left[i]), 32, 32)
        results.append(np.asarray(picture).transpose(2, 0, 1))
    return np.stack(results)


def random(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("degrees", "padding"), [(5.0, 2), (0.0, 2), (5.0, 0), (15.0, 4), (180.0, 8)])
def test_same_draws_give_pils_pixels(degrees: float, padding: int) -> None:
    config = Config(rotation_degrees=degrees, crop_padding=padding)
    images, draws = pictures(2000), draw(2000, config, random(1))
    ours = augment(pad(images), draws, padding).numpy()
    differing = (ours != by_pil(images, draws, padding)).any(axis=1).mean()
    assert differing <= 0.0002


def test_every_flip_and_offset_alone_gives_pils_pixels_exactly() -> None:
    offsets = torch.arange(5)
    top, left, flip = (t.flatten() for t in torch.meshgrid(offsets, offsets, torch.arange(2), indexing="ij"))
    draws = Draws(torch.zeros(50, dtype=torch.float64), flip.bool(), top, left)
    images = pictures(50)
    assert np.array_equal(augment(pad(images), draws, 2).numpy(), by_pil(images, draws, 2))


def test_draws_have_the_classic_distribution() -> None:
    n = 20_000
    draws = draw(n, Config(), random(2))
    # Uniform angles, a fair coin, each offset as likely as another: p-values for one fixed seed, so none can flicker.
    assert stats.kstest(draws.degrees.numpy(), stats.uniform(-5, 10).cdf).pvalue > 0.01
    assert stats.binomtest(int(draws.flip.sum()), n, 0.5).pvalue > 0.01
    for offset in (draws.top, draws.left):
        counts = offset.bincount()
        assert len(counts) == 5 and stats.chisquare(counts.numpy()).pvalue > 0.01
    # Independent of one another, and each image of the one before it.
    columns = [draws.degrees.numpy(), draws.flip.numpy(), draws.top.numpy(), draws.left.numpy()]
    both = np.corrcoef([*(c[1:] for c in columns), *(c[:-1] for c in columns)])
    assert abs(both - np.eye(8)).max() < 4 / n**0.5


def test_every_image_has_its_own_draw() -> None:
    # Nearest-neighbour rotation by up to 5 degrees has few outcomes, times 25 offsets, times 2: wide angles tell more.
    same = pictures(1).expand(512, -1, -1, -1)
    seen = augment(pad(same), draw(512, Config(rotation_degrees=180), random(3)), 2)
    assert len({image.numpy().tobytes() for image in seen}) > 500


def test_an_image_does_not_depend_on_its_batch() -> None:
    images, draws = pictures(64), draw(64, Config(), random(4))
    together = augment(pad(images), draws, 2)
    halves = [augment(pad(images[part]), draws[part], 2) for part in (slice(0, 10), slice(10, 64))]
    assert torch.equal(together, torch.cat(halves))


def test_one_generator_gives_the_same_draws_again() -> None:
    first, second, other = (draw(100, Config(), random(seed)) for seed in (5, 5, 6))
    assert torch.equal(first.degrees, second.degrees) and torch.equal(first.top, second.top)
    assert not torch.equal(first.degrees, other.degrees)


def test_switched_off_it_changes_nothing() -> None:
    config = Config(rotation_degrees=0, flip_probability=0, crop_padding=0)
    images = pictures(20)
    assert torch.equal(augment(pad(images), draw(20, config, random(7)), 0), images)


def test_preview_starts_with_the_originals() -> None:
    data = load("digits")
    shown = preview(Config(), 1, data, rows=3, columns=5)
    assert tuple(shown.shape) == (3, 5, 3, 32, 32) and shown.dtype == torch.uint8
    known = {image.numpy().tobytes() for image in data.train_images}
    assert all(shown[row, 0].numpy().tobytes() in known for row in range(3))
    assert torch.equal(shown, preview(Config(), 1, data, rows=3, columns=5))
