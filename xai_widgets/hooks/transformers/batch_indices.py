"""Batches of a `Trainer` that are named as a whole: a dict for every sample costs as much as all else that the hook does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from xai_widgets.hooks._common.instance_ids import INDEX, add_index, add_indices
from xai_widgets.hooks.torch.data import Indexed
from xai_widgets.hooks.transformers.labels import COLUMNS

CARRIED = "xai_widgets_labels"
NAMES, GIVEN = "xai_widgets_names", "xai_widgets_given"
FIRST, OFTEN = 3, 16  # batches that are looked at: the first ones, then one in so many
WIDEST = 64  # numbers in a label


def carry_labels(loader: Any) -> Callable[[], None]:
    """Have the batches of a loader carry their labels once more, past what takes them out before the model; returns the undo."""
    return _collate_by(loader, LabelsCarried)


def _collate_by(loader: Any, wrap: Callable[[Any], Any]) -> Callable[[], None]:
    """Put a collate function around that of a loader, where it has one; returns the undo."""
    slots = vars(getattr(loader, "base_dataloader", loader))
    collate = slots.get("collate_fn")
    if not callable(collate):
        return lambda: None
    wrapped = slots["collate_fn"] = wrap(collate)

    def undo() -> None:
        if slots.get("collate_fn") is wrapped:
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


def carry_samples(loader: Any) -> Callable[[], None]:
    """Have some batches of a loader say which labels their samples came with, before collating; returns the undo."""
    slots = vars(getattr(loader, "base_dataloader", loader))
    if slots.get("batch_sampler") is None and slots.get("batch_size") is None:
        return lambda: None  # what it collates are single samples
    return _collate_by(loader, SamplesSeen)


class SamplesSeen:
    """A collate function some of whose batches hold the names and labels of their samples as it was given them.

    The first batches of every worker do, then one in `OFTEN`.
    """

    def __init__(self, collate_fn: Callable[[Any], Any]) -> None:
        self.collate_fn = collate_fn
        self._seen = 0

    def __call__(self, samples: Any) -> Any:
        """Collate samples."""
        seen, self._seen = self._seen, self._seen + 1
        given = names_and_labels(samples) if seen < FIRST or seen % OFTEN == 0 else None
        batch = self.collate_fn(samples)
        if given is not None and hasattr(batch, "keys"):
            batch[NAMES], batch[GIVEN] = given
        return batch


def names_and_labels(samples: Any) -> tuple[Any, Any] | None:
    """Return the names (B,) or (B, K) and labels (B, ...) of samples as tensors; None where they have none that are numbers."""
    import torch

    try:
        label = next(name for name in COLUMNS if name in samples[0])
        names = samples.places if type(samples) is Named else [sample[INDEX] for sample in samples]
        labels = [sample[label] for sample in samples]
        given = torch.stack(labels) if hasattr(labels[0], "detach") else torch.as_tensor(np.asarray(labels))
        found = torch.as_tensor(np.asarray(names)), given
    except Exception:  # samples of an odd kind: then nothing is proved, and nothing is disturbed
        return None
    return found if given[0].numel() <= WIDEST else None


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
