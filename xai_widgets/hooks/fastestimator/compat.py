"""FastEstimator 1.7 with torch of today: what raises or silently repeats itself there, put right.

torch's ``Sampler`` takes no ``data_source`` any more, which FastEstimator still gives it. And torch cuts batches with
``itertools.islice(iterator, n)``, which asks the iterator for its iterator: FastEstimator's sampler then starts anew for
each batch, so that every batch of an evaluation is the first one. From Python 3.11 on, RestoreWizard saves whole models among
the states of operators, and cannot load them.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Iterator
from typing import Any


class _Going:
    """An iterator over a sampler that is not started anew when it is asked for itself."""

    def __init__(self, sampler: Any) -> None:
        self._sampler = sampler

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._sampler)


def repair() -> None:
    """Repair what does not fit the installed torch and Python; done twice it does nothing."""
    _repair_sampler()
    _repair_states()


def _repair_sampler() -> None:
    from fastestimator.dataset import dataloader
    from torch.utils.data import Sampler

    broken: Any = dataloader.InfiniteSampler
    base: Any = Sampler
    if broken.__bases__ != (base,) or "data_source" in inspect.signature(base.__init__).parameters:
        return

    class TakesDataSource(base):
        def __init__(self, data_source: Any = None) -> None:
            super().__init__()

    begin = broken.__iter__

    def __iter__(self: Any) -> Iterator[Any]:
        begin(self)
        return _Going(self)

    broken.__bases__ = (TakesDataSource,)
    broken.__iter__ = __iter__


def _repair_states() -> None:
    """Give FastEstimator's classes the ``__getstate__`` meant for them.

    It is given to those that have none; but from Python 3.11 on every object has one, which saves whole models.
    """
    from fastestimator.util import traceability_util

    meant: Any = traceability_util.__getstate__
    decorate = traceability_util.traceable
    if not hasattr(object, "__getstate__") or hasattr(decorate, "__wrapped__"):
        return

    def give(cls: Any) -> Any:
        if cls.__getstate__ is getattr(object, "__getstate__", None):
            cls.__getstate__ = meant
        return cls

    for name, module in list(sys.modules.items()):
        if name.startswith("fastestimator."):
            for found in list(vars(module).values()):
                if isinstance(found, type) and hasattr(found, "fe_summary"):
                    give(found)

    @functools.wraps(decorate)
    def traceable(*args: Any, **kwargs: Any) -> Any:
        make = decorate(*args, **kwargs)
        return lambda cls: give(make(cls))

    traceability_util.traceable = traceable  # for the modules of FastEstimator that are loaded later
