"""Made-up trainings with real-looking noise, for the calibration: accuracies per seed, and correctness per image.

A test set of 10,000 images whose chances of being classified right follow Beta(1.2, 0.4): 75 % on average, many easy,
some hopeless, mean p(1-p) = 0.115, hence a standard deviation of 0.34 percentage points from the images'
own coin flips. On top comes a run-wide shift of 0.25: 0.42 in all, as small convolutional networks show over seeds.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

IMAGES = 10_000
MEAN = 0.75
BETA = (1.2, 0.4)
FLIPS = 0.115  # mean over images of p (1 - p) under BETA
RUN_SD = 0.0025

NOISES = {
    "normal": "a normal shift of the whole run",
    "skewed": "now and then a poor run: the shift is a mirrored gamma (skewness -1)",
    "heavy": "the shift is a Student t with 3 degrees of freedom",
    "collapse": "one run in fifty, of either side, loses 5 to 40 percentage points",
    "unequal": "the candidates' runs are skewed, and their shift is twice as wide as the baseline's",
    "noisier baseline": "the baseline's runs vary three times as widely as a candidate's",
    "steadier baseline": "the candidates' runs vary three times as widely as the baseline's",
    "negative correlation": "what lifts a baseline's run lowers the candidates' of its seed: own shift - 0.6 x its",
    "one noisier candidate": "the first candidate's runs vary four times as widely as all others",
    "failing": "each run fails with probability 0.2, and its pairs have no score",
}
TIMES = {"noisier baseline": 3.0, "steadier baseline": 3.0, "one noisier candidate": 4.0}
OPPOSED = 0.6  # of the baseline's shift
FAILING = 0.2  # of the runs
# of these no promise is made
RARE = "only the candidate collapses"  # equal means by a small steady gain and a rare ruin
BARE = "unequal without coin flips"  # as of a test set without end: nothing but a skewed shift against a normal one


def shifts(noise: str, shape: tuple[int, ...], rng: np.random.Generator, candidate: bool) -> np.ndarray:
    """Draw run-wide shifts of accuracy (fractions) with mean zero, of candidates or of the baseline."""
    if noise == "skewed" or (noise in ("unequal", BARE) and candidate):
        scale = 1 if noise == "skewed" else 2
        return scale * RUN_SD * (4 - rng.gamma(4.0, size=shape)) / 2
    if noise == "heavy":
        return RUN_SD * rng.standard_t(3, size=shape) / np.sqrt(3)
    normal = RUN_SD * rng.standard_normal(shape)
    if noise == RARE:
        return normal + 0.0045 - np.where(rng.random(shape) < 0.02, 0.225, 0.0) if candidate else normal
    if noise == "collapse":
        return normal - np.where(rng.random(shape) < 0.02, rng.uniform(0.05, 0.4, shape), 0.0)
    if noise == ("steadier baseline" if candidate else "noisier baseline"):
        return normal * wider(TIMES[noise])
    return normal


def wider(times: float) -> float:
    """Return by what a shift is multiplied that a run, its images' coin flips included, varies ``times`` as widely."""
    flips = FLIPS / IMAGES
    return float(np.sqrt(times**2 * (RUN_SD**2 + flips) - flips) / RUN_SD)


def accuracies(shift: np.ndarray, rng: np.random.Generator, effect: float = 0.0, flip: bool = True) -> np.ndarray:
    """Draw test accuracies of runs with these shifts: whole images out of IMAGES, true mean MEAN + effect."""
    flips = np.sqrt(flip * FLIPS / IMAGES) * rng.standard_normal(shift.shape)
    return np.rint(IMAGES * (MEAN + effect + shift + flips)) / IMAGES


def differences(
    noise: str, studies: int, comparisons: int, seeds: int, rng: np.random.Generator, effect: float = 0.0
) -> np.ndarray:
    """Draw (studies, comparisons, seeds) paired differences; all candidates of a study share its baseline runs.

    NaN where a run of the two failed, which only those of 'failing' do.
    """
    baseline = shifts(noise, (studies, 1, seeds), rng, candidate=False)
    own = shifts(noise, (studies, comparisons, seeds), rng, candidate=True)
    if noise == "negative correlation":
        own = own - OPPOSED * baseline
    if noise == "one noisier candidate":
        own[:, 0] *= wider(TIMES[noise])
    flip = noise != BARE
    found = accuracies(own, rng, effect, flip) - accuracies(baseline, rng, flip=flip)
    if noise == "failing":
        failed = (rng.random(own.shape) < FAILING) | (rng.random(baseline.shape) < FAILING)
        found = np.where(failed, np.nan, found)
    return found


def correctness(
    comparisons: int, seeds: int, images: int, rng: np.random.Generator, disagreement: float = 0.5
) -> np.ndarray:
    """Draw one study's (comparisons, seeds, images) int8: candidate correct minus baseline correct.

    Every config, the baseline among them, finds other images hard: the log-odds of each image move by ``disagreement``
    (standard deviation) per config. By symmetry all configs have the same accuracy in the population of images, while
    on these images they truly differ. disagreement = 0 makes them equal on these images too.
    """
    difficulty = logit(np.clip(rng.beta(*BETA, images), 1e-4, 1 - 1e-4))
    own = difficulty + disagreement * rng.standard_normal((comparisons + 1, 1, images))
    run = RUN_SD / FLIPS * rng.standard_normal((comparisons + 1, seeds, 1))  # moves accuracy by about RUN_SD
    chance = expit((own + run).astype(np.float32))
    right = (rng.random(chance.shape, dtype=np.float32) < chance).astype(np.int8)
    return right[1:] - right[:1]
