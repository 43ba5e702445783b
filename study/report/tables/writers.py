"""A table of a study, and one writer per format for all of them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from results import escaping


@dataclass(frozen=True)
class Table:
    """A table with its numbers, for other tools, and as it is printed, for a reader.

    ``frame`` has a row per run or comparison, fractions and seconds as they are: csv, json and parquet hold it.
    ``printed`` is all text and may have fewer rows and columns: markdown and latex hold it, with the columns of
    ``left`` set flush left and the others flush right. ``about`` is what json says beside the rows.
    """

    frame: pd.DataFrame
    printed: pd.DataFrame
    caption: str
    left: tuple[str, ...]
    about: dict[str, Any] = field(default_factory=dict)


def csv(frame: pd.DataFrame) -> str:
    """Write comma-separated values: a header, what is missing empty, no text that a spreadsheet would run."""
    flat = _flat(frame)
    texts = {str(name): flat[name].map(escaping.csv) for name, dtype in flat.dtypes.items() if str(dtype) == "str"}
    safe = flat.assign(**texts).rename(columns=escaping.csv)
    return str(safe.to_csv(index=False, lineterminator="\n"))


def parquet(frame: pd.DataFrame) -> bytes:
    """Write parquet, with the dtypes of the frame."""
    file = io.BytesIO()
    _flat(frame).to_parquet(file, engine="pyarrow", index=False)
    return file.getvalue()


def rows_json(frame: pd.DataFrame, about: dict[str, Any] | None = None) -> str:
    """Write an array with one object per line, what is missing null; with ``about`` an object of which it is 'runs'."""
    rows = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in _rows(frame))
    array = f"[\n{rows}\n]" if rows else "[]"
    if not about:
        return f"{array}\n"
    head = "".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)},\n" for k, v in about.items())
    return f'{{\n{head}"runs": {array}\n}}\n'


def markdown(table: Table) -> str:
    """Write the caption and a Markdown table."""
    head = list(table.printed.columns)
    ruled = [":---" if name in table.left else "---:" for name in head]
    body = [[escaping.markdown(cell) for cell in row] for row in table.printed.itertuples(index=False)]
    lines = [" | ".join(row) for row in (map(escaping.markdown, head), ruled, *body)]
    return f"{escaping.markdown(table.caption)}\n\n" + "".join(f"| {line} |\n" for line in lines)


def latex(table: Table) -> str:
    """Write a LaTeX table with booktabs rules."""
    head = list(table.printed.columns)
    lines = [" & ".join(map(escaping.latex, row)) + r" \\" for row in (head, *table.printed.itertuples(index=False))]
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escaping.latex(table.caption)}}}",
            rf"\begin{{tabular}}{{{''.join('l' if name in table.left else 'r' for name in head)}}}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


WRITERS: dict[str, Callable[[Table], str]] = {
    "csv": lambda table: csv(table.frame),
    "json": lambda table: rows_json(table.frame, table.about),
    "md": markdown,
    "latex": latex,
}
"""Format of ``report`` -> what writes a table in it."""


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn columns of lists or mixed kinds into JSON text: neither csv nor parquet has them."""
    mixed = {str(name): frame[name].map(_text) for name, dtype in frame.dtypes.items() if str(dtype) == "object"}
    return frame.assign(**mixed).astype(dict.fromkeys(mixed, "str"))


def _text(value: Any) -> str | None:
    return None if _missing(value) else json.dumps(value, ensure_ascii=False)


def _rows(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows of plain values; numbers are such that they read back exactly."""
    names = list(frame.columns)
    for row in zip(*(frame[name].tolist() for name in names), strict=True):
        yield {name: None if _missing(value) else value for name, value in zip(names, row, strict=True)}


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)
