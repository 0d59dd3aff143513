"""An intervention on the selected pictures, "Cover it": tried on the model as it is now, beside everything else."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from xai_widgets.attribution import AttributionEngine
from xai_widgets.explain import Cluster, Effect, Explained
from xai_widgets.explain.cover import MOST, covered, effect_of, filling_of
from xai_widgets.explain.networks import weights_digest
from xai_widgets.widgets.view.selection import Index
from xai_widgets.widgets.view.thumbnails import data_address

SHOWN: Final = 8


@dataclass(frozen=True)
class Outcome:
    """What came of covering a rule's region.

    Attributes
    ----------
    effect
        By how much the share of the pictures that are taken for the class fell.
    instead
        (class, pictures) of what they are taken for then, the most frequent first; without the class itself.
    pictures
        (instance, address of the covered picture, class it is taken for) of the first few.
    same_weights
        Whether the model has the weights that were explained.
    """

    effect: Effect
    instead: tuple[tuple[int, int], ...]
    pictures: tuple[tuple[Index, str, int], ...]
    same_weights: bool


class Covering:
    """Tries interventions one after the other, in a thread of its own; a newer one replaces the one that waits.

    Parameters
    ----------
    model, samples
        What is asked, and where the pictures are.
    folder
        The store.
    arrived
        Called without argument, from that thread, when there is an answer.
    """

    def __init__(self, model: Any, samples: Any, folder: Path, arrived: Callable[[], object]) -> None:
        self._model, self._samples, self._folder, self._arrived = model, samples, folder, arrived
        self._lock = threading.Lock()
        self._wanted: tuple[str, Cluster, tuple[Index, ...]] | None = None
        self._thread: threading.Thread | None = None
        self.outcomes: dict[str, Outcome | Exception] = {}
        self.busy = ""

    def ask(self, key: str, rule: Cluster, index: tuple[Index, ...]) -> None:
        """Cover a rule's region in these instances, soon."""
        with self._lock:
            self._wanted, self.busy = (key, rule, index), key
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="xai_widgets covering", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Answer nothing more."""
        with self._lock:
            self._wanted = None
        self._arrived = int

    def _work(self) -> None:
        while True:
            with self._lock:
                wanted, self._wanted = self._wanted, None
                if wanted is None:
                    self._thread, self.busy = None, ""
                    break
            key, rule, index = wanted
            try:
                self.outcomes[key] = self._try(rule, index)
            except Exception as problem:  # shown where it was asked for
                self.outcomes[key] = problem
            self._arrived()
        self._arrived()

    def _try(self, rule: Cluster, index: tuple[Index, ...]) -> Outcome:
        data, store = self._samples, Explained(self._folder)
        engine = AttributionEngine(self._model, **store.engine_options)
        filling = filling_of(data, store, rule)
        spread = np.unique(np.linspace(0, len(index) - 1, min(len(index), MOST)).astype(np.int64))
        names = np.array(index, object)[spread]
        said: list[Any] = []
        pictures: list[tuple[Index, str, int]] = []
        for batch, inputs in covered(data, names, rule.region, filling):
            now = engine.attribute(inputs, "saliency", layout=data.layout).prediction
            said.append(now)
            few = SHOWN - len(pictures)
            shots = data.drawn(inputs[:few])
            pictures += [
                (name, data_address(shot), int(each))
                for name, shot, each in zip(batch, shots, now, strict=False)
            ]
        prediction = np.concatenate(said)
        instead = Counter(prediction[prediction != rule.label].tolist())
        same = weights_digest(self._model) == store.about.get("weights")
        return Outcome(
            effect_of(prediction, rule.label), tuple(instead.most_common(3)), tuple(pictures), same
        )
