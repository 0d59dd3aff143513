"""Samplers without what is excluded: the order that they draw, thinned out where places are still single.

A sampler is never changed. What shards or skips batches (Accelerate) and what makes them (torch's ``BatchSampler``) is copied
over a thinned order, so that the same number of batches is skipped and every process has as many as the others.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

OVER_BATCHES = ("BatchSamplerShard", "SkipBatchSampler")  # Accelerate's, over another batch sampler
EACH_ONCE = ("RandomSampler", "SeedableRandomSampler", "SequentialSampler", "LengthGroupedSampler")


@dataclass(frozen=True)
class Kept:
    """Which places of a data set are drawn.

    Attributes
    ----------
    keeps
        Tells it of a place.
    size
        Places of the data set.
    dropped
        How many of them are not.
    mask
        (N,) bool, the same; None where places are no numbers.
    """

    keeps: Callable[[Any], Any]
    size: int
    dropped: int
    mask: npt.NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, mask: npt.NDArray[np.bool_]) -> Kept:
        """Tell it by a mask (N,); one byte for each place is kept."""
        data = mask.tobytes()
        return cls(data.__getitem__, len(mask), int(len(mask) - mask.sum()), np.frombuffer(data, bool))


def thinned(sampler: Any, kept: Kept, *, same_length: bool) -> Any:
    """Return a sampler that draws what `sampler` draws and `kept` keeps.

    Parameters
    ----------
    sampler
        Of places, or of batches of places.
    same_length
        Whether it has as many items as `sampler`: those that are left begin again from the first one until it has.
        Samplers that draw with replacement are drawn from again, and have their length always.
    """
    from torch.utils.data import BatchSampler, DistributedSampler

    if type(sampler).__name__ in OVER_BATCHES and hasattr(sampler, "batch_sampler"):
        over = copy.copy(sampler)
        over.batch_sampler = thinned(sampler.batch_sampler, kept, same_length=same_length)
        return over
    if type(sampler) is BatchSampler:
        batches = copy.copy(sampler)
        batches.sampler = thinned(sampler.sampler, kept, same_length=same_length)
        return batches
    if isinstance(sampler, DistributedSampler) and type(sampler).__iter__ is DistributedSampler.__iter__:
        return Sharded(sampler, kept, same_length)
    return Thinned(sampler, kept, same_length)


class Thinned:
    """A sampler of places or batches without the excluded places; batches of which nothing is left are skipped."""

    def __init__(self, sampler: Any, kept: Kept, same_length: bool) -> None:
        self.sampler, self._kept = sampler, kept
        self._again = bool(getattr(sampler, "replacement", False))
        self._fill = same_length and not self._again and _length(sampler) is not None

    def __iter__(self) -> Iterator[Any]:
        # asked at once, so that a sampler that draws its order there draws it when it always did
        order = self._order()
        if self._again:
            return _drawn_again(order, self.sampler, self._kept.keeps)
        if self._fill:
            return _filled(order, len(self.sampler), max(self._kept.dropped, 1))
        return order

    def _order(self) -> Iterator[Any]:
        from torch.utils.data import RandomSampler

        mask, sampler = self._kept.mask, self.sampler
        whole = type(sampler) is RandomSampler and not self._again
        if whole and mask is not None and sampler.num_samples == len(sampler.data_source) == len(mask):
            return _permuted(sampler, mask)
        return _without(iter(sampler), self._kept.keeps)

    def __len__(self) -> int:
        """Return the number of items: exact where each place is drawn once, else the sampler's own, which is not less."""
        length: int = len(self.sampler)
        if self._fill or self._again:
            return length
        if type(self.sampler).__name__ == "SubsetRandomSampler":
            return sum(map(bool, map(self._kept.keeps, self.sampler.indices)))
        once = type(self.sampler).__name__ in EACH_ONCE and length == self._kept.size
        return length - self._kept.dropped if once else length


class Sharded:
    """What one process draws of a ``DistributedSampler`` whose whole order was thinned out first: as much as every other."""

    def __init__(self, sampler: Any, kept: Kept, same_length: bool) -> None:
        self.sampler, self._kept, self._same_length = sampler, kept, same_length

    def __iter__(self) -> Iterator[Any]:
        whole = copy.copy(self.sampler)
        whole.rank, whole.num_replicas = 0, 1
        whole.num_samples = whole.total_size = len(self.sampler.dataset)
        places = list(filter(self._kept.keeps, iter(whole)))
        total = len(self) * self.sampler.num_replicas
        return itertools.islice(
            itertools.cycle(places), self.sampler.rank, total if places else 0, self.sampler.num_replicas
        )

    def __len__(self) -> int:
        if self._same_length:
            return int(self.sampler.num_samples)
        left = len(self.sampler.dataset) - self._kept.dropped
        replicas = int(self.sampler.num_replicas)
        return left // replicas if self.sampler.drop_last else -(-left // replicas)


def _length(sampler: Any) -> int | None:
    try:
        return len(sampler)
    except TypeError:
        return None


def is_batch(item: Any) -> bool:
    """Whether a sampler's item is several places."""
    return isinstance(item, (list, tuple)) or bool(getattr(item, "ndim", 0))


def _without(order: Iterator[Any], keeps: Callable[[Any], Any]) -> Iterator[Any]:
    for first in order:
        items = itertools.chain((first,), order)
        if is_batch(first):
            yield from (left for places in items if (left := [each for each in places if keeps(each)]))
        else:
            yield from filter(keeps, items)


def _permuted(sampler: Any, mask: npt.NDArray[np.bool_]) -> Iterator[int]:
    """Draw a permutation as ``RandomSampler`` does, from the same generator, and thin it out as an array: as quick as bare."""
    import torch

    generator = sampler.generator
    if generator is None:
        generator = torch.Generator()
        generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_().item()))
    places = torch.randperm(len(mask), generator=generator).numpy()
    yield from places[mask[places]].tolist()
    if (
        sampler.generator is not None
    ):  # whose next epoch is to be that of the bare sampler, which draws for a rest of none
        torch.randperm(len(mask), generator=generator)


def _filled(order: Iterable[Any], length: int, most: int) -> Iterator[Any]:
    """Yield an order, then its first items again until there are `length`; of those at most `most` are kept for it."""
    head: list[Any] = []
    count = 0
    for item in order:
        if len(head) < most:
            head.append(item)
        yield item
        count += 1
    if head:
        yield from itertools.islice(itertools.cycle(head), max(length - count, 0))


def _drawn_again(order: Iterator[Any], sampler: Any, keeps: Callable[[Any], Any]) -> Iterator[Any]:
    """Draw until there are as many as the sampler has; it ends where a whole draw has nothing that is kept."""
    missing = len(sampler)
    while missing:
        before = missing
        for item in itertools.islice(order, missing):
            yield item
            missing -= 1
        if missing == before:
            return
        order = _without(iter(sampler), keeps)
