"""Logistic regression on random Fourier features of scikit-learn's digits: a model as a module, without torch.

python -m study.run baseline --trainable examples/digits_sklearn.py --dataset digits --seeds 6 --study runs/sklearn
"""

from types import SimpleNamespace

import numpy as np
from pydantic import BaseModel, Field
from sklearn.datasets import load_digits
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

from search_spaces import choice, log_float, log_integer
from study import Metric

METRIC = Metric("val_accuracy", unit="%", margin=0.005, test="test_accuracy", select="val_loss:min")
PREFIX = True  # nothing depends on epochs: the first five of ten are a training of five
WIDE = {"learning_rate": log_float(0.02, 5), "features": log_integer(25, 400), "gamma": log_float(0.015, 0.4)}
LUCK = {"replicate": choice(*range(1000))}  # trials that differ by luck alone
SPACES = {"default": WIDE | {"penalty": choice(0.0, 1e-6, 1e-5, 1e-4, 1e-3)}, "luck": LUCK}


class Config(BaseModel):
    learning_rate: float = Field(0.5, gt=0, le=100, description="constant step size")
    features: int = Field(100, ge=1, le=10000, description="number of random Fourier features")
    gamma: float = Field(0.06, gt=0, le=100, description="how quickly the features change with the pixels")
    penalty: float = Field(1e-5, ge=0, le=1, description="L2 penalty")
    epochs: int = Field(10, ge=1, le=1000, description="passes over the training images")
    replicate: int = Field(0, ge=0, description="does nothing but change every random draw, for studies of luck")


def load_data():
    x, y = load_digits(return_X_y=True)
    x, test_x, y, test_y = train_test_split(x / 16, y, test_size=597, stratify=y, random_state=0)
    images = np.uint8(240 * test_x.reshape(-1, 1, 8, 8).repeat(3, axis=1))  # optional: pictures of the mistakes
    return SimpleNamespace(name="digits", x=x, y=y, test_x=test_x, test_y=test_y, test_images=images)


def train(config, run):
    def draw(*purpose):  # a stream of its own for each purpose and epoch
        return int(np.random.SeedSequence([run.seed, config.replicate, *purpose]).generate_state(1)[0])

    def scores(split, x, y):
        p = model.predict_proba(x).astype(np.float32)
        if split != "train":
            run.predictions(split, p, y)
        chosen = np.maximum(p[np.arange(len(y)), y], np.finfo(np.float32).tiny).astype(float)
        return {f"{split}_loss": -np.log(chosen).mean(), f"{split}_accuracy": (p.argmax(1) == y).mean()}

    fourier = RBFSampler(gamma=config.gamma, n_components=config.features, random_state=draw(0))
    x, y = fourier.fit_transform(run.data.x), run.data.y
    val, rest = np.split(np.random.default_rng(draw(1)).permutation(len(x)), [180])
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=config.learning_rate, alpha=config.penalty)
    model.coef_, model.intercept_ = np.zeros((10, config.features)), np.zeros(10)  # partial_fit writes into them
    run.keep({"coef": model.coef_, "intercept": model.intercept_})
    for epoch in run.epochs(config.epochs):
        model.set_params(random_state=draw(2, epoch)).partial_fit(x[rest], y[rest], classes=np.arange(10))
        yield scores("train", x[rest], y[rest]) | scores("val", x[val], y[val])
    run.restore_best()
    return scores("test", fourier.transform(run.data.test_x), run.data.test_y)
