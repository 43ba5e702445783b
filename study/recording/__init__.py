"""What is written while runs go on: records, checkpoints, weights, pictures. One writer."""
