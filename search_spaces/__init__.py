"""What may vary in a sweep: named spaces, a user's own, and the checks before anything starts. Imports no torch."""

from search_spaces.dimensions import choice, integer, log_float, log_integer, uniform
from search_spaces.load import load_ablations, load_space
from search_spaces.space import Space

__all__ = ["Space", "choice", "integer", "load_ablations", "load_space", "log_float", "log_integer", "uniform"]
