"""What records show: comparisons, noise, power, verdicts, ablations. Pure functions of records; no torch."""
