"""Explaining batch by batch: what is computed for each instance, and what becomes of those that fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from xai_widgets.attribution import AttributionEngine
from xai_widgets.explain.masks import quantise, shrink
from xai_widgets.explain.records import COLUMNS, Index, Rows
from xai_widgets.samples import Samples

DEFAULTS: dict[str, Any] = {"baseline": "zeros", "integrating": 16, "smoothing": 16}
"""A data set wants fewer evaluations an instance than one picture that is looked at."""


def explained(
    engine: AttributionEngine,
    data: Samples,
    ids: list[Index],
    method: str,
    settings: dict[str, Any],
    size: int,
) -> Iterator[tuple[Rows | None, dict[Index, str]]]:
    """Explain batch by batch; where a batch fails its instances are tried one by one, and those that fail are named."""
    for start in range(0, len(ids), size):
        batch = ids[start : start + size]
        try:
            yield _one_batch(engine, data, batch, method, settings), {}
        except Exception as error:
            if len(batch) == 1:
                yield None, {batch[0]: f"{type(error).__name__}: {error}"}
                continue
            for each in batch:
                yield from explained(engine, data, [each], method, settings, 1)


def _one_batch(
    engine: AttributionEngine, data: Samples, ids: list[Index], method: str, settings: dict[str, Any]
) -> Rows:
    batch = data.batch(ids)
    if isinstance(batch.inputs, tuple):
        raise TypeError(
            f"a data set of one picture an instance can be explained as a whole; got {len(batch.inputs)} inputs"
        )
    if batch.along:
        raise TypeError(
            f"a data set of one picture an instance can be explained as a whole; input {min(batch.along)} is no picture"
        )
    found = engine.attribute(
        batch.inputs, method, **{"layout": data.layout, "labels": batch.labels, "index": ids, **settings}
    )
    values = found.values[0] if isinstance(found.values, tuple) else found.values
    codes, scale = quantise(shrink(values, found.layouts[0]))
    if not np.isfinite(scale).all():
        raise ValueError("the attribution of some instance is no number")
    held = (
        batch.labels,
        found.prediction,
        found.probability,
        found.score,
        found.standard_error,
        found.completeness_gap,
    )
    columns = {name: np.asarray(values, kind) for (name, kind), values in zip(COLUMNS, held, strict=True)}
    return Rows(tuple(ids), columns, codes, scale)
