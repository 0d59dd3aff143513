"""What `record` is called with as a batch that passed every check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xai_widgets.tracking.ingest.convert import (
    Array,
    fits_float32,
    read_index,
    read_label,
    read_metric,
    to_array,
)
from xai_widgets.tracking.store.batch_buffer import Batch
from xai_widgets.tracking.store.logits import check_logits


def read_batch(
    index: Any,
    label: Any,
    mask: Any,
    logits: Any,
    prediction: Any,
    metrics: dict[str, Any],
    codes_of: Callable[[Array | list[Any]], Array],
) -> Batch:
    """Check a batch and convert it to numpy.

    Parameters
    ----------
    index, label, mask, logits, prediction, metrics
        As `Tracker.record` takes them.
    codes_of
        Gives the codes of predicted labels that are no small numbers.

    Raises
    ------
    ValueError, TypeError
        As `Tracker.record` raises them.
    """
    names = read_index(index)
    size = len(names)
    labels = None if label is None else read_label(label, size)
    where = None if mask is None else to_array(mask)
    values = [read_metric(name, value, size, where) for name, value in metrics.items()]
    batch = Batch(names, labels, tuple(metrics), values)
    if logits is not None:
        return _with_logits(batch, logits)
    if prediction is not None:
        return _with_predictions(batch, read_label(prediction, size), codes_of)
    if not values and labels is None:
        raise ValueError("record got neither a label nor a metric; give for instance loss=per_sample_loss")
    return batch


def _with_logits(batch: Batch, logits: Any) -> Batch:
    if batch.label is None or isinstance(batch.label, list):
        got = "none" if batch.label is None else "strings"
        raise TypeError(f"logits need integer labels (class numbers) beside them; got {got}")
    checked = check_logits(to_array(logits), len(batch))
    return Batch(batch.index, batch.label, batch.metrics, batch.values, checked)


def _with_predictions(
    batch: Batch, predicted: Array | list[Any], codes_of: Callable[[Array | list[Any]], Array]
) -> Batch:
    metrics, values = batch.metrics, batch.values
    if isinstance(predicted, list) or not fits_float32(predicted):
        named, codes = (*metrics, "@named"), [*values, codes_of(predicted)]
        return Batch(batch.index, batch.label, named, codes, predicted=predicted)
    return Batch(batch.index, batch.label, (*metrics, "@prediction"), [*values, predicted])
