"""What the report shows as pictures, kept once per study: thumbnails, augmentation, features in the plane."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from results.outcome import Outcome
from results.record import Record
from results.store import Study
from study.protocol import Trainable, as_numpy
from study.recording.writer import After

PICTURED = 2000  # test images in the 2-D picture: t-SNE's time grows faster than their number


def keep_pictures(study: Study, trainable: Trainable, data: Any) -> After:
    """Return what is to be called with each ended run: the first baseline leaves the pictures."""

    def after(record: Record, outcome: Outcome) -> Callable[[], None] | None:
        if record.status == "complete" and record.config_hash == study.meta.baseline_hash:
            return partial(_save_pictures, study, trainable, data, record, outcome)
        return None

    return after


def _save_pictures(study: Study, trainable: Trainable, data: Any, record: Record, outcome: Outcome) -> None:
    """Keep what the report shows as pictures of the first baseline: thumbnails, augmentation, features in 2-D."""
    images = getattr(data, "test_images", None)
    path = study.artefact_path("test_images.npy")
    if images is not None and not study.files.exists(path):
        pictures = as_numpy(images)
        study.files.write(path, lambda file: np.save(file, pictures, allow_pickle=False))
    path = study.artefact_path("augmented.npz")
    preview = trainable.hook("preview")
    if preview is not None and not study.files.exists(path):
        grid = np.asarray(preview(trainable.Config(**record.config), record.seed, data))
        study.save_arrays(path, {"images": np.ascontiguousarray(grid.transpose(0, 1, 3, 4, 2))})
    if (
        outcome.features is not None
        and outcome.test is not None
        and not any(name.startswith("features-") for name in study.files.names("artefacts"))
    ):
        embedded = embed(outcome.features, outcome.test.labels, record.seed)
        if embedded is not None:
            study.save_arrays(study.artefact_path(f"features-{record.run_id}.npz"), embedded)


def embed(features: np.ndarray, labels: np.ndarray, seed: int) -> dict[str, np.ndarray] | None:
    """Project (n, d) features of a random PICTURED of the images to the plane by PCA and by t-SNE.

    None where there is no plane: one dimension, or features that are all alike.

    Returns ``pca`` (k, 2), ``tsne`` (k, 2) float32, ``labels`` and ``index`` (k,), ``variance`` (2,) shares explained.
    """
    from sklearn.decomposition import PCA  # noqa: PLC0415 - a second to import, once per study
    from sklearn.manifold import TSNE  # noqa: PLC0415 - a second to import, once per study

    index = np.sort(np.random.default_rng(seed).permutation(len(labels))[:PICTURED])
    chosen = features[index].astype(np.float64)
    components = min(50, *chosen.shape)
    if components < 2:
        return None
    pca = PCA(components, random_state=0).fit(chosen)
    reduced = pca.transform(chosen)
    if not reduced[:, 0].astype(np.float32).std() > 0:  # t-SNE divides by it, and NaN ends the process (SIGSEGV)
        return None
    perplexity = min(30.0, (len(index) - 1) / 3)
    tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=0).fit_transform(reduced)
    return {
        "pca": reduced[:, :2].astype(np.float32),
        "tsne": tsne.astype(np.float32),
        "labels": labels[index],
        "index": index,
        "variance": pca.explained_variance_ratio_[:2].astype(np.float32),
    }
