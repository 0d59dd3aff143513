"""A run as Parquet, Arrow or CSV, written epoch by epoch: the table never lies in memory as a whole."""

from __future__ import annotations

import csv
import importlib
import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.tables import Table
from xai_widgets.tracking.tracker import Tracker

Array: TypeAlias = npt.NDArray[np.generic]
Tables: TypeAlias = Callable[[], Iterable[Table]]
TEXT = ("mode", "ds_id", "metric", "name")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a formula begins for one spreadsheet or another; the last four are the wide forms of the first."""
FORMATS = {".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow", ".csv": "csv"}


def export(
    tracker: Tracker, path: str | os.PathLike[str], what: str = "instances", *, mode: str | None = None
) -> int:
    """Write what a tracker holds to a file.

    Parameters
    ----------
    tracker
        Any tracker, a following one too.
    path
        Its ending says the format: .parquet, .arrow (or .feather) or .csv. Parquet and Arrow need pyarrow.
    what
        "instances" (a row per epoch and instance seen) or "labels" (a row per metric, epoch and label).
    mode
        This mode only.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    ValueError
        For an unknown ending, or when there is nothing to write.
    """
    target = Path(path)
    kind = FORMATS.get(target.suffix.lower())
    if kind is None:
        raise ValueError(f"{target.name!r} ends in {target.suffix!r}; {', '.join(FORMATS)} can be written")
    part = target.with_name(target.name + ".part")
    write = _write_csv if kind == "csv" else partial(_write_arrow, kind=kind)
    try:
        rows = write(part, lambda: tracker.tables(what, mode=mode))
        if not rows:
            raise ValueError("nothing was recorded yet that could be exported")
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return rows


def _write_csv(path: Path, tables: Tables) -> int:
    names = list(dict.fromkeys(name for table in tables() for name in table))
    rows = 0
    with open(path, "w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.writer(file)
        writer.writerow([safe_cell(name) for name in names])
        for table in tables():
            columns = [_cells(table[n]) if n in table else [None] * len(table) for n in names]
            writer.writerows(zip(*columns, strict=True))
            rows += len(table)
    return rows


def _cells(values: Array) -> list[Any]:
    cells: list[Any] = values.tolist()
    return cells if values.dtype != object else [safe_cell(value) for value in cells]


def safe_cell(value: Any) -> Any:
    """Put a quote before text that a spreadsheet would take for a formula, and run."""
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value


def _write_arrow(path: Path, tables: Tables, kind: str) -> int:
    try:
        arrow = importlib.import_module("pyarrow")
    except ImportError as error:
        raise ImportError(
            "Parquet and Arrow need pyarrow, which is not installed: pip install 'xai-widgets[export]', or write .csv"
        ) from error
    schema = _schema(arrow, tables)
    if kind == "parquet":
        writer = importlib.import_module("pyarrow.parquet").ParquetWriter(path, schema, compression="zstd")
    else:
        writer = arrow.ipc.new_file(path, schema)
    rows = 0
    with writer:
        for table in tables():
            columns = [_column(arrow, table, field) for field in schema]
            writer.write_table(arrow.table(columns, schema=schema))
            rows += len(table)
    return rows


def _schema(arrow: Any, tables: Tables) -> Any:
    """One type per column for all epochs: numbers where all are, else text."""
    found: dict[str, Any] = {}
    for table in tables():
        for name in table:
            kind = _kind(arrow, name, table[name])
            if name not in found or (kind == arrow.string() and found[name] == arrow.int64()):
                found[name] = kind
    return arrow.schema(list(found.items()))


def _kind(arrow: Any, name: str, values: Array) -> Any:
    if name in TEXT:
        return arrow.dictionary(arrow.int32(), arrow.string())
    if values.dtype != object:
        return arrow.from_numpy_dtype(values.dtype)
    whole = all(v is None or (isinstance(v, int) and abs(v) < 2**63) for v in values.tolist())
    return arrow.int64() if whole else arrow.string()


def _column(arrow: Any, table: Table, field: Any) -> Any:
    if field.name not in table:
        return arrow.nulls(len(table), field.type)
    values = table[field.name]
    if field.name in TEXT:
        return arrow.array([_text(v) for v in values.tolist()], arrow.string()).dictionary_encode()
    if field.type == arrow.string():
        return arrow.array([_text(v) for v in values.tolist()], arrow.string())
    return arrow.array(values.tolist() if values.dtype == object else values, field.type)


def _text(value: Any) -> str | None:
    # a name read from damaged input may hold what no UTF-8 can say
    return None if value is None else str(value).encode("utf-8", "backslashreplace").decode()
