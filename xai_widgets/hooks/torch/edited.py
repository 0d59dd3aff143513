"""Edits in force in the batches of a loader: excluded samples are not drawn, relabelled ones come with their new label.

The data set, the sampler and the collate function stay as they are: what the sampler draws is thinned out on its way to the
workers, and labels are replaced in the batch before the loop sees it. Without edits both pass through untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from xai_widgets.edits import Edits, EditState
from xai_widgets.hooks._common.instance_ids import Key
from xai_widgets.hooks.torch.edited_epochs import processes
from xai_widgets.hooks.torch.loss.batch_side import LABEL_PATHS, is_one_hot
from xai_widgets.hooks.torch.thinned import Kept, thinned

REWEIGHT = (
    "reweighted instances of mode {mode!r} count as all others here, as the loss is the loop's own: multiply it by "
    "torch.as_tensor(edits.weights({index})) before it is averaged"
)

INDEX_RIDES = "the index in a batch of xai_widgets.hooks.torch.Indexed(dataset)"


class EditedLoader:
    """What the edits in force do to one loader.

    Parameters
    ----------
    edits
        Where they are from; whoever begins epochs calls `begin_epoch` before a pass.
    mode, ds_id
        The data set that the loader reads.
    label
        Where a batch carries its label; by default where batches usually do.
    report
        Told, once each, what an edit could not do.
    same_length
        Whether a pass keeps its number of batches, for frameworks that fix the number of steps beforehand.
    index
        Where a loop has the index of its batch, for what `report` is told of weights.
    """

    def __init__(
        self,
        edits: Edits,
        mode: str,
        ds_id: str | None,
        label: Key | None,
        report: Callable[[str], None],
        *,
        same_length: bool = False,
        index: str = "watch.index",
    ) -> None:
        self.edits, self.mode, self.ds_id = edits, mode, ds_id
        self._places = LABEL_PATHS if label is None else ((label,),) if isinstance(label, (int, str)) else ()
        self._report = report
        self._same_length = same_length
        self._index = index
        self._said: set[str] = set()
        self._kept: tuple[Any, int, Kept | None] = (None, -1, None)  # of a state
        self._changed: tuple[Any, frozenset[Any]] = (None, frozenset())

    def state(self) -> EditState:
        """Return the edits in force."""
        return self.edits.in_force(mode=self.mode, ds_id=self.ds_id)

    def sampler(self, sampler: Any, dataset: Any, names: Callable[[], Any]) -> Any:
        """Return a sampler that draws nothing that is excluded; the same one where nothing is.

        Parameters
        ----------
        sampler
            What the loader asks for its order: of batches, or of single places.
        dataset
            The loader's data set.
        names
            Gives the name (N,) of each of its places; None where places are names.
        """
        kept = self.kept(dataset, names)
        if kept is None:
            return sampler
        uneven = processes() > 1 and not _shards(sampler)
        return thinned(sampler, kept, same_length=self._same_length or uneven)

    def kept(self, dataset: Any, names: Callable[[], Any]) -> Kept | None:
        """Tell which places of a data set are drawn; None where all are."""
        state = self.state()
        size = len(dataset) if hasattr(dataset, "__len__") else -1
        known, of, kept = self._kept
        if known is not state or of != size:
            if (state.weight != 1).any():
                self._say(REWEIGHT.format(mode=self.mode, index=self._index))
            kept = _kept(state, size, names()) if state.excluded.any() else None
            self._kept = (state, size, kept)
            found = int(state.excluded.sum())
            if kept is not None and kept.dropped < found:
                self._say(
                    f"{found - kept.dropped} of {found} excluded instances of mode {self.mode!r} are not in this data set of "
                    f"{size} samples: it has become smaller, or is a part of another"
                )
        return kept

    def batch(self, names: Any, batch: Any) -> Any:
        """Return a batch with the labels in force; itself where none of its samples is relabelled."""
        changed = self.relabelled()
        if not changed:
            return batch
        if names is None:
            self._say(
                f"relabelled instances of mode {self.mode!r} kept their label: which sample a row is could not be told"
            )
            return batch
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
            return _with(batch, place, self._label(names, batch[place]))
        except (TypeError, ValueError) as error:
            self._say(f"relabelled instances of mode {self.mode!r} kept their label: {error}")
            return batch

    def relabelled(self) -> frozenset[Any]:
        """Return the names of the instances that have another label."""
        state = self.state()
        if self._changed[0] is not state:
            self._changed = (state, frozenset(state.index[state.relabelled].tolist()))
        return self._changed[1]

    def expected(self, names: Any, given: Any, found: Any) -> Any:
        """Return the labels (B,) that a batch is to have, where the data set gives it `given`; `found` is what it has.

        Where a batch still has the given label of a relabelled instance, that is told and expected.
        """
        if self.relabelled().isdisjoint(np.asarray(names, object).tolist()):
            return given
        try:
            wanted = self.edits.apply(names, given, mode=self.mode, ds_id=self.ds_id).label
        except (TypeError, ValueError) as error:
            self._say(f"relabelled instances of mode {self.mode!r} kept their label: {error}")
            return given
        kept = (np.asarray(found) == given) & (wanted != given)
        if kept.any():
            self._say(
                f"relabelled instances of mode {self.mode!r} kept their label: the data set's samples have none under a usual "
                "name (labels, label, label_ids), or of another type"
            )
        return np.where(kept, given, wanted)

    def _label(self, names: Any, given: Any) -> Any:
        single = getattr(given, "ndim", 1) == 0  # a loader without batches gives samples
        rows = given.reshape(1) if single else given
        if (
            getattr(rows, "ndim", 1) == 2
            and rows.shape[1] > 1
            and hasattr(rows, "detach")
            and not is_one_hot(rows)
        ):
            raise ValueError(
                "the labels of a batch are mixed (mixup, cutmix, smoothing in the collate function), so no row has a label of "
                "its own to replace: mix in the loop, after the loader"
            )
        label = self.edits.apply(names, rows, mode=self.mode, ds_id=self.ds_id).label
        return label[0] if single else label

    def _say(self, problem: str) -> None:
        if problem not in self._said:
            self._said.add(problem)
            self._report(problem)


def check_editable(edits: Any, *, by_place: bool) -> None:
    """Refuse edits that could not be kept to.

    Raises
    ------
    TypeError, ValueError
        For what is no `Edits`, and for names that are known only once a sample was read.
    """
    if not isinstance(edits, Edits):
        raise TypeError(f"edits= expects an xai_widgets.Edits; got {type(edits).__name__}")
    if not by_place:
        raise ValueError(
            "edits= needs samples that are named before they are read, by their place in a map-style data set; here names come "
            "with the batch. Apply the edits by hand: label, weight, keep = edits.apply(index, label)"
        )


def _kept(state: EditState, size: int, names: Any) -> Kept:
    index = state.index[state.excluded]
    if names is not None:
        keep = ~np.isin(names, index if index.dtype == np.asarray(names).dtype else index.astype(str))
    elif index.dtype != object and size >= 0:
        keep = np.ones(size, bool)
        keep[index[(index >= 0) & (index < size)]] = False
    else:  # places that are no numbers
        out = frozenset(index.tolist())
        return Kept(lambda place: place not in out, size, len(out))
    return Kept.of(keep)


def _shards(sampler: Any) -> bool:
    """Whether a sampler gives every process its part of one order."""
    from torch.utils.data import DistributedSampler

    while sampler is not None:
        if type(sampler).__name__ == "BatchSamplerShard" or isinstance(sampler, DistributedSampler):
            return True
        sampler = getattr(sampler, "batch_sampler", None) or getattr(sampler, "sampler", None)
    return False


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
