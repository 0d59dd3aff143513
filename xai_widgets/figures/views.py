"""What a recorder draws at the end of an epoch: functions of a tracker and the epoch's summary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from xai_widgets.figures.drawing.edited import Edited, data_name
from xai_widgets.figures.instances import instance_history
from xai_widgets.figures.labels import label_difficulty
from xai_widgets.figures.maps import history_heatmap, instance_map
from xai_widgets.figures.picture import StaticFigure
from xai_widgets.figures.saliency import saliency_grid

View = Callable[[Any, Any], StaticFigure | None]


def label_view(metric: str = "loss", **options: Any) -> View:
    """Draw ``label_difficulty`` of the mode whose epoch ended; ``options`` are its arguments."""

    def draw(tracker: Any, summary: Any) -> StaticFigure | None:
        series = tracker.label_series(metric, mode=summary.mode, ds_id=summary.ds_id)
        return label_difficulty(series, **{"epochs": tracker.epochs, **options}) if series.mean.size else None

    return draw


def instance_view(
    metric: str = "loss",
    *,
    n_max: int = 5,
    n_min: int = 5,
    indices: Sequence[Any] = (),
    by: str = "mean",
    samples: Any = None,
    **options: Any,
) -> View:
    """Draw ``instance_history`` of the hardest, the easiest and chosen instances; ``options`` are its arguments."""

    def draw(tracker: Any, summary: Any) -> StaticFigure | None:
        place = {"mode": summary.mode, "ds_id": summary.ds_id}
        hard, easy = tracker.extremes(metric, n_max=n_max, n_min=n_min, by=by, **place)
        known = [*hard.index, *easy.index]
        wanted = [*known, *(i for i in indices if i not in known)]
        if not wanted:
            return None
        series = tracker.instance_series(wanted, metric, **place)
        given = {"pictures": samples, "label_names": tracker.label_names, "epochs": tracker.epochs}
        return instance_history(series, hard=hard, easy=easy, **{**given, **options})

    return draw


def map_view(*, edited: Edited = (), **options: Any) -> View:
    """Draw ``instance_map``; ``options`` are its arguments, and ``edited`` is that of ``label_view``.

    Nothing is drawn before the second epoch.
    """

    def draw(tracker: Any, summary: Any) -> StaticFigure | None:
        table = tracker.dynamics(mode=summary.mode, ds_id=summary.ds_id)
        wanted = (options.get("x", "variability"), options.get("y", "confidence"))
        if any(name not in table or not np.isfinite(table[name]).any() for name in wanted):
            return None
        where = data_name(edited, summary.mode, summary.ds_id)
        return instance_map(table, **{"label_names": tracker.label_names, "where": where, **options})

    return draw


def heat_view(metric: str = "loss", **options: Any) -> View:
    """Draw ``history_heatmap`` of all labels; ``options`` are its arguments."""

    def draw(tracker: Any, summary: Any) -> StaticFigure | None:
        series = tracker.label_series(metric, mode=summary.mode, ds_id=summary.ds_id)
        return history_heatmap(series, **options) if series.mean.size else None

    return draw


def saliency_view(
    model: Any,
    samples: Any,
    indices: Any = 5,
    *,
    fresh: bool = False,
    seed: int = 0,
    engine: dict[str, Any] | None = None,
    figure: dict[str, Any] | None = None,
    **options: Any,
) -> View:
    """Draw ``saliency_grid`` of the model as it is at the end of the epoch.

    It runs in the thread that ends the epoch, between optimizer steps, and leaves weights, mode, gradients, buffers and
    random streams of the model as they are. Training waits for it: schedule it.

    Parameters
    ----------
    model : torch.nn.Module, keras.Model or AttributionEngine
        What to explain.
    samples : Samples
        From ``samples.as_samples``.
    indices : int, sequence or "hardest", default 5
        Index values of the samples; a number draws so many of all; "hardest" takes the five hardest by mean loss of the
        mode, those of them that ``samples`` has.
    fresh : bool, default False
        With a number: draw other samples every time.
    seed : int, default 0
        Seed of the draw; no global random stream is used.
    engine : dict, optional
        Arguments of ``AttributionEngine``.
    figure : dict, optional
        Arguments of ``saliency_grid``.
    **options
        Arguments of ``engine.saliency_columns``, such as ``smoothing=25, integrating=100``.

    Raises
    ------
    TypeError, ValueError
        If ``samples`` is something else, has no such indices, or too few.
    """
    if not all(hasattr(samples, name) for name in ("batch", "pictures", "has", "indices")):
        raise TypeError(
            f"samples should be Samples, got {type(samples).__name__}; pass xai_widgets.samples.as_samples(...)"
        )
    chosen = _Choice(samples, indices, fresh, seed)
    held: dict[str, Any] = {}

    def draw(tracker: Any, summary: Any) -> StaticFigure | None:
        index = chosen.now(tracker, summary)
        if not index:
            return None
        if "engine" not in held:
            from xai_widgets.attribution import AttributionEngine

            held["engine"] = (
                model if isinstance(model, AttributionEngine) else AttributionEngine(model, **(engine or {}))
            )
        held["engine"].weights_version = (summary.epoch, summary.step)
        # named samples get the noise that a SaliencyPanel gives them: the same picture
        columns = held["engine"].saliency_columns(
            samples.batch(index).inputs, **{"index": index, "layout": samples.layout, **options}
        )
        drawing = {"weights": f"epoch {summary.epoch}, step {summary.step:,}", **(figure or {})}
        return saliency_grid(columns, samples, index=index, **drawing)

    return draw


class _Choice:
    """Which samples are explained: fixed ones, drawn ones, or the hardest so far."""

    def __init__(self, samples: Any, indices: Any, fresh: bool, seed: int) -> None:
        self._samples, self._fresh = samples, fresh
        self._random = np.random.default_rng(seed)
        self._count = indices if isinstance(indices, int) and not isinstance(indices, bool) else None
        self._hardest = isinstance(indices, str) and indices == "hardest"
        self._fixed: list[Any] = []
        if self._count is None and not self._hardest:
            self._fixed = [indices] if isinstance(indices, str) else list(indices)
            missing = [i for i in self._fixed if not samples.has(i)]
            if missing or not self._fixed:
                raise ValueError(
                    f"these samples have no index {missing[:5]}" if missing else "indices is empty"
                )
        elif self._count is not None:
            known = samples.indices
            if known is None or not 1 <= self._count <= len(known):
                there = "an unknown number" if known is None else f"{len(known):,}"
                raise ValueError(f"cannot draw {self._count} samples out of {there}; pass their indices")

    def now(self, tracker: Any, summary: Any) -> list[Any]:
        if self._hardest:
            hard, _ = tracker.extremes("loss", mode=summary.mode, ds_id=summary.ds_id, n_max=5, n_min=0)
            return [i for i in hard.index if self._samples.has(i)]
        if self._count is not None and (self._fresh or not self._fixed):
            known = self._samples.indices
            rows = self._random.choice(len(known), self._count, replace=False)
            self._fixed = [known[int(row)] for row in rows]
        return self._fixed
