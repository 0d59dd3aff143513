"""Batches of a `Trainer` that are named as a whole: a dict for every sample costs as much as all else that the hook does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xai_widgets.hooks._common.instance_ids import INDEX, add_index, add_indices
from xai_widgets.hooks.torch.data import Indexed

CARRIED = "xai_widgets_labels"


def carry_labels(loader: Any) -> Callable[[], None]:
    """Have the batches of a loader carry their labels once more, past what takes them out before the model; returns the undo."""
    slots = vars(getattr(loader, "base_dataloader", loader))
    collate = slots.get("collate_fn")
    if not callable(collate):
        return lambda: None
    carrying = slots["collate_fn"] = LabelsCarried(collate)

    def undo() -> None:
        if slots.get("collate_fn") is carrying:
            slots["collate_fn"] = collate

    return undo


class LabelsCarried:
    """A collate function whose batches have their labels twice."""

    def __init__(self, collate_fn: Callable[[Any], Any]) -> None:
        self.collate_fn = collate_fn

    def __call__(self, samples: Any) -> Any:
        """Collate samples."""
        batch = self.collate_fn(samples)
        if hasattr(batch, "keys") and "labels" in batch:
            batch[CARRIED] = batch["labels"]
        return batch


def name_batches(loader: Any) -> Callable[[], None] | None:
    """Have a loader of an `Indexed` data set carry the index past its collate function; returns what undoes it.

    None where that would show: a collate function of the user's own may read the index in its samples.
    """
    loader = getattr(loader, "base_dataloader", loader)  # accelerate wraps the loader it reads
    dataset, collate = getattr(loader, "dataset", None), getattr(loader, "collate_fn", None)
    if type(dataset) is not Indexed or not dataset.by_place or not _is_theirs(collate):
        return None
    slots = vars(loader)  # a loader refuses to have its data set assigned
    if slots.get("dataset") is not dataset or slots.get("collate_fn") is not collate:
        return None
    samples, batches = Samples(dataset), NamedBatches(collate)
    slots["dataset"], slots["collate_fn"] = samples, batches

    def undo() -> None:
        if slots.get("dataset") is samples and slots.get("collate_fn") is batches:
            slots["dataset"], slots["collate_fn"] = dataset, collate

    return undo


def _is_theirs(collate: Any) -> bool:
    collate = getattr(collate, "data_collator", collate)  # below what removes columns
    module = getattr(collate, "__module__", None) or type(collate).__module__
    return module.split(".")[0] == "transformers"


class Named(list[Any]):
    """Samples of one batch, and which ones they are."""

    places: list[Any]


class Samples:
    """An `Indexed` data set whose batches say which samples they have, not the samples themselves."""

    def __init__(self, dataset: Indexed) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, place: Any) -> Any:
        return self.dataset[place]

    def __getitems__(self, places: list[Any]) -> list[Any]:
        """Return several samples at once, which is how a loader asks."""
        samples = self.dataset.unnamed(places)
        # what has no names, or an index of its own, is told of where it always was
        if not samples or not hasattr(samples[0], "keys") or INDEX in samples[0]:
            return add_indices(samples, self.dataset.names(places))
        named = Named(samples)
        named.places = self.dataset.names(places)
        return named

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "dataset":
            raise AttributeError(name)
        return getattr(self.dataset, name)


class NamedBatches:
    """A collate function whose batches get the index of their samples."""

    def __init__(self, collate_fn: Callable[[list[Any]], Any]) -> None:
        self.collate_fn = collate_fn

    def __call__(self, samples: list[Any]) -> Any:
        """Collate samples, and add the index to the batch as `add_index` does to a sample."""
        if type(samples) is not Named:
            return self.collate_fn(samples)
        import torch

        batch = self.collate_fn(samples)
        index = torch.as_tensor(samples.places)
        if hasattr(batch, "keys"):
            batch[INDEX] = index
            return batch
        return add_index(batch, index)
