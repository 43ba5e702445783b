"""What a study can be written as. Light: ``--help`` shows it."""

FORMATS = ("html", "csv", "json", "md", "latex")
"""What ``render_format`` knows."""

TABLES = ("leaderboard", "verdicts", "ablation", "methods")
"""What ``render_format`` makes of a study other than the page; verdicts are confirm's, methods is a paragraph."""
