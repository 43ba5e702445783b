"""What the screen shows while runs go on."""
