"""Edits in force in the batches of a loader: excluded samples are not drawn, relabelled ones come with their new label.

The data set, the sampler and the collate function stay as they are: what the sampler drew is thinned out on its way to the
workers, and labels are replaced in the batch before the loop sees it. Without edits both pass through untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from xai_widgets.edits import Edits
from xai_widgets.hooks._common.instance_ids import Key
from xai_widgets.hooks.torch.batch_side import LABEL_PATHS

REWEIGHT = (
    "reweighted instances of mode {mode!r} count as all others here, as the loss is the loop's own: multiply it by "
    "torch.as_tensor(edits.weights(watch.index)) before it is averaged"
)


class EditedLoader:
    """What the edits in force do to one loader.

    Parameters
    ----------
    edits
        Where they are from; whoever begins epochs calls `Edits.begin_epoch` before a pass.
    mode, ds_id
        The data set that the loader reads.
    label
        Where a batch carries its label; by default where batches usually do.
    report
        Told, once each, what an edit could not do.
    """

    def __init__(
        self, edits: Edits, mode: str, ds_id: str | None, label: Key | None, report: Callable[[str], None]
    ) -> None:
        self.edits, self.mode, self.ds_id = edits, mode, ds_id
        self._places = LABEL_PATHS if label is None else ((label,),) if isinstance(label, (int, str)) else ()
        self._report = report
        self._said: set[str] = set()

    def order(self, order: Iterator[Any], sampler: Any, names_of: Callable[[Any], Any]) -> Iterator[Any]:
        """Leave out what is excluded of a sampler's order.

        Batches of torch's own ``BatchSampler`` are filled up from the next one, so that only the last one of a pass is
        short; those of any other get shorter, and empty ones are skipped.

        Parameters
        ----------
        order
            What the sampler yields: lists of places, or single places.
        names_of
            Gives the names of a list of places, in the same order.
        """
        state = self.edits.in_force(mode=self.mode, ds_id=self.ds_id)
        excluded = set(state.index[state.excluded].tolist())
        if (state.weight != 1).any():
            self._say(REWEIGHT.format(mode=self.mode))
        if not excluded:
            return order

        def kept(places: Any) -> list[Any]:
            names = np.asarray(names_of(places), object).tolist()
            return [place for place, name in zip(places, names, strict=True) if name not in excluded]

        if _is_batch_sampler(sampler):
            return _filled(order, kept, sampler.batch_size, sampler.drop_last)
        return _thinned(order, kept)

    def batch(self, names: Any, batch: Any) -> Any:
        """Return a batch with the labels in force; itself where none of its samples is relabelled."""
        state = self.edits.in_force(mode=self.mode, ds_id=self.ds_id)
        if not state.relabelled.any():
            return batch
        if names is None:
            self._say(
                f"relabelled instances of mode {self.mode!r} kept their label: which sample a row is could not be told"
            )
            return batch
        changed = set(state.index[state.relabelled].tolist())
        if changed.isdisjoint(np.asarray(names, object).tolist()):
            return batch
        place = next((p[0] for p in self._places if len(p) == 1 and _has(batch, p[0])), None)
        if place is None:
            self._say(
                f"relabelled instances of mode {self.mode!r} kept their label: none was found in a batch of type "
                f"{type(batch).__name__}; say where it is with watch(..., label=), an entry's name or place"
            )
            return batch
        try:
            given = batch[place]
            single = getattr(given, "ndim", 1) == 0  # a loader without batches gives samples
            rows = given.reshape(1) if single else given
            label = self.edits.apply(names, rows, mode=self.mode, ds_id=self.ds_id).label
            label = label[0] if single else label
        except (TypeError, ValueError) as error:
            self._say(f"relabelled instances of mode {self.mode!r} kept their label: {error}")
            return batch
        return _with(batch, place, label)

    def _say(self, problem: str) -> None:
        if problem not in self._said:
            self._said.add(problem)
            self._report(problem)


def check_editable(edits: Any, *, by_place: bool) -> None:
    """Refuse edits that could not be kept to.

    Raises
    ------
    TypeError, ValueError
        For what is no `Edits`, for names that are known only once a sample was read, and for several processes.
    """
    if not isinstance(edits, Edits):
        raise TypeError(f"edits= expects an xai_widgets.Edits; got {type(edits).__name__}")
    if not by_place:
        raise ValueError(
            "edits= needs samples that are named before they are read, by their place in a map-style data set; here names come "
            "with the batch. Apply the edits by hand: label, weight, keep = edits.apply(index, label)"
        )
    import torch

    if (
        torch.distributed.is_available()
        and torch.distributed.is_initialized()
        and torch.distributed.get_world_size() > 1
    ):
        raise ValueError(
            "edits= does not reach several processes at the same moment. Apply them by hand, as one process fixed them: "
            "edits.begin_epoch(epoch, replay=True) on the others, then edits.apply(index, label)"
        )


def _is_batch_sampler(sampler: Any) -> bool:
    from torch.utils.data import BatchSampler

    return type(sampler) is BatchSampler


def _thinned(order: Iterable[Any], kept: Callable[[Any], list[Any]]) -> Iterator[Any]:
    for places in order:
        if isinstance(places, (list, tuple)) or bool(getattr(places, "ndim", False)):
            left = kept(places)
            if left:
                yield left
        elif kept([places]):
            yield places


def _filled(
    order: Iterable[Any], kept: Callable[[Any], list[Any]], size: int, drop_last: bool
) -> Iterator[list[Any]]:
    waiting: list[Any] = []
    for places in order:
        waiting += kept(places)
        while len(waiting) >= size:
            yield waiting[:size]
            waiting = waiting[size:]
    if waiting and not drop_last:
        yield waiting


def _has(batch: Any, place: Any) -> bool:
    if isinstance(batch, Mapping):
        return place in batch
    return isinstance(batch, (list, tuple)) and isinstance(place, int) and -len(batch) <= place < len(batch)


def _with(batch: Any, place: Any, label: Any) -> Any:
    """Return a container of the batch's own kind with another label."""
    if isinstance(batch, Mapping):
        made: Any = dict(batch)
        made[place] = label
        kind: Any = type(batch)
        return made if kind is dict else kind(made)
    if hasattr(batch, "_replace"):
        return batch._replace(**{batch._fields[place]: label})
    values = list(batch)
    values[place] = label
    return values if type(batch) is list else type(batch)(values)
