"""A regression as a plain function that returns its scores: LDL cholesterol from the other nine measurements.

    python -m study.run baseline --trainable examples/regression.py --seeds 6 --study runs/regression
    python -m study.run sweep --trials 20 --study runs/regression
    python -m study.run confirm --top 1 --study runs/regression

RMSE is the root of a mean over patients and no mean itself: there are no scores per example to hand over.
"""

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.model_selection import train_test_split

from search_spaces import integer, log_float, log_integer, uniform
from study import Metric, trainable


def load():
    data = load_diabetes(scaled=False)
    ldl = data.feature_names.index("s2")
    return train_test_split(np.delete(data.data, ldl, axis=1), data.data[:, ldl], test_size=142, random_state=0)


@trainable(
    metric=Metric("val_rmse", goal="min", unit="mg/dl", margin=0.2, test="test_rmse"),
    data=load,
    space={
        "learning_rate": log_float(0.01, 0.5),
        "trees": log_integer(50, 800),
        "depth": integer(1, 6),
        "subsample": uniform(0.3, 1),
        "min_leaf": log_integer(1, 30),
    },
)
def train(
    learning_rate: float = 0.1, trees: int = 100, depth: int = 3, subsample: float = 0.5, min_leaf: int = 1, *, run
):
    x, test_x, y, test_y = run.data
    x, val_x, y, val_y = train_test_split(x, y, test_size=90, random_state=run.seed)
    model = GradientBoostingRegressor(
        learning_rate=learning_rate, n_estimators=trees, max_depth=depth, subsample=subsample, min_samples_leaf=min_leaf
    ).fit(x, y)

    def rmse(x, y):
        return np.sqrt(np.mean((model.predict(x) - y) ** 2))

    return {"train_rmse": rmse(x, y), "val_rmse": rmse(val_x, val_y), "test_rmse": rmse(test_x, test_y)}
