"""A store of explanations, read again while it grows, in a thread of its own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from xai_widgets.explain import Cluster, Explained
from xai_widgets.live.kernel.forks import tell_in_child

Array = npt.NDArray[Any]
_RATHER: Final = 10.0  # times as long as finding rules took before they are found again


@dataclass(frozen=True)
class Reading:
    """A store as it was at one moment.

    Attributes
    ----------
    rules
        What the network looks at as a rule, the most suspicious first.
    index
        (N,) the instances, sorted.
    scores
        {name: (N,) float64} of each instance: "rule" (its number in `rules`, from 1; 0 where it follows none), "suspicion" (of
        that rule, 0 where there is none), "mask_in_rule" (share of its mask in the rule's region), "explained_probability",
        "explanation_error" and "explanation_gap".
    names
        {class: name}.
    failed
        Instances that could not be explained.
    problems
        What keeps the store from being read to its end, or rules from being found.
    weights
        SHA-256 of the weights that were explained.
    """

    rules: tuple[Cluster, ...] = ()
    index: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    scores: dict[str, Array] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    failed: int = 0
    problems: tuple[str, ...] = ()
    weights: str = ""

    def name_of(self, label: int) -> str:
        """Return the name of a class."""
        return self.names.get(label, str(label))


class Feed:
    """Follows a store of explanations.

    Parameters
    ----------
    explained : Explained, str or path-like
        The store, or its folder; the folder may be empty still.
    every : float, default 2
        Seconds between two looks at the folder.

    Attributes
    ----------
    reading : Reading
        The newest.
    folder : pathlib.Path
        Where it comes from.
    """

    def __init__(self, explained: Any, every: float = 2.0) -> None:
        if isinstance(explained, Explained):
            self.folder = explained.folder
        elif isinstance(explained, str | os.PathLike):
            self.folder = Path(explained)
        else:
            raise TypeError(
                f"expected what xai_widgets.explain returns, or its folder; got {type(explained).__name__}"
            )
        self.reading, self._every = Reading(), every
        self._listeners: list[Callable[[], object]] = []
        self._ended, self._first = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._follow, name="xai_widgets explanations", daemon=True)
        self._thread.start()
        tell_in_child(self)

    def in_child(self) -> None:
        """Follow nothing in a forked child."""
        self._listeners = []

    def listen(self, changed: Callable[[], object]) -> None:
        """Call a function, from the feed's thread, after every new reading."""
        self._listeners.append(changed)

    def wait(self, timeout: float = 60.0) -> bool:
        """Wait until what is there was read once; whether it was."""
        return self._first.wait(timeout)

    def close(self) -> None:
        """Read no more."""
        self._ended.set()

    def _follow(self) -> None:
        store, took, due = Explained(self.folder), 0.0, 0.0
        news = True
        while not self._ended.is_set():
            news = store.poll() or news
            began = time.monotonic()
            if news and began >= due:
                self.reading, news = _read(store), False
                took = time.monotonic() - began
                due = time.monotonic() + _RATHER * took
                self._first.set()
                for changed in list(self._listeners):
                    changed()
            self._ended.wait(self._every)


def _read(store: Explained) -> Reading:
    problems = list(store.problems)
    try:
        rules = store.clusters()
    except Exception as error:  # whatever it is, it is shown, and the next look may do
        problems.append(f"{type(error).__name__}: {error}")
        rules = ()
    index = store.index
    names = {int(value): str(name) for value, name in store.about.get("label_names", {}).items()}
    return Reading(
        rules,
        index,
        _scores(store, index, rules),
        names,
        len(store.failed),
        tuple(problems),
        str(store.about.get("weights", "")),
    )


def _scores(store: Explained, index: Array, rules: tuple[Cluster, ...]) -> dict[str, Array]:
    place = {name: row for row, name in enumerate(index.tolist())}
    number, suspicion = np.zeros(len(index)), np.zeros(len(index))
    share = np.full(len(index), np.nan)
    for at, rule in reversed(
        list(enumerate(rules, 1))
    ):  # of an instance in two rules the more suspicious one counts
        rows = [place[name] for name in rule.index.tolist()]
        number[rows], suspicion[rows] = at, rule.suspicion
        share[rows] = [rule.membership[name] for name in rule.index.tolist()]
    table = store.table()
    return {
        "rule": number,
        "suspicion": suspicion,
        "mask_in_rule": share,
        "explained_probability": np.asarray(table["probability"], np.float64),
        "explanation_error": np.asarray(table["error"], np.float64),
        "explanation_gap": np.asarray(table["gap"], np.float64),
    }
