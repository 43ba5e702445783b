"""A study's records -> one HTML file that loads nothing, and tables. Trains nothing; no torch, no Ray."""
