"""`suspects`: the labels that are likely to be wrong, how many there are, and what they should be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from xai_widgets.tracking.ingest.convert import Array
from xai_widgets.tracking.results import Index, Label
from xai_widgets.tracking.scores.label_errors import Judgement
from xai_widgets.tracking.store.index_map import as_column
from xai_widgets.tracking.store.stream import Stream
from xai_widgets.tracking.tables import Table


@dataclass(frozen=True)
class Suspects:
    """Instances whose label is likely to be wrong, the likeliest first.

    Attributes
    ----------
    index, label
        (n,) their index values and the labels they have.
    label_error
        (n,) probability that the label is wrong.
    suggested
        (n,) the class that is likely to be right; None where nothing else was ever predicted, or predictions are not known.
    suggested_probability
        (n,) probability that it is.
    threshold
        From which probability on a label is suspected.
    number, error
        How many labels are wrong by estimate, and its standard error; NaN where it is too early to tell.
    certain
        How many are named with 9 in 10 certainty.
    waits
        What is waited for, where it is too early to tell; "" otherwise.
    text
        The same as a sentence.
    """

    index: tuple[Index, ...]
    label: tuple[Label | None, ...]
    label_error: Array
    suggested: tuple[Label | None, ...]
    suggested_probability: Array
    threshold: float
    number: float
    error: float
    certain: int
    waits: str
    text: str

    def __len__(self) -> int:
        return len(self.index)

    def __iter__(self) -> Iterator[Index]:
        """Go through the instances, the likeliest first."""
        return iter(self.index)

    def __repr__(self) -> str:
        return f"Suspects({self.text})"

    def to_table(self) -> Table:
        """Return a row per suspect, the threshold beside each."""
        return Table(
            {
                "index": as_column(list(self.index)),
                "label": as_column(list(self.label)),
                "label_error": self.label_error,
                "suggested": as_column(list(self.suggested)),
                "suggested_probability": self.suggested_probability,
                "suspected_from": np.full(len(self), self.threshold),
            }
        )


def suspects_of(stream: Stream, judgement: Judgement, n_max: int | None) -> Suspects:
    """List the suspects of a stream, at most `n_max`."""
    places = np.flatnonzero(judgement.suspected)
    order = np.argsort(-judgement.probability[places], kind="stable")
    places = places[order[: len(order) if n_max is None else n_max]]
    return Suspects(
        index=tuple(stream.instances.column(places).tolist()),
        label=stream.label_values(places),
        label_error=judgement.probability[places],
        suggested=tuple(suggested_column(stream, judgement, places).tolist()),
        suggested_probability=judgement.suggested_probability[places],
        threshold=judgement.threshold,
        number=judgement.number,
        error=judgement.error,
        certain=judgement.certain,
        waits=judgement.waits,
        text=judgement.text(),
    )


def no_suspects() -> Suspects:
    """Say that nothing was recorded."""
    nothing = np.zeros(0)
    text = "too early to tell which labels are wrong: nothing was recorded yet"
    return Suspects((), (), nothing, (), nothing, 1.0, np.nan, np.nan, 0, "something to be recorded", text)


def suggested_column(stream: Stream, judgement: Judgement, places: Array) -> Array:
    """Suggested values at `places`, an object array; None but for suspects."""
    found = np.full(places.shape, None, object)
    values: list[Any] = stream.predicted.values
    for row in np.flatnonzero(judgement.suspected[places] & (judgement.suggested[places] >= 0)).tolist():
        found[row] = values[judgement.suggested[places[row]]]
    return found
