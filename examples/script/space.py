"""What a sweep of ``train.py`` may vary: ``sweep --space examples/script/space.py:rates``."""

from search_spaces import choice, log_float

rates = {"lr": log_float(3e-4, 0.1), "width": choice(8, 16, 32), "batch": choice(16, 32, 64)}
