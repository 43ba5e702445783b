"""The report's templates, style and script: package data without logic."""
