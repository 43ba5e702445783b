"""One module per command: ``add_arguments(parser)`` and ``main(args) -> int | None``.

Their tops import nothing heavy, since ``--help`` imports them.
"""
