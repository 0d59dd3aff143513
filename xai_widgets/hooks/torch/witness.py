"""See samples where a loader fetches them, before its collate function makes a batch of them.

Nothing is read that the loader does not read anyway, and nothing before it does: no file is opened before a fork, no
generator of a data set moves. In worker processes what was seen rides beside the batch, and is taken off before anybody
sees it. Only the first batches of a pass are looked at, then a few rows of one in `RARELY`.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

FIRST = 2  # batches of a pass that are looked at whole
RARELY = 64  # then one in so many
SOME_ROWS = 4  # of which so many rows
SMALL = 64  # numbers in a part of a sample that is kept whole
LARGEST = 1 << 20  # numbers in a part that is kept for a row or two

Path = tuple[Any, ...]


@dataclass(frozen=True)
class Fetched:
    """What was seen of a batch's samples.

    Attributes
    ----------
    count
        How many samples were fetched.
    rows
        Which of them were looked at.
    parts
        {where in a sample: its values in those rows}: numbers, texts and small arrays.
    contents
        The same of large parts, in the first and last of those rows.
    """

    count: int
    rows: list[int]
    parts: dict[Path, list[Any]]
    contents: dict[Path, dict[int, Any]]


class Carried(NamedTuple):
    """A batch on its way from a worker, with what was seen of its samples."""

    batch: Any
    fetched: Fetched | None


class Looks:
    """Looks at the samples of some batches, in the order in which they are fetched."""

    def __init__(self, whole: bool = True) -> None:
        self._seen, self._whole = 0, whole

    def at(self, samples: Any) -> Fetched | None:
        """Look, if it is time to."""
        seen, self._seen = self._seen, self._seen + 1
        if type(samples) is not list or not samples:
            return None
        count = len(samples)
        if seen < FIRST and self._whole:
            rows = list(range(count))
        elif seen < FIRST or seen % RARELY == 0:
            rows = sorted(
                {(seen // RARELY * 7 + step * count // SOME_ROWS) % count for step in range(SOME_ROWS)}
            )
        else:
            return None
        try:
            return look(samples, rows)
        except Exception:  # a sample of an odd kind: then nothing is proved, and nothing is disturbed
            return None


def look(samples: list[Any], rows: list[int]) -> Fetched:
    """Note what can be compared with a batch later."""
    parts: dict[Path, list[Any]] = {}
    contents: dict[Path, dict[int, Any]] = {}
    ends = (rows[0], rows[-1])
    for row in rows:
        for path, value in leaves(samples[row]):
            size = _size(value)
            if size <= SMALL:
                parts.setdefault(path, []).append(_small(value))
            elif row in ends and size <= LARGEST:
                # copied: the loop may write into its batch, which may be the sample itself
                contents.setdefault(path, {})[row] = _copied(value)
    return Fetched(len(samples), rows, {p: v for p, v in parts.items() if len(v) == len(rows)}, contents)


def leaves(value: Any, path: Path = (), depth: int = 0) -> list[tuple[Path, Any]]:
    """List the arrays, numbers and texts of a sample or batch, with their places in it."""
    if depth < 4 and isinstance(value, (tuple, list)) and not _is_column(value):
        return [leaf for place, one in enumerate(value) for leaf in leaves(one, (*path, place), depth + 1)]
    if depth < 4 and (
        isinstance(value, Mapping) or (hasattr(value, "keys") and hasattr(value, "__getitem__"))
    ):
        return [leaf for name in value.keys() for leaf in leaves(value[name], (*path, name), depth + 1)]  # noqa: SIM118
    return [(path, value)]


def _is_column(value: Any) -> bool:
    """Whether a list is one of texts or numbers: a column of a batch."""
    return len(value) > 0 and all(
        isinstance(one, (str, bytes, int, float, bool, type(None))) for one in value[:4]
    )


def _copied(value: Any) -> Any:
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        return (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy().copy()
    return np.array(value)


def _size(value: Any) -> int:
    if isinstance(value, (str, bytes, int, float, bool, type(None))):
        return 1
    if hasattr(value, "numel"):
        return int(value.numel())
    return int(value.size) if isinstance(getattr(value, "size", None), int) else LARGEST + 1


def _small(value: Any) -> Any:
    if isinstance(value, (str, bytes, int, float, bool, type(None))):
        return value
    array = _copied(value)
    return array.item() if array.size == 1 else array


class Watching:
    """A collate function within this process, that looks at the samples it is given."""

    def __init__(self, collate: Callable[[Any], Any], queues: list[deque[Any]], whole: bool) -> None:
        self._collate, self._queues, self._looks = collate, queues, Looks(whole)

    def __call__(self, samples: Any) -> Any:
        """Collate samples."""
        fetched = self._looks.at(samples)
        batch = self._collate(samples)
        for queue in self._queues:
            queue.append(fetched)
        return batch


class Carrying:
    """A collate function in a worker, that sends what it saw along."""

    def __init__(self, collate: Callable[[Any], Any], whole: bool) -> None:
        self._collate, self._looks = collate, Looks(whole)

    def __call__(self, samples: Any) -> Any:
        """Collate samples."""
        fetched = self._looks.at(samples)
        return Carried(self._collate(samples), fetched)


def witness(
    loader: Any, make: Callable[[Any], Any], announced: Callable[[], list[Any]], *, whole: bool = True
) -> Any:
    """Make a loader's iterator with `make`, and put what its samples show beside what is `announced` of the pass.

    The first batches are looked at `whole` where it is not known yet how samples become batches, else in some rows.
    """
    if loader.num_workers == 0:
        batches = make(loader)
        queues = [one.fetched for one in announced()]
        fetcher = getattr(batches, "_dataset_fetcher", None)
        if queues and fetcher is not None and getattr(fetcher, "auto_collation", False):
            fetcher.collate_fn = Watching(fetcher.collate_fn, queues, whole)
        return batches
    own = vars(loader)
    # workers that stay would send along what nobody takes off after we have left
    if loader.persistent_workers or "collate_fn" not in own or loader.batch_sampler is None:
        return make(loader)
    collate = own["collate_fn"]
    own["collate_fn"] = Carrying(collate, whole)
    try:
        batches = make(loader)
    finally:
        own["collate_fn"] = collate
    _take_off(batches, [one.fetched for one in announced()])
    return batches


def _take_off(batches: Any, queues: list[deque[Any]]) -> None:
    """Have an iterator give plain batches again."""
    next_data = type(batches)._next_data
    itself = weakref.ref(batches)  # an iterator ends its workers when nobody holds it any more

    def taken_off() -> Any:
        data = next_data(itself())
        if isinstance(data, Carried):
            for queue in queues:
                queue.append(data.fetched)
            return data.batch
        return data

    batches._next_data = taken_off
