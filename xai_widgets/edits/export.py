"""Edited instances as files that other programs read: tables, cleanlab's issue table, FiftyOne's labels, a `datasets` column."""

from __future__ import annotations

import csv
import importlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, cast

import numpy as np

from xai_widgets.edits.records import Edit, Index
from xai_widgets.edits.state import EditState, undone_names
from xai_widgets.runlog.export import safe_cell
from xai_widgets.tracking import Tracker
from xai_widgets.tracking.tables import Table

COLUMNS = ("index", "key", "given_label", "label", "excluded", "weight", "why", "who")
ISSUES = ("index", "key", "is_label_issue", "label_score", "given_label", "predicted_label")
"""Of cleanlab's ``Datalab.get_issues("label")``, after what names the row."""
FORMATS = ("table", "cleanlab", "fiftyone")


def export_edits(
    path: Path,
    state: EditState,
    edits: Iterable[Edit],
    tracker: Tracker,
    mode: str,
    ds_id: str | None,
    key_of: Callable[[Any], Any],
) -> Path:
    """Write a row for each edited instance, in the format that the name's ending says.

    Raises
    ------
    ValueError
        For another ending.
    """
    last = _last_words(edits, mode, ds_id)
    given = _given_labels(tracker, state.index.tolist(), mode, ds_id)
    rows = [
        {
            "index": index,
            "key": key_of(index),
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
    return _write(path, rows, COLUMNS)


def export_issues(
    path: Path,
    state: EditState,
    tracker: Tracker,
    mode: str,
    ds_id: str | None,
    key_of: Callable[[Any], Any],
) -> Path:
    """Write a row for each instance of the data set, as ``Datalab.get_issues("label")`` of cleanlab has them.

    An instance is an issue where it was excluded or has another label; its predicted label is the edited one, else what the
    network says. The score is the probability that the given label is right, empty where nothing is known.
    """
    edited = _edited_rows(state)
    table = _recorded(tracker, mode, ds_id)
    names = table["index"].tolist()
    given = _given_labels(tracker, names, mode, ds_id)
    wrong = table["label_error"] if "label_error" in table else np.full(len(names), np.nan)
    said = tracker.predictions(names, mode, ds_id=ds_id)
    rows = []
    for index, probability, prediction in zip(names, wrong.tolist(), said, strict=True):
        excluded, relabelled, label = edited.get(index, (False, False, None))
        rows.append(
            {
                "index": index,
                "key": key_of(index),
                "is_label_issue": excluded or (relabelled and label != given.get(index)),
                "label_score": None if np.isnan(probability) else 1 - probability,
                "given_label": given.get(index),
                "predicted_label": label if relabelled else prediction,
            }
        )
    return _write(path, rows, ISSUES)


def export_fiftyone(
    path: Path,
    state: EditState,
    tracker: Tracker,
    mode: str,
    ds_id: str | None,
    key_of: Callable[[Any], Any],
) -> Path:
    """Write ``labels.json`` of a ``FiftyOneImageClassificationDataset``: the labels in force, excluded instances left out.

    Its names are those of image files without their endings: of an instance's path, or its index where no path is known.
    """
    if path.suffix != ".json":
        raise ValueError(f"{path.name!r} does not end in .json, as FiftyOne's labels do")
    edited = _edited_rows(state)
    given = _given_labels(tracker, _recorded(tracker, mode, ds_id)["index"].tolist(), mode, ds_id)
    values = tracker.label_names
    classes = sorted(values, key=lambda name: (str(type(values[name])), values[name]))
    labels: dict[str, int] = {}
    number = {name: place for place, name in enumerate(classes)}
    for index, label in given.items():
        excluded, relabelled, new = edited.get(index, (False, False, None))
        wanted = new if relabelled else label
        if excluded or wanted is None:
            continue
        key = key_of(index)
        name = str(index) if key is None else PurePath(str(key)).stem
        if name in labels:
            raise ValueError(f"two instances have the file name {name!r}: FiftyOne's labels go by it")
        called = tracker.name_of(wanted)
        if called not in number:
            number[called] = len(number)
        labels[name] = number[called]
    path.write_text(
        json.dumps({"classes": list(number), "labels": labels}, indent=1) + "\n", encoding="utf-8"
    )
    return path


def key_reader(keys: Any) -> Callable[[Any], Any]:
    """Return what gives the path or key of an index.

    Parameters
    ----------
    keys
        None, a mapping, a sequence by position, a function, or a data set with ``samples`` or ``imgs`` as torchvision's
        ``ImageFolder`` has them.
    """
    if keys is None:
        return lambda index: None
    for name in ("samples", "imgs"):
        listed = getattr(keys, name, None)
        if isinstance(listed, (list, tuple)) and listed and isinstance(listed[0], (list, tuple)):
            return lambda index: str(listed[index][0])
    if isinstance(keys, Mapping):
        return keys.get
    if hasattr(keys, "__getitem__") and not callable(keys):
        return lambda index: keys[index]
    if callable(keys):
        return cast("Callable[[Any], Any]", keys)
    raise TypeError(
        f"keys is a {type(keys).__name__}; expected a mapping, a sequence, a function or a data set with samples"
    )


def with_columns(dataset: Any, state: EditState, label: str, index: str) -> Any:
    """Return a `datasets.Dataset` with the columns ``edited_<label>``, "excluded" and "weight"; see `Edits.to_datasets`."""
    columns = getattr(dataset, "column_names", None)
    if not isinstance(columns, list) or not hasattr(dataset, "add_column"):
        raise TypeError(f"expected a datasets.Dataset, got {type(dataset).__name__}")
    if label not in columns:
        raise KeyError(f"the data set has no column {label!r}; it has {', '.join(columns)}")
    plain = dataset.with_format(None)
    names = list(plain[index]) if index in columns else list(range(len(dataset)))
    edited, labels = _edited_rows(state), list(plain[label])
    unknown = set(edited) - set(names)
    if unknown:
        raise ValueError(
            f"{len(unknown)} edited instances, such as {next(iter(unknown))!r}, are not in a data set of {len(names)} rows"
        )
    made = [
        edited[n][2] if n in edited and edited[n][1] else old for n, old in zip(names, labels, strict=True)
    ]
    weights = dict(zip(state.index.tolist(), state.weight.tolist(), strict=True))
    added = plain.add_column(f"edited_{label}", made, feature=dataset.features[label])
    added = added.add_column("excluded", [n in edited and bool(edited[n][0]) for n in names])
    return added.add_column("weight", [weights.get(n, 1.0) for n in names])


def _given_labels(tracker: Tracker, names: list[Index], mode: str, ds_id: str | None) -> dict[Index, Any]:
    """Return the label that each instance was first recorded with."""
    return {name: tracker.label_of(name, mode, ds_id, given=True) for name in names}


def _recorded(tracker: Tracker, mode: str, ds_id: str | None) -> Table:
    """Return a table of every instance that was recorded: index, and label_error where it can be told."""
    metrics = tracker.metrics(mode, ds_id)
    if not metrics:
        raise ValueError(f"nothing was recorded in mode {mode!r}: such a table has a row for every instance")
    metric = "loss" if "loss" in metrics else metrics[0]
    return tracker.dynamics(mode, metric=metric, ds_id=ds_id, columns=("label_error",))


def _edited_rows(state: EditState) -> dict[Any, tuple[bool, bool, Any]]:
    rows = zip(state.index.tolist(), state.excluded, state.relabelled, state.label, strict=True)
    return {index: (bool(out), bool(new), label) for index, out, new, label in rows}


def _write(path: Path, rows: list[dict[str, Any]], columns: Sequence[str]) -> Path:
    writers = {".csv": _csv, ".jsonl": _json_lines, ".parquet": _parquet}
    if path.suffix not in writers:
        raise ValueError(f"{path.name!r} ends in none of {', '.join(writers)}")
    writers[path.suffix](path, rows, columns)
    return path


def _last_words(edits: Iterable[Edit], mode: str, ds_id: str | None) -> dict[Any, Edit]:
    ordered = list(edits)
    undone = undone_names(ordered)
    counted = [e for e in ordered if e.name not in undone and (e.mode, e.ds_id) == (mode, ds_id)]
    return {index: edit for edit in counted for index in edit.ids}


def _csv(path: Path, rows: list[dict[str, Any]], columns: Sequence[str]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows({name: safe_cell(value) for name, value in row.items()} for row in rows)


def _json_lines(path: Path, rows: list[dict[str, Any]], columns: Sequence[str]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _parquet(path: Path, rows: list[dict[str, Any]], columns: Sequence[str]) -> None:
    try:
        arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise ImportError(
            "writing .parquet needs pyarrow: pip install 'xai-widgets[export]', or write .csv"
        ) from error
    made = {name: [row[name] for row in rows] for name in columns}
    for name, values in made.items():  # a column has one type
        if len({type(value) for value in values if value is not None}) > 1:
            made[name] = [None if value is None else str(value) for value in values]
    parquet.write_table(arrow.table(made), path)
