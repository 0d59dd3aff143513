"""Explaining on Ray: a callable class for Ray Data's ``map_batches``, alone or as the workers of `xai_widgets.explain`."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.attribution import AttributionEngine, Settings
from xai_widgets.attribution.methods import named
from xai_widgets.explain.batches import DEFAULTS, explained
from xai_widgets.explain.masks import quantise, restore
from xai_widgets.explain.networks import made, weights_digest
from xai_widgets.explain.records import COLUMNS, Index, Rows
from xai_widgets.samples import Samples, as_samples

__all__ = ["Explainer"]
ADDED = (*(name for name, _ in COLUMNS if name != "label"), "mask", "failed")
BLOCKS = 2000
"""Parts that a data set is divided into at most; each costs Ray a few milliseconds."""
PATIENCE = 10.0
"""Seconds that processors which an earlier call is just giving back are waited for."""


class Explainer:
    """Explain batches of pictures in a pipeline of Ray Data; each actor has a model of its own.

    Give the class to ``Dataset.map_batches``, which makes one in each actor and calls it for each batch. Leave a processor to
    spare (``ray.init(num_cpus=...)`` of one more than there are actors): Ray's reading tasks need one, and with as many actors
    as processors they never run, and the pipeline waits for ever. ``xai_widgets.explain(..., engine="ray")`` refuses that.

    Parameters
    ----------
    model
        A function without arguments that makes the model; or a model that Ray can send.
    samples : Samples, optional
        Where the pictures are, by the column `index`. By default they stand in the column `image`.
    method
        One of `xai_widgets.attribution.METHODS`.
    image, label, index
        Names of the columns of the batch: (B, ...) pictures; (B,) labels, integers or names of `label_names`; (B,) what the
        instances are called. A label column that is missing is left out; without an index column draws of smoothing are
        seeded by the place in the batch.
    layout, mean, std, label_names
        As for `xai_widgets.samples.as_samples`, of the column `image`.
    weights
        SHA-256 of the weights that are expected, as `xai_widgets.explain` writes it down; others are refused.
    engine_options
        Those of `AttributionEngine`.
    **options
        Those of `AttributionEngine.attribute`; 16 steps or draws from a baseline of zeros by default.

    Raises
    ------
    ValueError, TypeError
        For an unknown method or option, a missing column, or other weights than expected.

    Examples
    --------
    >>> import ray, xai_widgets as xw                                         # doctest: +SKIP
    >>> arguments = {"model": make_model, "mean": 0.5, "std": 0.25}           # doctest: +SKIP
    >>> pool = ray.data.ActorPoolStrategy(size=2)                             # doctest: +SKIP
    >>> rows = dataset.map_batches(                                           # doctest: +SKIP
    ...     xw.ray.Explainer, fn_constructor_kwargs=arguments, compute=pool, batch_size=64
    ... )
    """

    def __init__(
        self,
        model: Any,
        samples: Any = None,
        *,
        method: str = "integrated_gradients",
        image: str = "image",
        label: str = "label",
        index: str = "index",
        layout: str | None = None,
        mean: Any = None,
        std: Any = None,
        label_names: Any = None,
        weights: str | None = None,
        engine_options: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self._method, self._settings = method, {**DEFAULTS, **options}
        named(method)
        Settings.of(self._settings)
        network = made(_fetched(model))
        if weights is not None and weights_digest(network) != weights:
            raise ValueError(
                "this worker's model has other weights than the caller's; a function that makes a model should load its weights, "
                "and not draw them"
            )
        self._engine = AttributionEngine(network, **(engine_options or {}))
        self._samples: Samples | None = _fetched(samples)
        self._columns = {"image": image, "label": label, "index": index}
        self._reading = {"layout": layout, "mean": mean, "std": std, "label_names": label_names}
        self._grid = (1, 1)

    def __call__(self, batch: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        """Explain a batch.

        Parameters
        ----------
        batch
            Columns by name, each an array of B rows.

        Returns
        -------
        dict of str to numpy.ndarray
            The columns of the batch but the pictures, and of each instance "prediction" (int32, -1 where unknown),
            "probability", "score", "error" and "gap" (float32; see `Explained.to_frame`), "mask" (float32, (B, h, w) with h and w
            at most 16) and "failed": why it could not be explained, "" where it was.
        """
        data, names = self._read(batch)
        count = len(names)
        held: dict[str, npt.NDArray[Any]] = {
            name: np.full(count, -1 if np.dtype(kind).kind == "i" else np.nan, kind) for name, kind in COLUMNS
        }
        failed, masks = np.full(count, "", object), dict[int, npt.NDArray[np.float32]]()
        place = {name: row for row, name in enumerate(names)}
        for rows, why in explained(self._engine, data, names, self._method, self._settings, max(1, count)):
            for name, reason in why.items():
                failed[place[name]] = reason
            if rows is not None:
                where = [place[name] for name in rows.index]
                masks.update(zip(where, restore(rows.codes, rows.scale), strict=True))
                for column, values in rows.columns.items():
                    held[column][where] = values
        self._grid = next((mask.shape for mask in masks.values()), self._grid)
        missing = np.full(self._grid, np.nan, np.float32)
        kept = {name: values for name, values in batch.items() if name != self._columns["image"]}
        given = {self._columns["label"]: held["label"]} if self._samples is not None else {}
        added = {name: held[name] for name in ADDED if name in held}
        grids = np.stack([masks.get(row, missing) for row in range(count)])
        return {**kept, **given, **added, "mask": grids, "failed": failed}

    def _read(self, batch: Mapping[str, npt.NDArray[Any]]) -> tuple[Samples, list[Index]]:
        def column(what: str) -> npt.NDArray[Any]:
            if self._columns[what] not in batch:
                raise ValueError(
                    f"there is no column {self._columns[what]!r} in {', '.join(batch)}; give {what}= its name"
                )
            return batch[self._columns[what]]

        if self._samples is not None:
            return self._samples, column("index").tolist()
        pictures = column("image")
        here = self._columns["index"] in batch
        names = column("index").tolist() if here else list(range(len(pictures)))
        labels = batch.get(self._columns["label"])
        if labels is not None and labels.dtype.kind not in "iu" and self._reading["label_names"] is None:
            raise TypeError(
                f"the labels of column {self._columns['label']!r} are no integers; give label_names={{name: value}}"
            )
        return as_samples(pictures, labels=labels, index=names, **self._reading), names


def through_ray(
    model: Any,
    data: Samples,
    ids: list[Index],
    method: str,
    settings: dict[str, Any],
    size: int,
    *,
    workers: int | None,
    gpus: float,
    weights: str,
    engine_options: Mapping[str, Any] | None,
) -> Iterator[tuple[Rows | None, dict[Index, str]]]:
    """Explain instances by actors of Ray; what they found comes here, and only here it is written.

    A batch whose actor died is done again by another one, and comes here once.

    Raises
    ------
    ValueError
        Where actors and reading tasks do not find room together.
    """
    if not ids:
        return
    ray = _ray()
    began = not ray.is_initialized()
    if began:
        _start(ray, workers)
    try:
        pool = ray.data.ActorPoolStrategy(size=_room(ray, workers))
        # a model made here is sent once; a function that makes one, as it is
        network = ray.put(model) if hasattr(model, "state_dict") or hasattr(model, "get_weights") else model
        shared = {
            "model": network,
            "samples": ray.put(data),
            "method": method,
            "weights": weights,
            "engine_options": engine_options,
            **settings,
        }
        parts = max(1, min(BLOCKS, len(ids) // size))
        table = ray.data.from_items([{"index": name} for name in ids], override_num_blocks=parts)
        table.context.enable_progress_bars = False
        found = table.map_batches(
            Explainer, fn_constructor_kwargs=shared, compute=pool, batch_size=size, num_gpus=gpus or None
        )
        for block in found.iter_batches(batch_size=None, batch_format="numpy", prefetch_batches=0):
            yield _taken(block)
    finally:
        if began:
            ray.shutdown()


def _taken(block: Mapping[str, npt.NDArray[Any]]) -> tuple[Rows | None, dict[Index, str]]:
    names, why = block["index"].tolist(), block["failed"].tolist()
    failed = {name: str(reason) for name, reason in zip(names, why, strict=True) if reason}
    good = np.flatnonzero([not reason for reason in why])
    if not len(good):
        return None, failed
    masks = np.stack([np.asarray(block["mask"][row], np.float32) for row in good])
    columns = {name: np.asarray(block[name][good], kind) for name, kind in COLUMNS}
    return Rows(tuple(names[row] for row in good), columns, *quantise(masks)), failed


def _room(ray: Any, workers: int | None) -> int:
    """Return how many actors are started; one processor is left to Ray's own tasks."""
    if workers is not None and workers < 1:
        raise ValueError(f"workers should be at least 1; got {workers}")
    total = int(ray.cluster_resources().get("CPU", 0))
    needed = 2 if workers is None else workers + 1
    until = time.monotonic() + (PATIENCE if total >= needed else 0)
    while (free := int(ray.available_resources().get("CPU", 0))) < needed and time.monotonic() < until:
        time.sleep(0.2)
    if free < needed:
        way = f"workers={free - 1}" if free > 1 else "Ray more processors"
        raise ValueError(
            f"{needed - 1} actors and a reading task of Ray need {needed} logical processors, and {free} of {total} are free: "
            f"with as many actors as processors the reading task never runs, and everything waits for ever. Give {way}, "
            f"or start Ray by ray.init(num_cpus={needed})"
        )
    return free - 1 if workers is None else workers


def _start(ray: Any, workers: int | None) -> None:
    if os.environ.get("RAY_ADDRESS"):
        ray.init()
    else:
        ray.init(num_cpus=(workers or os.cpu_count() or 1) + 1, include_dashboard=False)


def _fetched(value: Any) -> Any:
    """Return what a reference of Ray's stands for; anything else as it is."""
    if type(value).__name__ != "ObjectRef":
        return value
    ray = _ray()
    try:
        return ray.get(value)
    except ray.exceptions.RaySystemError as error:
        missing = re.search("No module named '[^']*'", str(error))
        if missing is None:
            raise
        raise ImportError(
            f"a worker of Ray cannot read the model or the samples: {missing[0]}. What they are made of must be importable"
            " there: start Ray with PYTHONPATH set to its folder, or by ray.init(runtime_env={'working_dir': ...})"
        ) from error


def _ray() -> Any:
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ImportError("explaining on Ray needs Ray Data: pip install 'xai-widgets[ray]'") from error
    return ray
