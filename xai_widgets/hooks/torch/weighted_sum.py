"""A loss that is a sum of several criteria, with weights: the terms of every row, added."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from xai_widgets.hooks._common.evidence import Evidence
from xai_widgets.hooks._common.feed import Batch, Feed

MOST = 64  # batches that wait for a term


class WeightedSum:
    """Adds what several observers say of a batch, and records the sum.

    Each term is proved by its own observer against the number that its criterion returned.

    Parameters
    ----------
    feed, evidence
        Where sums go, and where it is told what has none.
    weights
        Of each term.
    """

    def __init__(self, feed: Feed, evidence: Evidence, weights: Sequence[float]) -> None:
        self._feed, self._evidence, self._weights = feed, evidence, list(weights)
        self._waiting: dict[Any, dict[int, Batch]] = {}

    def sink(self, place: int) -> Callable[[Batch], None]:
        """Return what takes the batches of the term at `place`."""
        return lambda batch: self._take(place, batch)

    def _take(self, place: int, batch: Batch) -> None:
        names = np.asarray(batch.index)
        key = (batch.mode, batch.ds_id, batch.epoch, tuple(names.tolist()))
        terms = self._waiting.setdefault(key, {})
        if place in terms:  # the same rows again: what waited has not all of its terms
            self._tell(batch)
            terms.clear()
        terms[place] = batch
        if len(terms) == len(self._weights):
            del self._waiting[key]
            self._feed.record(self._added([terms[i] for i in range(len(self._weights))]))
        elif len(self._waiting) > MOST:
            self._tell(next(iter(self._waiting.pop(next(iter(self._waiting))).values())))

    def _added(self, terms: list[Batch]) -> Batch:
        def total(name: str) -> Any:
            values = [one.metrics.get(name, one.metrics["loss"]).double() for one in terms]
            return sum(weight * value for weight, value in zip(self._weights, values, strict=True))

        metrics: dict[str, Any] = {"loss": total("loss")}
        if any("loss_weighted" in one.metrics for one in terms):
            metrics["loss_weighted"] = total("loss_weighted")
        labelled = next((one for one in terms if one.label is not None), terms[0])
        if "logits" in labelled.metrics:
            metrics["logits"] = labelled.metrics["logits"]
        return terms[-1]._replace(label=labelled.label, metrics=metrics)

    def give_up(self) -> None:
        """Drop batches that lack a term, and tell the user."""
        waiting, self._waiting = self._waiting, {}
        for terms in waiting.values():
            if terms:
                self._tell(next(iter(terms.values())))

    def _tell(self, batch: Batch) -> None:
        proof = self._evidence.of(batch.mode, batch.ds_id)
        proof.next()
        proof.refuse(
            "sum",
            f"of the {len(self._weights)} terms of the loss some were not heard for a {batch.mode} batch, so such batches are "
            "not recorded",
            'Name the criteria as metrics of their own: watch(..., loss={"main": one, "other": another})',
        )
