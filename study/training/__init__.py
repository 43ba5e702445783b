"""One training: what a trainable gets as ``run``, how its state is kept, and the loop that turns it into an Outcome."""
