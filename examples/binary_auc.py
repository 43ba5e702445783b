"""A binary problem judged by the area under the ROC curve: benign or malignant, on scikit-learn's breast cancer data.

    python -m study.run baseline --trainable examples/binary_auc.py --seeds 6 --study runs/auc
    python -m study.run sweep --trials 20 --study runs/auc
    python -m study.run ablate --from best --study runs/auc

The probabilities are optional. They add recall and confusion; the AUC, no mean over patients, is not made of them.
"""

from typing import Annotated, Literal

from pydantic import Field
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from search_spaces import choice, log_float
from study import Metric, trainable

COLUMNS = {"mean": 10, "mean+error": 20, "mean+error+worst": 30}


def load():
    x, y = load_breast_cancer(return_X_y=True)
    return train_test_split(x, y, test_size=200, stratify=y, random_state=0)


@trainable(
    metric=Metric("val_auc", margin=0.002, test="test_auc", select="last"),
    data=load,
    space={
        "learning_rate": log_float(1e-4, 1),
        "penalty": log_float(1e-5, 1),
        "columns": choice(*COLUMNS),
    },
    prefix=True,
)
def train(
    learning_rate: Annotated[float, Field(gt=0)] = 0.01,
    penalty: Annotated[float, Field(ge=0)] = 1e-3,
    columns: Literal["mean", "mean+error", "mean+error+worst"] = "mean",
    epochs: Annotated[int, Field(ge=1)] = 10,
    *,
    run,
):
    x, test_x, y, test_y = run.data
    x, val_x, y, val_y = train_test_split(x, y, test_size=100, stratify=y, random_state=run.seed)
    scale = StandardScaler().fit(x)
    x, val_x, test_x = (scale.transform(part)[:, : COLUMNS[columns]] for part in (x, val_x, test_x))
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=learning_rate, alpha=penalty)
    for _ in run.epochs(epochs):
        model.partial_fit(x, y, classes=[0, 1])
        yield {"val_auc": roc_auc_score(val_y, model.decision_function(val_x))}
    probabilities = model.predict_proba(test_x)
    run.predictions("test", probabilities, test_y, classes=["malignant", "benign"])
    return {"test_auc": roc_auc_score(test_y, probabilities[:, 1])}
