"""AlexNet for 32x32 images: the first trainable. No Ray, no Optuna; training writes no files.

The heavy parts load on first use, so that reading ``alexnet.Config`` does not import torch.
"""

from __future__ import annotations

from typing import Any

from alexnet.config import ARCHITECTURES, Config

NAME = "AlexNet (32x32)"

__all__ = ["NAME", "Config", "fit", "load_data", "preview", "resolve_runtime", "describe", "check"]


def describe(config: Config) -> str:
    """Say in a line which architecture ``config`` names."""
    return ARCHITECTURES[config.architecture].description


def __getattr__(name: str) -> Any:
    if name in ("fit", "check"):
        from alexnet import train

        return getattr(train, name)
    if name == "load_data":
        from alexnet.data import load

        return load
    if name == "resolve_runtime":
        from alexnet.runtime import resolve_runtime

        return resolve_runtime
    if name == "preview":
        from alexnet.augment import preview

        return preview
    raise AttributeError(f"module 'alexnet' has no attribute '{name}'")
