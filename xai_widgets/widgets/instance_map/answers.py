"""Answers to the browser's questions: one instance in words, small pictures, a search, a file, a part of the history."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from xai_widgets.runlog.export import safe_cell
from xai_widgets.widgets.instance_map.protocol import MAX_COLUMNS, MAX_SEARCH, quantise8
from xai_widgets.widgets.instance_map.score_source import Index, Source, score_text, score_unit
from xai_widgets.widgets.view.formatting import clean

Array: TypeAlias = npt.NDArray[Any]
Picture: TypeAlias = npt.NDArray[np.uint8]
Answer: TypeAlias = tuple[dict[str, Any], list[bytes]]

_SIDE: Final = 64
_SAMPLE: Final = 32  # of a band's instances so many are read at most
_NAMED: Final = 64  # names travel where so few rows are shown


def index_said(value: Any) -> str:
    """Write an index value for the browser: bounded, no control characters."""
    return clean(value, 300)


def details(source: Source, row: int, shown: dict[str, float]) -> dict[str, Any]:
    """Say what is known of one instance: names, last prediction, the scores shown, the newest value of each metric."""
    index = source.values_at(np.array([row]))[0]
    metric = source.metric
    values: list[dict[str, Any]] = [
        {
            "name": score_text(name, metric),
            "value": _finite(value),
            "unit": score_unit(name, source.unit_of(metric)),
        }
        for name, value in shown.items()
    ]
    values += _suspicion(source, row, index) if "label_error" not in shown else []
    for each in source.metrics[:4]:
        series = source.tracker.instance_series([index], each, mode=source.mode, ds_id=source.ds_id)
        seen = np.flatnonzero(np.isfinite(series.values[0]))
        if seen.size:
            said = f"{clean(each, 30)} in epoch {int(series.epochs[seen[-1]])}"
            values.append(
                {"name": said, "value": float(series.values[0, seen[-1]]), "unit": source.unit_of(each)}
            )
    return {
        "row": row,
        "index": index_said(index),
        "label": clean(source.label_name(row), 300),
        "prediction": clean(source.predictions(np.array([row]))[0], 300),
        "values": values,
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _suspicion(source: Source, row: int, index: Index) -> list[dict[str, Any]]:
    """Say how likely the label is wrong, and of a suspect what it should be."""
    probability = source.score("label_error")
    if probability is None or not np.isfinite(probability[row]):
        return []
    said = [{"name": score_text("label_error", source.metric), "value": float(probability[row]), "unit": ""}]
    suspected = source.score("suspected")
    if suspected is not None and suspected[row] == 1:
        suspects = source.tracker.suspects(source.mode, metric=source.metric, ds_id=source.ds_id)
        at = suspects.index.index(index) if index in suspects.index else -1
        if at >= 0 and suspects.suggested[at] is not None:
            likely = clean(source.tracker.name_of(suspects.suggested[at]), 60)
            right = float(suspects.suggested_probability[at])
            said.append({"name": f"likely {likely}, probability", "value": right, "unit": ""})
    return said


# ---- pictures --------------------------------------------------------------------------------------------------------


def small(picture: Picture, side: int = _SIDE) -> Picture:
    """Make a picture (H, W, 3) at most ``side`` pixels high and wide; smaller ones stay as they are."""
    if max(picture.shape[:2]) <= side:
        return np.ascontiguousarray(picture)
    from PIL import Image

    image = Image.fromarray(picture)
    image.thumbnail((side, side), Image.Resampling.BOX)
    return np.asarray(image.convert("RGB"))


def read_pictures(
    samples: Any, indices: tuple[Any, ...], given_up: Callable[[], bool] = bool
) -> list[Picture | None]:
    """Read the pictures of samples; None for one that has none or cannot be read, or once nobody waits any more."""
    found: list[Picture | None] = []
    for index in indices:
        if given_up():
            found.append(None)
            continue
        try:
            found.append(small(samples.pictures([index])[0]) if samples.has(index) else None)
        except (ValueError, TypeError, OSError, LookupError):
            found.append(None)  # its card says "no image"; the saliency panel says why when it is asked
    return found


def thumbs(source: Source, rows: Array, pictures: list[Picture | None]) -> Answer:
    """Put names, predictions and pictures of rows together."""
    predictions = source.predictions(rows)
    items, buffers = [], []
    for row, index, prediction, picture in zip(
        rows.tolist(), source.values_at(rows), predictions, pictures, strict=True
    ):
        high, wide = (0, 0) if picture is None else picture.shape[:2]
        said = {"row": row, "index": index_said(index), "prediction": clean(prediction, 300)}
        items.append({**said, "width": wide, "height": high})
        buffers.append(b"" if picture is None else picture.tobytes())
    return {"items": items}, buffers


# ---- search and export -----------------------------------------------------------------------------------------------


def search(source: Source, text: str) -> tuple[int, npt.NDArray[np.int32]]:
    """Find instances by index, label, or a part of either.

    Returns
    -------
    tuple
        How many match, and the first rows of them. A whole index is found alone; otherwise all instances of the labels
        whose name contains the text, or else those whose index (a string) does.
    """
    wanted = text.strip().removeprefix("#")
    if not wanted:
        return 0, np.zeros(0, np.int32)
    candidates: list[Any] = [wanted]
    if wanted.lstrip("-").isdigit():
        candidates.append(int(wanted))
    rows = source.find(candidates)
    if (rows >= 0).any():
        return 1, rows[rows >= 0][:1].astype(np.int32)
    folded = text.strip().casefold()
    labels = [code for code, name in enumerate(source.labels.names) if folded in name.casefold()]
    if labels:
        found = np.flatnonzero(np.isin(source.labels.codes, labels))
        return len(found), found.astype(np.int32)
    if source.index.dtype != object:
        return 0, np.zeros(0, np.int32)
    matching = [row for row, name in enumerate(source.index.tolist()) if folded in str(name).casefold()]
    return len(matching), np.array(matching[:MAX_SEARCH], np.int32)


def table_csv(source: Source, rows: Array) -> bytes:
    """Write instances and all their scores as CSV, UTF-8."""
    data = source.tracker.dynamics(source.mode, metric=source.metric, ds_id=source.ds_id)
    names = [name for name in data.columns if name not in ("index", "label")]
    labels = source.tracker.name_of
    predictions = source.predictions(rows)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["index", "label", *(["prediction"] if any(predictions) else []), *names])
    columns = [np.asarray(data[name])[rows] for name in names]
    for i, (row, index) in enumerate(zip(rows.tolist(), source.values_at(rows), strict=True)):
        values = [_cell(column[i], labels) for column in columns]
        names_of = [index, source.label_name(row), *([predictions[i]] if any(predictions) else [])]
        writer.writerow([*map(safe_cell, names_of), *values])
    return file.getvalue().encode("utf-8", "replace")


def _cell(value: Any, name_of: Callable[[Any], str]) -> str:
    """Write a score, a decision as 0 or 1, or a suggested label by its name; "" where there is none."""
    if value is None:
        return ""
    if isinstance(value, (np.floating, np.bool_)):
        return "" if np.isnan(value) else f"{float(value):.7g}"
    return str(safe_cell(name_of(value)))


# ---- history ---------------------------------------------------------------------------------------------------------


class History:
    """The order of the rows by a score, kept until the data change."""

    def __init__(self) -> None:
        self._order: Array = np.zeros(0, np.int64)
        self._key: tuple[Any, ...] = ()

    def order(self, stamp: int, sorting: tuple[str, Callable[[], Array]], descending: bool) -> Array:
        """Rows sorted by a score; those without one come last.

        Parameters
        ----------
        stamp
            Another number means other data.
        sorting
            The score's name, and what gives it (N,).
        """
        name, read = sorting
        key = (stamp, name, descending)
        if key != self._key:
            values = read()
            self._order = np.argsort(-values if descending else values, kind="stable")
            self._key = key
        return self._order


def tile(
    source: Source, order: Array, span: tuple[int, int], bins: int, metric: str, selected: Array
) -> Answer:
    """Rows of the sorted order as bands of means: epochs are columns, colour the metric.

    Parameters
    ----------
    order
        All rows, sorted.
    span
        First and last row (exclusive) of the sorted order; (0, 0) is all of it.
    bins
        How many bands at most; fewer where there are fewer rows. Of each at most 32 instances, evenly taken, are
        averaged.
    selected
        The rows that are selected, (K,).
    """
    row0, row1 = span if span[1] > span[0] else (0, len(order))
    rows = order[row0:row1]
    bins = min(bins, len(rows))
    edges = np.linspace(0, len(rows), bins + 1).round().astype(np.int64)
    picked, band = _sample(edges)
    epochs, means = _means(source, rows[picked], band, bins, metric)
    finite = means[np.isfinite(means)]
    lo, hi = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    lo = min(lo, 0.0)
    bulk = float(np.percentile(finite, 98)) if finite.size else hi
    clipped = bulk - lo < 0.6 * (hi - lo)  # few large ones would leave all others one colour
    hi = bulk if clipped else hi
    hi = hi if hi > lo else lo + 1.0
    names = [index_said(v) for v in source.values_at(rows)] if len(rows) <= _NAMED else []
    said = {
        "row0": row0, "row1": row1, "total": len(order), "bins": bins, "epochs": epochs, "lo": lo, "hi": hi, "clipped": clipped,
        "metric": clean(metric, 60), "unit": source.unit_of(metric), "names": names,
    }  # fmt: skip
    return said, [quantise8(means, lo, hi).tobytes(), _shares(rows, edges, selected, source.n).tobytes()]


def _means(
    source: Source, rows: Array, band: Array, bins: int, metric: str
) -> tuple[list[int], npt.NDArray[np.float64]]:
    """Mean of the metric per band and epoch, (bins, T), NaN where nothing was seen."""
    if len(rows) == 0:
        return [], np.zeros((0, 0))
    series = source.tracker.instance_series(
        source.values_at(rows), metric, mode=source.mode, ds_id=source.ds_id
    )
    kept = _columns(len(series.epochs))
    values = np.asarray(series.values, np.float64)[:, kept]
    finite = np.isfinite(values)
    starts = np.searchsorted(band, np.arange(bins))
    total = np.add.reduceat(np.where(finite, values, 0), starts, axis=0)
    count = np.add.reduceat(finite, starts, axis=0, dtype=np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return [int(e) for e in series.epochs[kept]], total / count


def _sample(edges: Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Positions within the span that are read, and the band of each."""
    sizes = np.diff(edges)
    taken = np.minimum(sizes, _SAMPLE)
    band = np.repeat(np.arange(len(sizes)), taken)
    nth = np.arange(len(band)) - np.repeat(np.cumsum(taken) - taken, taken)
    return edges[:-1][band] + nth * sizes[band] // np.maximum(taken[band], 1), band


def _columns(epochs: int) -> npt.NDArray[np.int64]:
    """Which epochs are sent: all, or every so many and the last."""
    if epochs <= MAX_COLUMNS:
        return np.arange(epochs)
    return np.unique(np.linspace(0, epochs - 1, MAX_COLUMNS).round().astype(np.int64))


def _shares(rows: Array, edges: Array, selected: Array, n: int) -> npt.NDArray[np.uint8]:
    """Which part of each band is selected, 0 to 255; anything at all is at least 1."""
    if len(rows) == 0:
        return np.zeros(0, np.uint8)
    chosen = np.zeros(n, bool)
    chosen[selected] = True
    count = np.add.reduceat(chosen[rows], edges[:-1], dtype=np.int64)
    share = np.ceil(255 * count / np.maximum(np.diff(edges), 1))
    return share.astype(np.uint8)
