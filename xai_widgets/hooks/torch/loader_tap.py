"""Learn which instances are in the batches of a loader that stays as it is.

The loader's class becomes a subclass of itself that listens: its iterator says when a batch is taken, and what its sampler
yields is noted on the way to the workers. The user's own sampler, batch sampler, data set and collate function stay where
they are; what is set on them is set. Batches arrive in the order the sampler gave, with any number of workers, as long as
the loader keeps that order. Nothing random is drawn, and `Tap.detach` takes it off again, in any order.
"""

from __future__ import annotations

import copyreg
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from xai_widgets.hooks._common.data_labels import whole_places
from xai_widgets.hooks._common.evidence import Evidence, Proof
from xai_widgets.hooks._common.instance_ids import Key, index_of, key_reader
from xai_widgets.hooks._common.same_samples import SameSamples, are_places
from xai_widgets.hooks.torch.data import is_indexed
from xai_widgets.hooks.torch.edited import EditedLoader
from xai_widgets.hooks.torch.identity import Rows
from xai_widgets.hooks.torch.witness import witness

# accelerate's loaders show the class of the loader they wrap; this is the slot below that
_set_class: Callable[[Any, type], None] = object.__dict__["__class__"].__set__


class Listener(Protocol):
    """Is told what happens to a loader."""

    def began(self, tap: Tap) -> None:
        """Hear that an iteration began."""

    def took(self, tap: Tap, index: Any, batch: Any) -> None:
        """Hear which index and batch the loop took; None for a batch whose samples could not be told."""

    def ended(self, tap: Tap) -> None:
        """Hear that the iteration ended."""

    def dropped(self, tap: Tap) -> None:
        """Hear that the loader's iterator is gone."""

    def stopping(self, tap: Tap) -> bool:
        """Return whether the loop is to stop."""
        ...


class Announced:
    """What is known of the batches of one pass before they are taken: their names, and what was fetched for them."""

    def __init__(self) -> None:
        self.names: deque[Any] = deque()
        self.fetched: deque[Any] = deque()


class Passing:
    """One pass over a loader: batches taken, whether it is over, and whether it counts as an epoch by now."""

    def __init__(self, resumes: bool) -> None:
        self.resumes = resumes
        self.taken = 0
        self.over = self.counts = False


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
    evidence
        Checks the names; without it they are taken as the loader's order gives them.

    Raises
    ------
    TypeError, ValueError
        The loader's order does not tell the instances.
    """

    def __init__(
        self, loader: Any, listener: Listener, index: Key | None = None, evidence: Evidence | None = None
    ) -> None:
        self.loader = loader
        self.listener = listener
        self.mode = "train"
        self.ds_id: str | None = None
        self.evidence = evidence
        self.passed = False  # whether a pass was begun
        self.passing = Passing(False)  # that which is told of
        self.edited: EditedLoader | None = None
        self.rows = Rows(loader)
        self._same = SameSamples()
        self._by_place = index is None and self.rows.by_place
        self._read: Callable[[Any], Any] | None = None
        self.named_by = "the data set's order"
        if index is not None:
            self._read = key_reader(index)
            self.named_by = "index="
        elif is_indexed(getattr(loader, "dataset", None)):
            self._read = index_of
            self.named_by = "the index that rides in the batch"
        else:
            check_order(loader)
        # accelerate wraps the loader it reads
        self._inner = getattr(loader, "__dict__", {}).get("base_dataloader", loader)
        self.newest: Announced | None = None
        self._proof: Proof | None = None
        self._places: tuple[Any, Any] = (None, None)
        _attach(loader, self)
        if self._inner is not loader:
            _attach(self._inner, self)

    @property
    def resumes(self) -> bool:
        """Whether the first pass begins where one was cut: accelerate's ``skip_first_batches`` made the loader."""
        if self.passed:
            return False
        sampler = getattr(self._inner, "batch_sampler", None)
        return any(getattr(one, "skip_batches", 0) for one in (self.loader, sampler))

    @property
    def whole(self) -> bool:
        """Whether the loader's batches are lists of samples, and not single ones."""
        return getattr(self._inner, "batch_sampler", None) is not None

    def announce(self) -> Announced:
        """Begin to note what is coming in a pass."""
        self.newest = Announced()
        return self.newest

    def index(self, batch: Any, announced: Announced | None) -> Any:
        """Return the index of the batch that was just taken; None where it cannot be told, which the user is told."""
        fetched = announced.fetched.popleft() if announced is not None and announced.fetched else None
        names: Any
        if self._read is not None:
            if announced is not None and announced.names:
                announced.names.popleft()
            names = self._read(batch)
        elif announced is None or not announced.names:
            raise RuntimeError(
                "a batch came that its sampler did not announce; this loader draws its batches elsewhere. "
                "Wrap its data set: DataLoader(xai_widgets.hooks.torch.Indexed(dataset), ...)"
            )
        else:
            names = self._named(announced.names.popleft())
        if self.evidence is None:
            return names
        if self._proof is None:
            self._proof = self.evidence.of(self.mode, self.ds_id)
            self._proof.named_by = self.named_by
            self._proof.begin_pass()
        proof = self._proof
        proof.took()
        # of names that are not places only the labels are looked at: the collate function carried both
        places = names if self._by_place else None
        self.rows.prove(proof, names, places, batch, fetched)
        if proof.may_record and "rows" not in proof.told and (places is not None or are_places(names)):
            self._same.prove(proof, names, self.rows.targets(batch))
        return names if proof.may_record else None

    def _named(self, indices: Any) -> Any:
        if not self.whole:
            indices = [indices]
        if type(indices) is list and indices and type(indices[0]) is int:  # an array is quicker to take in
            names: Any = np.asarray(indices)
        else:
            names = indices if hasattr(indices, "dtype") else list(indices)
        names = self._from_the_front(names)
        places = self.whole_places()
        if places is None:
            return names
        return places[np.asarray(names, dtype=np.int64)]

    def _from_the_front(self, names: Any) -> Any:
        """Return places that count from the end as what they are: data sets take -1 for their last sample."""
        if isinstance(names, np.ndarray) and names.dtype.kind == "i" and len(names) and names.min() < 0:
            return np.where(names < 0, names + len(self.loader.dataset), names)
        return names

    def whole_places(self) -> Any:
        """Return the places (N,) that a subset's samples have in what it is a part of; None for what is no subset."""
        dataset: Any = getattr(self.loader, "dataset", None)
        if not hasattr(dataset, "indices"):
            return None
        known, places = self._places
        if known is not dataset.indices:
            places = whole_places(dataset)
            self._places = (dataset.indices, places)
        return places

    def begins(self) -> None:
        """Look at the first batches of a pass again, and at a subset's places, which may have been changed in place."""
        self._places = (None, None)
        self.rows.again()
        self._same.begins()
        if self._proof is not None:
            self._proof.begin_pass()
        self.passing = Passing(self.resumes)
        self.listener.began(self)
        self.passed = True

    def detach(self) -> None:
        """Listen no more; the last to leave a loader gives it its class back."""
        for loader in (self.loader, self._inner):
            _detach(loader, self)


class _Pass:
    """The iterator of one pass over a tapped loader."""

    def __init__(self, taps: list[Tap], loader: Any, iterate: Callable[[Any], Iterator[Any]]) -> None:
        self._taps = taps
        self._before = [tap.newest for tap in taps]
        self._announced: list[Announced | None] = [None] * len(taps)
        self._skip = int(getattr(loader, "skip_batches", 0) or 0)
        self._passings: list[Passing] = []
        for tap in taps:
            tap.begins()
            self._passings.append(tap.passing)
        self._batches: Any = iterate(loader)
        self._bind()

    def _bind(self) -> None:
        # the sampler was asked for its order either when the pass was made or, in a generator, with its first batch
        for place, tap in enumerate(self._taps):
            if self._announced[place] is None and tap.newest is not self._before[place]:
                found = self._announced[place] = tap.newest
                # accelerate fetches skipped batches, and drops them
                for waiting in (found.names, found.fetched) if found is not None else ():
                    for _ in range(min(self._skip, len(waiting))):
                        waiting.popleft()

    def __iter__(self) -> _Pass:
        return self

    def __next__(self) -> Any:
        stopping = [tap.listener.stopping(tap) for tap in self._taps]
        if any(stopping):
            raise StopIteration
        try:
            batch = next(self._batches)
        except StopIteration:
            for tap in self._each(over=True):
                tap.listener.ended(tap)
            raise
        self._bind()
        for tap, announced in zip(self._each(), self._announced, strict=True):
            tap.passing.taken += 1
            names = tap.index(batch, announced)
            if tap.edited is not None:
                batch = tap.edited.batch(names, batch)
            tap.listener.took(tap, names, batch)
        return batch

    def _each(self, *, over: bool = False) -> Iterator[Tap]:
        for tap, passing in zip(self._taps, self._passings, strict=True):
            passing.over = passing.over or over
            tap.passing = passing
            yield tap

    def __del__(self) -> None:
        if "_batches" in self.__dict__:
            for tap in self._each(over=True):
                tap.listener.dropped(tap)

    def __len__(self) -> int:
        return len(self._batches)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_batches":
            raise AttributeError(name)
        return getattr(self._batches, name)


class _Notes:
    """What a loader asks for its order: the user's sampler, whose answers are noted anew for every pass."""

    def __init__(self, real: Any, taps: list[Tap]) -> None:
        self.real, self._taps = real, taps

    def __iter__(self) -> Iterator[Any]:
        # asks for the sampler's iterator at once, so that one that draws its order there draws it when it always did
        order = iter(self._drawn())
        queues = [tap.announce().names for tap in self._taps]

        def note(indices: Any) -> Any:
            for queue in queues:
                queue.append(indices)
            return indices

        return map(note, order)

    def _drawn(self) -> Any:
        """Return the user's sampler without what is excluded; itself where nothing is."""
        sampler = self.real
        for tap in self._taps:
            if tap.edited is not None:
                sampler = tap.edited.sampler(sampler, getattr(tap.loader, "dataset", None), tap.whole_places)
        return sampler

    def __len__(self) -> int:
        return len(self._drawn())


def _attach(loader: Any, tap: Tap) -> None:
    taps = _taps_of(loader)
    if taps is not None:
        taps.append(tap)
        return
    _set_class(loader, _tapped(type(loader), [tap]))
    kept = getattr(loader, "_iterator", None)
    if kept is not None and hasattr(kept, "_index_sampler"):
        kept._index_sampler = (
            loader._index_sampler
        )  # persistent workers: their iterator asks what it was born with


def _detach(loader: Any, tap: Tap) -> None:
    taps = _taps_of(loader)
    if taps is None or tap not in taps:
        return
    taps.remove(tap)
    if not taps:
        _set_class(loader, type(loader).__mro__[1])
        kept = getattr(loader, "_iterator", None)
        if kept is not None and isinstance(getattr(kept, "_index_sampler", None), _Notes):
            kept._index_sampler = kept._index_sampler.real


def _taps_of(loader: Any) -> list[Tap] | None:
    found: list[Tap] | None = type(loader).__dict__.get("_xai_taps")
    return found


def _tapped(base: Any, taps: list[Tap]) -> type:
    """Make a subclass of a loader's class that listens, and is its class for everybody who saves or copies it."""

    def __iter__(loader: Any) -> Iterator[Any]:
        outer = [tap for tap in taps if tap.loader is loader]
        return _Pass(outer, loader, base.__iter__) if outer else base.__iter__(loader)

    def _get_iterator(loader: Any) -> Any:
        inner = [tap for tap in taps if tap._inner is loader]
        before = [tap.newest for tap in inner]
        return witness(
            loader,
            base._get_iterator,
            lambda: [
                (tap.newest or tap.announce()) if tap.newest is not old else tap.announce()
                for tap, old in zip(inner, before, strict=True)
            ],
            whole=not all(tap.rows.known for tap in inner),
        )

    def index_sampler(loader: Any) -> Any:
        real = base._index_sampler.fget(loader)
        inner = [tap for tap in taps if tap._inner is loader]
        return _Notes(real, inner) if inner else real

    def __reduce_ex__(loader: Any, protocol: Any) -> Any:
        made = base.__reduce_ex__(loader, protocol)
        if not isinstance(made, tuple):
            return made
        maker, arguments, *rest = made
        if maker is getattr(copyreg, "__newobj__", None):  # which pickle compares with the class that listens
            maker = _anew
        return (_own_class(maker), tuple(_own_class(one) for one in arguments), *rest)

    body = {
        "__iter__": __iter__,
        "__reduce_ex__": __reduce_ex__,
        "__module__": base.__module__,
        "__qualname__": base.__qualname__,
        "__doc__": base.__doc__,
        "_xai_taps": taps,
    }
    if hasattr(base, "_get_iterator"):
        body["_get_iterator"] = _get_iterator
    if isinstance(getattr(base, "_index_sampler", None), property):
        body["_index_sampler"] = property(index_sampler)
    return type(base.__name__, (base,), body)


def _anew(kind: type, *arguments: Any) -> Any:
    """Make an object of a class that a saved loader says it is of."""
    return kind.__new__(kind, *arguments)


def _own_class(value: Any) -> Any:
    """Return a loader's own class for one that listens; anything else as it is."""
    return value.__mro__[1] if isinstance(value, type) and "_xai_taps" in value.__dict__ else value


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
