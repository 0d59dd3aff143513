"""Saving a tracker, loading it, and putting it into a checkpoint."""

from __future__ import annotations

import os
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from xai_widgets._metrics import Metric
from xai_widgets.tracking.queries.base import Reading
from xai_widgets.tracking.store import npz
from xai_widgets.tracking.store.saved import read_saved


class Saving(Reading):
    """`state_dict`, `load_state_dict`, `save`."""

    def add_source(self, bring_in: Callable[[], object]) -> None:
        """Have `state_dict` and `save` call this method first, as long as its object lives.

        For hooks that hold rows back for a moment: a checkpoint must not miss them.
        """
        sources: list[Any] = self.__dict__.setdefault("_sources", [])
        sources[:] = [known for known in sources if known() is not None]
        sources.append(weakref.WeakMethod(bring_in))

    def _bring_in(self) -> None:
        for known in list(self.__dict__.get("_sources", ())):
            bring_in = known()
            if bring_in is not None:
                bring_in()

    def state_dict(self) -> dict[str, Any]:
        """Give everything a resumed run needs to continue, for a checkpoint.

        Returns
        -------
        dict
            Plain values and one block of bytes (a uint8 tensor where torch is loaded), which
            `torch.load(weights_only=True)` accepts. Columns come with it: 4 bytes per observation.
        """
        self._bring_in()
        data: Any = npz.to_bytes(self._tree())
        torch = sys.modules.get("torch")
        if torch is not None:
            data = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        return {"format": npz.FORMAT, "version": npz.VERSION, "data": data}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave; what was recorded here before is dropped.

        Raises
        ------
        ValueError
            When the state is of something else, or of a newer version.
        """
        if state.get("format") != npz.FORMAT or "data" not in state:
            raise ValueError(f"this is no state of a tracker; its keys are {', '.join(map(repr, state))}")
        self._restore(npz.from_bytes(state["data"]))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything into one file (a zip of .npy files); an older one is replaced at once or not at all."""
        self._bring_in()
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                npz.write(self._tree(), file)
            os.replace(part, target)
        except BaseException:
            os.unlink(part)
            raise

    def about(self) -> dict[str, Any]:
        """Give what a reader of this run should know beside its rows."""
        names = self._given_names
        return {
            "label_names": None
            if names is None
            else {n: list(v) if isinstance(v, tuple) else v for n, v in names.items()},
            "policy": [self._policy.duplicates, self._policy.dtype.name, self._policy.epoch_frequency],
            "epochs": self.epochs,
            "steps_per_epoch": self.steps_per_epoch,
            "metrics": self._described(),
        }

    def _described(self) -> list[dict[str, Any]]:
        return [known.as_dict() for known in self._definitions.values()]

    def _describe(self, described: Iterable[Mapping[str, Any]]) -> None:
        """Take over what another tracker was told of its metrics."""
        self._definitions = {known.name: known for known in map(Metric.of_dict, described)}

    def _tree(self) -> dict[str, Any]:
        with self._settling:
            self._settled()
            with self._lock:
                return {
                    "label_names": self._given_names,
                    "policy": [
                        self._policy.duplicates,
                        self._policy.dtype.name,
                        self._policy.epoch_frequency,
                    ],
                    "labels": list(self._table.values),
                    "predicted": list(self._predicted.values),
                    "open": dict(self._clock.open),
                    "ended": dict(self._clock.ended),
                    "place": [self._epoch, self._step, self.epochs, self.steps_per_epoch],
                    "elapsed": self.elapsed,
                    "status": self.status,
                    "error": self.error,
                    "metrics": self._described(),
                    "streams": [s.state() for s in self._streams.values()],
                }

    def _restore(self, tree: dict[str, Any]) -> None:
        """Take over what `_tree` gave: all of it, or nothing and ValueError."""
        try:
            saved = read_saved(tree)
        except npz.BROKEN as error:
            raise ValueError(
                f"this is no saved tracker, or not a whole one ({type(error).__name__}: {error})"
            ) from error
        with self._settling:
            self._settled()
            with self._lock:
                self._reset()
                self._given_names, self._policy = saved.label_names, saved.policy
                self._table, self._predicted = saved.table, saved.predicted
                self._clock.open, self._clock.ended = saved.open, saved.ended
                self._epoch, self._step, self.epochs, self.steps_per_epoch = saved.place
                self._elapsed, self._started = saved.elapsed, None
                self.error = saved.error
                self._streams, self._definitions = saved.streams, saved.metrics
                self.version += 1
        # a run that was cut off is not training until it records again
        self._set_status("idle" if saved.status == "training" else saved.status)
