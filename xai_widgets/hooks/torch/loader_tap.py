"""Learn which instances are in the batches of a loader that stays as it is.

The loader's batch sampler is replaced by one that yields the same and notes it; the loader's class by a subclass whose
iterator says when a batch is taken. Batches arrive in the order the sampler gave, with any number of workers, as long
as the loader keeps that order. Nothing random is drawn, and both replacements are undone by `Tap.detach`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from xai_widgets.hooks._common.instance_ids import Key, index_of, key_reader
from xai_widgets.hooks.torch.data import is_indexed

# accelerate's loaders show the class of the loader they wrap; this is the slot below that
_set_class: Callable[[Any, type], None] = object.__dict__["__class__"].__set__


class Listener(Protocol):
    """Is told what happens to a loader."""

    def began(self, tap: Tap) -> None:
        """Hear that an iteration began."""

    def took(self, tap: Tap, index: Any, batch: Any) -> None:
        """Hear which index and batch the loop took."""

    def ended(self, tap: Tap) -> None:
        """Hear that the iteration ended."""

    def dropped(self, tap: Tap) -> None:
        """Hear that the loader is gone."""

    def stopping(self, tap: Tap) -> bool:
        """Return whether the loop is to stop."""
        ...


class Tap:
    """One tapped loader.

    Parameters
    ----------
    loader
        A ``torch.utils.data.DataLoader``, or a subclass.
    listener
        Told of passes and batches, in the thread that iterates.
    index
        Where a batch carries its index: a dict entry's name, a place, or a function of the batch. Not needed for an
        `Indexed` data set, nor for a map-style one, whose sampler is listened to.

    Raises
    ------
    TypeError, ValueError
        The loader's order does not tell the instances.
    """

    def __init__(self, loader: Any, listener: Listener, index: Key | None = None) -> None:
        self.loader = loader
        self.listener = listener
        self.mode = "train"
        self.ds_id: str | None = None
        self.passed = False  # whether a pass was begun
        self._read: Callable[[Any], Any] | None = None
        self._notes: _Notes | None = None
        self._class = type(loader)
        if index is not None:
            self._read = key_reader(index)
        elif is_indexed(getattr(loader, "dataset", None)):
            self._read = index_of
        else:
            check_order(loader)
            self._notes = _Notes(loader)
        tap = self

        def __iter__(loader: Any) -> Iterator[Any]:
            return _Pass(tap, loader)

        self._tapped = type(
            self._class.__name__, (self._class,), {"__iter__": __iter__, "__module__": __name__}
        )
        _set_class(loader, self._tapped)

    @property
    def noted(self) -> deque[Any] | None:
        """What the sampler announced for the newest pass."""
        return None if self._notes is None else self._notes.newest

    @property
    def resumes(self) -> bool:
        """Whether the first pass begins where one was cut: accelerate's ``skip_first_batches`` made the loader."""
        if self.passed:
            return False
        sampler = None if self._notes is None else self._notes.inner
        sampler = getattr(self.loader, "batch_sampler", None) if sampler is None else sampler
        return any(getattr(one, "skip_batches", 0) for one in (self.loader, sampler))

    def iterate(self, loader: Any) -> Iterator[Any]:
        """Return the loader's own iterator."""
        batches: Iterator[Any] = self._class.__iter__(loader)
        return batches

    def index(self, batch: Any, noted: deque[Any] | None) -> Any:
        """Return the index of the batch that was just taken."""
        if self._read is not None:
            return self._read(batch)
        if not noted:
            raise RuntimeError(
                "a batch came that its sampler did not announce; this loader draws its batches elsewhere. "
                "Wrap its data set: DataLoader(xai_widgets.hooks.torch.Indexed(dataset), ...)"
            )
        indices = noted.popleft()
        if self._notes is not None and self._notes.single:
            return [indices]
        if type(indices) is list and indices and type(indices[0]) is int:  # an array is quicker to take in
            return np.asarray(indices)
        return list(indices)

    def detach(self) -> None:
        """Give the loader its class and sampler back."""
        if type(self.loader) is self._tapped:
            _set_class(self.loader, self._class)
        if self._notes is not None:
            self._notes.detach()


class _Pass:
    """The iterator of one pass over a tapped loader."""

    def __init__(self, tap: Tap, loader: Any) -> None:
        self._tap = tap
        self._before = tap.noted
        self._queue: deque[Any] | None = None
        self._skip = int(getattr(loader, "skip_batches", 0) or 0) if tap.noted is not None else 0
        tap.listener.began(tap)
        tap.passed = True
        self._batches: Any = tap.iterate(loader)
        self._bind()

    def _bind(self) -> None:
        # the sampler was asked for its order either when the pass was made or, in a generator, with its first batch
        if self._queue is None and self._tap.noted is not self._before:
            self._queue = self._tap.noted
            for _ in range(
                min(self._skip, len(self._queue or ()))
            ):  # accelerate fetches skipped batches, and drops them
                self._tap.index(None, self._queue)

    def __iter__(self) -> _Pass:
        return self

    def __next__(self) -> Any:
        tap = self._tap
        if tap.listener.stopping(tap):
            raise StopIteration
        try:
            batch = next(self._batches)
        except StopIteration:
            tap.listener.ended(tap)
            raise
        self._bind()
        tap.listener.took(tap, tap.index(batch, self._queue), batch)
        return batch

    def __del__(self) -> None:
        if "_batches" in self.__dict__:
            self._tap.listener.dropped(self._tap)

    def __len__(self) -> int:
        return len(self._batches)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_batches":
            raise AttributeError(name)
        return getattr(self._batches, name)


class _Notes:
    """A sampler that yields what another yields, and remembers it in order, anew for every pass."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader = loader.__dict__.get(
            "base_dataloader", loader
        )  # accelerate wraps the loader it reads
        # with batch_size=None a loader has no batch sampler and asks its sampler for one index at a time
        self._slot = "batch_sampler" if loader.batch_sampler is not None else "sampler"
        self.single = self._slot == "sampler"
        self.inner = getattr(loader, self._slot)
        self.newest: deque[Any] = deque()
        self._swap(self)

    def _swap(self, sampler: Any) -> None:
        self._loader.__dict__[self._slot] = sampler
        kept = getattr(self._loader, "_iterator", None)
        if kept is not None:  # persistent workers: their iterator holds the sampler it was born with
            kept._index_sampler = sampler

    def __iter__(self) -> Iterator[Any]:
        # asks for the inner iterator at once, so that a sampler that draws its order there draws it when it always did
        inner = iter(self.inner)
        queue: deque[Any] = deque()
        self.newest = queue

        def note(indices: Any) -> Any:
            queue.append(indices)
            return indices

        return map(note, inner)

    def __len__(self) -> int:
        return len(self.inner)

    def __getattr__(self, name: str) -> Any:
        if name == "inner" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.inner, name)

    def detach(self) -> None:
        if self._loader.__dict__.get(self._slot) is self:
            self._swap(self.inner)


def check_order(loader: Any) -> None:
    """Refuse a loader whose sampler's order is not the order, or the identity, of what it yields."""
    from torch.utils.data import DataLoader, IterableDataset

    way_out = "Wrap its data set: DataLoader(xai_widgets.hooks.torch.Indexed(dataset), ...), so that batches carry it"
    if not isinstance(loader, DataLoader):
        raise TypeError(
            f"expected a torch DataLoader, got {type(loader).__name__}, whose order does not tell which instances are "
            "in a batch. Give index=function(batch), or record by hand with tracker.record(index, label, loss=...)."
        )
    if isinstance(loader.dataset, IterableDataset):
        raise TypeError(
            f"{type(loader.dataset).__name__} is iterable: it has no sampler, and the order in which its samples "
            "arrive does not name them. Wrap it: xai_widgets.hooks.torch.Indexed(dataset, key=...), or give index=."
        )
    if loader.num_workers > 0 and not getattr(loader, "in_order", True):
        raise ValueError(
            "this loader has in_order=False: its workers deliver batches in another order than the sampler gave, so "
            f"its batches cannot be told. {way_out} (or in_order=True)."
        )
    if type(loader).__name__ == "DataLoaderDispatcher":
        raise ValueError(
            "this loader dispatches batches from the main process (dispatch_batches=True): other processes have no "
            f"sampler to listen to. {way_out}."
        )
