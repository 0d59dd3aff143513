"""Explaining every instance of a data set, once: sharded, resumable, whatever fails."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from xai_widgets.attribution import AttributionEngine, Settings
from xai_widgets.attribution.methods import named
from xai_widgets.explain.cover import measure_effects
from xai_widgets.explain.masks import quantise, shrink
from xai_widgets.explain.records import COLUMNS, Index, Kind, Rows, StoreWriter, encode_rows
from xai_widgets.explain.store import Explained, check_same
from xai_widgets.samples import Samples, as_samples

ENGINES = ("local", "torchrun")
DEFAULTS: dict[str, Any] = {"baseline": "zeros", "integrating": 16, "smoothing": 16}
"""A data set wants fewer evaluations an instance than one picture that is looked at."""


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
        of its own, and none waits for another.
    method
        One of `xai_widgets.attribution.METHODS`.
    index
        Only these instances; all by default.
    batch_size
        Instances handed to the engine at once.
    effects
        Whether to measure, at the end, what covering each rule's region does to the predictions (see `Explained.clusters`); one
        evaluation for each of at most 200 instances a rule. A process of torchrun leaves it out.
    progress
        Whether to show a progress bar (tqdm), on the first process.
    **options
        Those of `AttributionEngine.attribute`; 16 steps or draws from a baseline of zeros by default.

    Returns
    -------
    Explained
        The store, open; under torchrun other processes may still be writing to it.

    Raises
    ------
    ValueError, TypeError
        For an unknown engine, method or option, for inputs that are no pictures, and for a folder that holds explanations
        of other weights or by another method.
    OSError
        When the disk is full; what was written stays, and the same call goes on from there.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine should be one of {', '.join(ENGINES)}; got {engine!r}")
    network = _made(model)
    data = samples if isinstance(samples, Samples) else as_samples(samples)
    settings = {**DEFAULTS, **options}
    # what is wrong for every instance is refused at once, and not noted for each
    named(method)
    Settings.of(settings)
    if data.layout is None:
        raise ValueError(f"a data set of pictures can be explained as a whole; got {data!r}")
    explainer = AttributionEngine(network)
    about = _about(network, data, method, settings)
    store = Explained(out)
    check_same(store, about)
    wanted = _wanted(data, index)
    rank, world = _process(engine)
    known = set(store.index.tolist())
    missing = [each for each in wanted[rank::world] if each not in known]
    writer = StoreWriter(Path(out), about)
    try:
        bar = _bar(progress and rank == 0, missing, len(wanted[rank::world]))
        for rows, failed in _explained(explainer, data, missing, method, settings, batch_size):
            if rows is not None:
                writer.write(Kind.ROWS, encode_rows(rows))
            for each, why in failed.items():
                writer.write(Kind.FAILED, json.dumps({"index": [each], "why": why}).encode())
            bar(len(failed) + (0 if rows is None else len(rows.index)))
        bar(None)
        store.poll()
        if effects and world == 1 and len(store):
            for found in measure_effects(explainer, data, store):
                writer.write(Kind.EFFECT, json.dumps(found).encode())
    finally:
        writer.close()
    store.poll()
    return store


def _explained(
    engine: AttributionEngine,
    data: Samples,
    ids: list[Index],
    method: str,
    settings: dict[str, Any],
    size: int,
) -> Iterator[tuple[Rows | None, dict[Index, str]]]:
    """Explain batch by batch; where a batch fails its instances are tried one by one, and those that fail are named."""
    for start in range(0, len(ids), size):
        batch = ids[start : start + size]
        try:
            yield _one_batch(engine, data, batch, method, settings), {}
        except Exception as error:
            if len(batch) == 1:
                yield None, {batch[0]: f"{type(error).__name__}: {error}"}
                continue
            for each in batch:
                yield from _explained(engine, data, [each], method, settings, 1)


def _one_batch(
    engine: AttributionEngine, data: Samples, ids: list[Index], method: str, settings: dict[str, Any]
) -> Rows:
    batch = data.batch(ids)
    if isinstance(batch.inputs, tuple):
        raise TypeError(
            f"a data set of one picture an instance can be explained as a whole; got {len(batch.inputs)} inputs"
        )
    if batch.along:
        raise TypeError(
            f"a data set of one picture an instance can be explained as a whole; input {min(batch.along)} is no picture"
        )
    found = engine.attribute(
        batch.inputs, method, **{"layout": data.layout, "labels": batch.labels, "index": ids, **settings}
    )
    values = found.values[0] if isinstance(found.values, tuple) else found.values
    codes, scale = quantise(shrink(values, found.layouts[0]))
    if not np.isfinite(scale).all():
        raise ValueError("the attribution of some instance is no number")
    held = (
        batch.labels,
        found.prediction,
        found.probability,
        found.score,
        found.standard_error,
        found.completeness_gap,
    )
    columns = {name: np.asarray(values, kind) for (name, kind), values in zip(COLUMNS, held, strict=True)}
    return Rows(tuple(ids), columns, codes, scale)


def _about(network: Any, data: Samples, method: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Return what must be the same for explanations to stand in one store."""
    kept = (int, float, str, bool, type(None))
    plain = {name: value if isinstance(value, kept) else repr(value) for name, value in settings.items()}
    return {
        "weights": weights_digest(network),
        "method": method,
        "settings": dict(sorted(plain.items())),
        "label_names": {str(value): name for value, name in data.label_names.items()},
    }


def weights_digest(network: Any) -> str:
    """Return a SHA-256 of all weights and buffers of a model, in their order."""
    if hasattr(network, "state_dict"):
        tensors = [
            value.detach().cpu() for value in network.state_dict().values() if hasattr(value, "detach")
        ]
        held = [t.float().numpy() if str(t.dtype) == "torch.bfloat16" else t.numpy() for t in tensors]
    else:
        held = network.get_weights()
    digest = hashlib.sha256()
    for array in held:
        digest.update(str((array.dtype.str, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _made(model: Any) -> Any:
    """Return the model; a function without arguments makes it."""
    if hasattr(model, "state_dict") or hasattr(model, "get_weights"):
        return model
    if callable(model) and not isinstance(model, type):
        needed = [
            p
            for p in inspect.signature(model).parameters.values()
            if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        if not needed:
            return model()
    raise TypeError(
        f"expected a torch.nn.Module, a keras.Model or a function without arguments that makes one; got {model!r}"
    )


def _wanted(data: Samples, index: Iterable[Index] | None) -> list[Index]:
    if index is not None:
        return list(dict.fromkeys(each.item() if isinstance(each, np.generic) else each for each in index))
    known = data.indices
    if known is None:
        raise TypeError("which instances there are is not known; give index=[...]")
    return known.tolist() if isinstance(known, np.ndarray) else list(known)


def _process(engine: str) -> tuple[int, int]:
    """Return which process this is of how many."""
    if engine == "local":
        return 0, 1
    try:
        rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    except (KeyError, ValueError):
        raise ValueError(
            'engine="torchrun" expects a script started by torchrun, which sets RANK and WORLD_SIZE'
        ) from None
    return rank, world


def _bar(wanted: bool, missing: list[Index], total: int) -> Callable[[int | None], None]:
    """Make a progress bar where tqdm is there; it is told how many more are done, and None at the end."""
    if not wanted or not missing:
        return lambda done: None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return lambda done: None
    bar = tqdm(total=total, initial=total - len(missing), unit="instance", desc="explaining", file=sys.stderr)

    def update(done: int | None) -> None:
        if done is None:
            bar.close()
        else:
            bar.update(done)

    return update
