"""`Indexed`: a torch data set whose samples say which ones they are."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

from xai_widgets.hooks._common.data_labels import whole_places
from xai_widgets.hooks._common.instance_ids import INDEX, Key, add_index, add_indices, index_of, key_reader


class Indexed:
    """A data set whose samples carry their index through shuffling, workers, prefetch and several processes.

    A tuple sample ``(x, y)`` becomes ``(x, y, index)``, a dict gets an entry ``"index"``, anything else becomes
    ``(sample, index)``. Everything else that the data set has (``classes``, ``targets``, ``transform`` ...) is read, set and
    deleted through it. The samples of a subset keep the places that they have in the whole.

    Parameters
    ----------
    dataset
        A map-style data set (``__getitem__`` and ``__len__``), named by position unless `key` is given; or an
        iterable one, which needs `key`.
    key
        Names the samples: the name (or place) of a field, a function of a sample, or "content" for a hash of the
        sample's content. A random transform changes the content: hash before it, or name a field.
    keep
        The samples have an entry or a last element that is the index already: leave them as they are.

    Raises
    ------
    TypeError
        The order of this data set is not an identity (iterable, or without ``__getitem__``) and no `key` was given.
    """

    dataset: Any
    key: Key | None
    keep: bool
    _read_key: Callable[[Any], Any] | None
    _places: Any

    def __new__(cls, dataset: Any, key: Key | None = None, keep: bool = False) -> Any:
        """Return an iterable data set for an iterable one."""
        if _is_iterable_only(dataset):
            if key is None and not keep:
                raise TypeError(
                    f"{type(dataset).__name__} is iterable: the order in which its samples arrive does not name them "
                    '(shards and workers interleave). Give key="field", key=function(sample), or key="content".'
                )
            return indexed_stream(dataset, key, keep)
        return super().__new__(cls)

    def __init__(self, dataset: Any, key: Key | None = None, keep: bool = False) -> None:
        if not (hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")):
            raise TypeError(
                f"{type(dataset).__name__} has no __getitem__ and __len__, so a position does not name a sample; "
                "expected a data set (not a loader), map-style or a torch IterableDataset with key="
            )
        own = self.__dict__  # everything else that is set is the data set's
        own["dataset"], own["key"], own["keep"] = dataset, key, keep
        own["_read_key"] = None if key is None else key_reader(key)
        own["_places"] = None if key is not None or keep else whole_places(dataset)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.dataset, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self.dataset, name)

    def __reduce__(self) -> Any:
        return Indexed, (self.dataset, self.key, self.keep)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, place: Any) -> Any:
        return self._with_index(self.dataset[place], place)

    def __getitems__(self, places: list[Any]) -> list[Any]:
        """Return several samples at once, which is how a loader asks."""
        samples = self.unnamed(places)
        if not self.by_place:
            return [self._with_index(sample, place) for sample, place in zip(samples, places, strict=True)]
        return add_indices(samples, self.names(places))

    def names(self, places: list[Any]) -> list[Any]:
        """Return the names of samples that have none but their place."""
        return places if self._places is None else [int(self._places[place]) for place in places]

    @property
    def by_place(self) -> bool:
        """Whether a sample is named by its place, and by nothing in it."""
        return not self.keep and self._read_key is None

    def unnamed(self, places: list[Any]) -> list[Any]:
        """Return several samples as they are."""
        fetch = getattr(self.dataset, "__getitems__", None)
        return fetch(places) if fetch is not None else [self.dataset[place] for place in places]

    def _with_index(self, sample: Any, place: Any) -> Any:
        if self.keep:
            return sample
        return add_index(sample, self.names([place])[0] if self._read_key is None else self._read_key(sample))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("dataset", "key", "keep", "_read_key", "_places"):
            raise AttributeError(name)
        return getattr(self.dataset, name)

    def collate(self, collate_fn: Callable[[list[Any]], Any]) -> IndexedCollate:
        """Return `collate_fn` made to carry the index past it: it sees samples as they were, the batch ends with it."""
        return IndexedCollate(collate_fn)


class IndexedCollate:
    """A collate function that lets another one see the samples without their index."""

    def __init__(self, collate_fn: Callable[[list[Any]], Any]) -> None:
        self.collate_fn = collate_fn

    def __call__(self, samples: list[Any]) -> Any:
        """Collate samples of an `Indexed` data set; the batch gets the index as `add_index` gives it to a sample."""
        from torch.utils.data import default_collate

        batch = self.collate_fn([without_index(sample) for sample in samples])
        return add_index(batch, default_collate([index_of(sample) for sample in samples]))


def without_index(sample: Any) -> Any:
    """Undo `add_index`."""
    if hasattr(sample, "keys"):
        return {name: value for name, value in sample.items() if name != INDEX}
    return sample[:-1] if len(sample) > 2 else sample[0]


def _is_iterable_only(dataset: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(dataset, torch.utils.data.IterableDataset)


@functools.cache
def _stream_class() -> Any:
    """Loaders know iterable data sets by torch's class only, so ours is made once torch is there."""
    from torch.utils.data import IterableDataset

    class IndexedStream(IterableDataset):
        def __init__(self, dataset: Any, key: Key | None, keep: bool) -> None:
            super().__init__()
            self.dataset = dataset
            self.key = key
            self.keep = keep

        def __reduce__(self) -> Any:
            return indexed_stream, (self.dataset, self.key, self.keep)

        def __iter__(self) -> Iterator[Any]:
            read = None if self.keep or self.key is None else key_reader(self.key)
            for sample in self.dataset:
                yield sample if read is None else add_index(sample, read(sample))

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__") or name in ("dataset", "key", "keep"):
                raise AttributeError(name)
            return getattr(self.dataset, name)

        def collate(self, collate_fn: Callable[[list[Any]], Any]) -> IndexedCollate:
            return IndexedCollate(collate_fn)

    return IndexedStream


def indexed_stream(dataset: Any, key: Key | None, keep: bool) -> Any:
    """Return the iterable form of `Indexed`; a function, so that worker processes can be given one."""
    return _stream_class()(dataset, key, keep)


def is_indexed(dataset: Any) -> bool:
    """Whether batches of this data set carry their index."""
    return isinstance(dataset, Indexed) or type(dataset).__name__ == "IndexedStream"
