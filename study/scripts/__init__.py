"""A command as a trainable, below the engine: its template, its process, and the numbers read from what it prints."""
