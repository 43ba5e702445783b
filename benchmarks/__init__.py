"""What is measured, and how: each module is run with python -m."""
