"""The contract every trainable is held to; ``python -m study.contract`` runs the same for a user's own."""

from study.contract import Broken, check_trainable, difference

__all__ = ["Broken", "check_trainable", "difference"]
