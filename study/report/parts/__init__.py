"""What chapters are made of beside their own module: sections too long for it, and what several of them show."""
