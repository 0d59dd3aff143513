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
        """Have `state_dict` and `save` call this method first, as long as its object lives."""
        sources = self._run._sources
        sources[:] = [known for known in sources if known() is not None]
        sources.append(weakref.WeakMethod(bring_in))

    def _bring_in(self) -> None:
        for known in list(self._run._sources):
            bring_in = known()
            if bring_in is not None:
                bring_in()

    def state_dict(self) -> dict[str, Any]:
        """Return everything a resumed run needs to continue, for a checkpoint."""
        self._bring_in()
        data: Any = npz.to_bytes(self._tree())
        torch = sys.modules.get("torch")
        if torch is not None:
            data = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        return {"format": npz.FORMAT, "version": npz.VERSION, "data": data}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave; what was recorded here before is dropped."""
        if state.get("format") != npz.FORMAT or "data" not in state:
            raise ValueError(f"this is no state of a tracker; its keys are {', '.join(map(repr, state))}")
        self.restore(npz.from_bytes(state["data"]))

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
        """Return what a reader of this run should know beside its rows."""
        names = self._run._given_names
        return {
            "label_names": None
            if names is None
            else {n: list(v) if isinstance(v, tuple) else v for n, v in names.items()},
            "policy": [
                self._run._policy.duplicates,
                self._run._policy.dtype.name,
                self._run._policy.epoch_frequency,
            ],
            "epochs": self._run.epochs,
            "steps_per_epoch": self._run.steps_per_epoch,
            "metrics": self._described(),
        }

    def _described(self) -> list[dict[str, Any]]:
        return [known.as_dict() for known in self._run._definitions.values()]

    def describe(self, described: Iterable[Mapping[str, Any]]) -> None:
        """Take over what another tracker was told of its metrics."""
        self._run._definitions = {known.name: known for known in map(Metric.of_dict, described)}

    def _tree(self) -> dict[str, Any]:
        run = self._run
        with run._settling:
            run._settled()
            with run._lock:
                return {
                    "label_names": run._given_names,
                    "policy": [
                        run._policy.duplicates,
                        run._policy.dtype.name,
                        run._policy.epoch_frequency,
                    ],
                    "labels": list(run._table.values),
                    "predicted": list(run._predicted.values),
                    "open": dict(run._clock.open),
                    "ended": dict(run._clock.ended),
                    "place": [run._epoch, run._step, run.epochs, run.steps_per_epoch],
                    "elapsed": run.elapsed,
                    "status": run.status,
                    "error": run.error,
                    "metrics": self._described(),
                    "streams": [s.state() for s in run._streams.values()],
                }

    def restore(self, tree: dict[str, Any]) -> None:
        """Take over what `_tree` gave: all of it, or nothing and ValueError."""
        try:
            saved = read_saved(tree)
        except npz.BROKEN as error:
            raise ValueError(
                f"this is no saved tracker, or not a whole one ({type(error).__name__}: {error})"
            ) from error
        run = self._run
        with run._settling:
            run._settled()
            with run._lock:
                run._reset()
                run._given_names, run._policy = saved.label_names, saved.policy
                run._table, run._predicted = saved.table, saved.predicted
                run._clock.open, run._clock.ended = saved.open, saved.ended
                run._epoch, run._step, run.epochs, run.steps_per_epoch = saved.place
                run._elapsed, run._started = saved.elapsed, None
                run.error = saved.error
                run._streams, run._definitions = saved.streams, saved.metrics
                run.version += 1
        # a run that was cut off is not training until it records again
        run._set_status("idle" if saved.status == "training" else saved.status)
