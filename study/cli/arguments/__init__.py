"""What each command takes: ``add_arguments(parser)`` in a module of the command's name, and the examples of its help.

Nothing here imports more than argparse, so that ``--help`` is quick; ``study.cli.<command>`` does the work.
"""
