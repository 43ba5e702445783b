"""Which runs a verdict needs, what they can show and what they cost. Trains nothing."""
