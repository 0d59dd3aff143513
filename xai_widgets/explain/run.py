"""Explaining every instance of a data set, once: sharded, resumable, whatever fails."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from xai_widgets.attribution import AttributionEngine, Settings
from xai_widgets.attribution.methods import named
from xai_widgets.explain.batches import DEFAULTS, explained
from xai_widgets.explain.clusters import check_installed
from xai_widgets.explain.cover import measure_effects
from xai_widgets.explain.networks import made, weights_digest
from xai_widgets.explain.ray import through_ray
from xai_widgets.explain.recorder import Recorder
from xai_widgets.explain.records import Index, StoreWriter
from xai_widgets.explain.sameness import check_labels, check_same
from xai_widgets.explain.store import Explained
from xai_widgets.samples import Samples, as_samples

ENGINES = ("local", "torchrun", "ray")


def explain(
    model: Any,
    samples: Any,
    out: str | os.PathLike[str],
    *,
    engine: str = "local",
    method: str = "integrated_gradients",
    index: Iterable[Index] | None = None,
    batch_size: int = 32,
    effects: bool = True,
    progress: bool = True,
    workers: int | None = None,
    gpus: float = 0,
    engine_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> Explained:
    """Explain every instance of a data set, and find what the network looks at as a rule.

    Called again with the same folder it goes on where it was stopped, also after ``kill -9``; instances that are there are not
    explained twice. What comes out does not depend on batch sizes, shards or their order beyond rounding.

    Parameters
    ----------
    model
        A ``torch.nn.Module`` or ``keras.Model``, or a function without arguments that makes one.
    samples
        Anything `xai_widgets.samples.as_samples` takes; pictures.
    out
        The folder to write to; made where it is missing.
    engine
        "local": this process. "torchrun": a script that ``torchrun`` started; every process explains its share and writes a file
        of its own, and none waits for another; each needs the same weights. "ray": actors of Ray (extra ``[ray]``), on a cluster
        that is connected already or else one that is started here; what they find is written by this process. Their pictures
        travel, and the model where no function makes it.
    method
        One of `xai_widgets.attribution.METHODS`.
    index
        Only these instances; all by default.
    batch_size
        Instances handed to the engine at once.
    effects
        Whether to measure, at the end, what each rule's region does to the predictions, covered and put into pictures of other
        classes (see `Explained.clusters`); one evaluation for each of at most 400 instances a rule. A process of torchrun leaves
        it out: call again without an engine when all have ended, which explains nothing twice.
    progress
        Whether to show a progress bar (tqdm), on the first process.
    workers
        Actors of Ray; by default one fewer than there are free processors. One processor must be to spare.
    gpus
        GPUs of each of these actors, also a part of one.
    engine_options
        Those of `AttributionEngine`, such as ``{"output": 0}`` for a model that returns several tensors, or
        ``{"task": "value"}`` for one that gives a value.
    **options
        Those of `AttributionEngine.attribute`; 16 steps or draws from a baseline of zeros by default.

    Returns
    -------
    Explained
        The store, open; under torchrun other processes may still be writing to it.

    Raises
    ------
    ValueError, TypeError
        For an unknown engine, method or option, for inputs that are no pictures, for labels whose values are not known, and for
        a folder that holds explanations of other weights, by another method, or of other data.
    RuntimeError
        When none of the first hundred instances can be explained. Otherwise those that fail are left out, and told by a warning.
    ImportError
        Without scikit-learn, unless `effects` is False.
    OSError
        When the disk is full; what was written stays, and the same call goes on from there.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine should be one of {', '.join(ENGINES)}; got {engine!r}")
    network = made(model)
    data = samples if isinstance(samples, Samples) else as_samples(samples)
    settings = {**DEFAULTS, **options}
    # what is wrong for every instance is refused at once, and not noted for each
    named(method)
    Settings.of(settings)
    if data.layout is None:
        raise ValueError(f"a data set of pictures can be explained as a whole; got {data!r}")
    if batch_size < 1:
        raise ValueError(f"batch_size should be at least 1; got {batch_size}")
    explainer = AttributionEngine(network, **(engine_options or {}))
    about = _about(network, data, method, settings, engine_options or {})
    store = Explained(out)
    check_same(store, about)
    wanted = _wanted(data, index)
    check_labels(store, data, wanted)
    rank, world = _process(engine)
    if engine != "ray" and (workers is not None or gpus):
        raise ValueError(f'workers and gpus are of engine="ray"; got them with engine={engine!r}')
    if effects and world == 1:
        check_installed()  # and not when all is explained
    known = set(store.index.tolist())
    mine = wanted[rank::world]
    missing = [each for each in mine if each not in known]
    done = len(mine) - len(missing)
    writer = StoreWriter(Path(out), about)
    with Recorder(
        writer, store, alone=world == 1, bar=progress and rank == 0, done=done, total=len(mine)
    ) as record:
        if engine == "ray":
            parts = through_ray(
                model, data, missing, method, settings, batch_size,
                workers=workers, gpus=gpus, weights=about["weights"], engine_options=engine_options,
            )  # fmt: skip
        else:
            parts = explained(explainer, data, missing, method, settings, batch_size)
        for rows, failed in parts:
            record.take(rows, failed)
        record.finish()
        store.poll()
        if effects and world == 1 and len(store):
            unmeasured = sum(rule.effect is None for rule in store.clusters())
            record.take_effects(measure_effects(explainer, data, store), unmeasured)
    store.poll()
    for problem in store.problems:
        warnings.warn(problem, RuntimeWarning, stacklevel=3)
    return store


def _about(
    network: Any, data: Samples, method: str, settings: dict[str, Any], engine_options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what must be the same for explanations to stand in one store."""
    asked = dict(engine_options)
    if "task" in asked:
        asked["task"] = getattr(asked["task"], "kind", asked["task"])
    settings = {**settings, **{name: asked[name] for name in ("task", "output") if name in asked}}
    kept = (int, float, str, bool, tuple, type(None))
    plain = {name: value if isinstance(value, kept) else repr(value) for name, value in settings.items()}
    return {
        "weights": weights_digest(network),
        "method": method,
        "settings": dict(sorted(plain.items())),
        "label_names": {str(value): name for value, name in data.label_names.items()},
    }


def _wanted(data: Samples, index: Iterable[Index] | None) -> list[Index]:
    if index is not None:
        return list(dict.fromkeys(each.item() if isinstance(each, np.generic) else each for each in index))
    known = data.indices
    if known is None:
        raise TypeError("which instances there are is not known; give index=[...]")
    return known.tolist() if isinstance(known, np.ndarray) else list(known)


def _process(engine: str) -> tuple[int, int]:
    """Return which process this is of how many."""
    if engine != "torchrun":
        return 0, 1
    try:
        rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    except (KeyError, ValueError):
        raise ValueError(
            'engine="torchrun" expects a script started by torchrun, which sets RANK and WORLD_SIZE'
        ) from None
    return rank, world
