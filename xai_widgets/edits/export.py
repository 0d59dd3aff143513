"""The edited instances as a table in a file."""

from __future__ import annotations

import csv
import importlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from xai_widgets.edits.records import Edit
from xai_widgets.edits.state import EditState, undone_names
from xai_widgets.runlog.export import safe_cell

COLUMNS = ("index", "given_label", "label", "excluded", "weight", "why", "who")


def export_edits(
    path: Path,
    state: EditState,
    edits: Iterable[Edit],
    given: Mapping[Any, Any],
    mode: str,
    ds_id: str | None,
) -> Path:
    """Write a row for each edited instance, in the format that the name's ending says.

    Raises
    ------
    ValueError
        For another ending.
    """
    writers = {".csv": _csv, ".jsonl": _json_lines, ".parquet": _parquet}
    if path.suffix not in writers:
        raise ValueError(f"{path.name!r} ends in none of {', '.join(writers)}")
    last = _last_words(edits, mode, ds_id)
    rows = [
        {
            "index": index,
            "given_label": given.get(index),
            "label": label if relabelled else given.get(index),
            "excluded": bool(excluded),
            "weight": float(weight),
            "why": last[index].why,
            "who": last[index].who,
        }
        for index, excluded, label, relabelled, weight in zip(
            state.index.tolist(), state.excluded, state.label, state.relabelled, state.weight, strict=True
        )
    ]
    writers[path.suffix](path, rows)
    return path


def _last_words(edits: Iterable[Edit], mode: str, ds_id: str | None) -> dict[Any, Edit]:
    ordered = list(edits)
    undone = undone_names(ordered)
    counted = [e for e in ordered if e.name not in undone and (e.mode, e.ds_id) == (mode, ds_id)]
    return {index: edit for edit in counted for index in edit.ids}


def _csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({name: safe_cell(value) for name, value in row.items()} for row in rows)


def _json_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    try:
        arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise ImportError(
            "writing .parquet needs pyarrow: pip install 'xai-widgets[export]', or write .csv"
        ) from error
    columns = {name: [row[name] for row in rows] for name in COLUMNS}
    for name in ("index", "given_label", "label"):  # a column has one type
        if len({type(value) for value in columns[name] if value is not None}) > 1:
            columns[name] = [None if value is None else str(value) for value in columns[name]]
    parquet.write_table(arrow.table(columns), path)
