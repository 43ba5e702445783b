"""One module per command, ``run(args) -> int``: calls the toolkit and prints. ``arguments/`` has what each takes."""
