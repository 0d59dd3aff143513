"""Edits in the loader that a `Trainer` made: what is excluded is not drawn, and a new label travels with its sample's place.

A resumed `Trainer` makes a second loader of the first one's sampler and data set, so that is where edits are applied, and not
where batches come out. The loader keeps its number of batches, which a `Trainer` counts once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from xai_widgets.edits import Edits
from xai_widgets.edits.state import in_type_of
from xai_widgets.hooks._common.instance_ids import INDEX
from xai_widgets.hooks.torch.edited import INDEX_RIDES, EditedLoader, check_editable
from xai_widgets.hooks.transformers.labels import COLUMNS
from xai_widgets.hooks.transformers.names import decode


def edited_by_trainer(edits: Edits, tracker: Any) -> EditedLoader:
    """Take edits for a `Trainer`, and refuse those that would do nothing.

    Raises
    ------
    TypeError
        For what is no `Edits`.
    """
    check_editable(edits, by_place=True)
    edits.refuse(
        "train",
        "a Trainer's loss has no weights for single samples: exclude the instances, or weigh them in a compute_loss of your own "
        "with edits.weights(index) and a Trainer without edits=",
        "reweight",
    )
    edits.refuse("eval", "a Trainer makes its evaluation's loader anew each time, and tells nobody before")
    return EditedLoader(edits, "train", None, None, tracker.report, same_length=True, index=INDEX_RIDES)


def edit_loader(loader: Any, edited: EditedLoader) -> Callable[[], None]:
    """Have a loader draw and label its samples as the edits in force say; returns what undoes it.

    Raises
    ------
    ValueError
        For a loader without a sampler, and where names are known only once a sample was read.
    """
    loader = getattr(loader, "base_dataloader", loader)  # accelerate wraps the loader it reads
    slots = vars(loader)  # a loader refuses to have its sampler assigned
    sampler, dataset = slots.get("batch_sampler"), slots.get("dataset")
    if sampler is None or not hasattr(dataset, "__len__"):
        raise ValueError(
            f"edits= needs a map-style data set with a sampler; {type(dataset).__name__} streams, so nothing can be left out "
            "before it is read: filter the stream, or make it a data set first"
        )
    names = names_of(dataset)
    order, rows = EditedOrder(sampler, edited, dataset, names), EditedRows(dataset)
    slots["batch_sampler"], slots["dataset"] = order, rows

    def undo() -> None:
        if slots.get("batch_sampler") is order and slots.get("dataset") is rows:
            slots["batch_sampler"], slots["dataset"] = sampler, dataset

    return undo


def names_of(dataset: Any) -> Any:
    """Return the name (N,) of each place of a data set that `indexed` made; None where places are names.

    Raises
    ------
    ValueError
        For a data set whose names are known only once a sample was read.
    """
    if type(dataset).__name__ == "Samples":  # named batches
        dataset = dataset.dataset
    if INDEX in (getattr(dataset, "column_names", None) or ()):
        column = np.asarray(dataset.with_format("numpy", columns=[INDEX])[INDEX][:])
        names = np.asarray(decode(column))
        return None if names.dtype.kind in "iu" and (names == np.arange(len(names))).all() else names
    if type(dataset).__name__ != "Indexed" or not dataset.by_place:
        raise ValueError(
            "edits= needs samples whose names are known before they are read: "
            "train_dataset=xai_widgets.hooks.transformers.indexed(dataset), without a key for data sets of torch"
        )
    return np.asarray(dataset.names(list(range(len(dataset))))) if dataset._places is not None else None


class Relabelled(int):
    """A place that goes to a worker with the label that its sample is to have."""

    label: Any


class EditedOrder:
    """A batch sampler that draws and names labels as the edits in force say; everything else is the real one's."""

    def __init__(self, sampler: Any, edited: EditedLoader, dataset: Any, names: Any) -> None:
        self.real, self._edited, self._dataset, self._names = sampler, edited, dataset, names

    def __iter__(self) -> Iterator[list[Any]]:
        order: Iterator[list[Any]] = iter(self._edited.sampler(self.real, self._dataset, lambda: self._names))
        changed = self._edited.relabelled()
        if not changed:
            return order
        state = self._edited.state()
        labels = {
            name: state.label[row] for row, name in enumerate(state.index.tolist()) if state.relabelled[row]
        }
        return ([self._place(place, labels) for place in batch] for batch in order)

    def _place(self, place: Any, labels: dict[Any, Any]) -> Any:
        name = place if self._names is None else self._names[place].item()
        if name not in labels:
            return place
        made = Relabelled(place)
        made.label = labels[name]
        return made

    def __len__(self) -> int:
        return len(self.real)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "real":
            raise AttributeError(name)
        return getattr(self.real, name)


class EditedRows:
    """A data set whose samples have the label that came with their place; everything else is the real one's."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, place: Any) -> Any:
        return _labelled(self.dataset[int(place)], place)

    def __getitems__(self, places: list[Any]) -> list[Any]:
        """Return several samples at once, which is how a loader asks."""
        fetch = getattr(self.dataset, "__getitems__", None)
        plain = [int(place) for place in places]
        samples: list[Any] = fetch(plain) if fetch is not None else [self.dataset[place] for place in plain]
        for row, place in enumerate(places):
            if type(place) is Relabelled:
                samples[row] = _labelled(samples[row], place)
        return samples

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "dataset":
            raise AttributeError(name)
        return getattr(self.dataset, name)


def _labelled(sample: Any, place: Any) -> Any:
    """Give a sample the label of its place; as it is where it has none, which the batch's labels then show."""
    if type(place) is not Relabelled or not isinstance(sample, Mapping):
        return sample
    name = next((one for one in COLUMNS if one in sample), None)
    if name is None:
        return sample
    try:
        return {**sample, name: in_type_of(sample[name], place.label)}
    except (TypeError, ValueError):
        return sample
