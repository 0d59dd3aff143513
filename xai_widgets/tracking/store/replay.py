"""What a stream holds, as batches that would record it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.store.batch_buffer import Batch
from xai_widgets.tracking.store.stream import Stream

Array = npt.NDArray[Any]
ROWS = 1 << 16


def recorded(stream: Stream) -> Iterator[tuple[int, int, bool, Iterator[Batch]]]:
    """Go through the epochs whose columns are kept.

    Returns
    -------
    iterator of tuples
        Epoch, last step known in it, whether it has ended, and its batches. An instance that was seen several times is in
        them once, with the value it was given; what was derived from logits is not kept by epoch, and not in them.
    """
    for epoch in sorted({epoch for epochs in stream.columns.values() for epoch in epochs}):
        columns = {m: epochs[epoch] for m, epochs in stream.columns.items() if epoch in epochs}
        values = {metric: column.values for metric, column in columns.items()}
        closed = all(column.closed for column in columns.values())
        yield epoch, stream.steps[epoch], closed, _batches(stream, values)


def _batches(stream: Stream, values: dict[str, Array]) -> Iterator[Batch]:
    for metric, column in values.items():
        seen = np.flatnonzero(~np.isnan(column))
        labelled = stream.label_codes(seen) >= 0
        for places, with_label in ((seen[labelled], True), (seen[~labelled], False)):
            for first in range(0, places.size, ROWS):
                some = places[first : first + ROWS]
                yield Batch(
                    _plain(stream.instances.column(some)),
                    _plain(stream.label_column(some)) if with_label else None,
                    (metric,),
                    [column[some]],
                )


def _plain(names: Array) -> Array | list[Any]:
    return names.tolist() if names.dtype == object else names
