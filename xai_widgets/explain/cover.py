"""Interventions: cover a rule's region in its pictures, put it into others, and see what the network says then."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xai_widgets.attribution import AttributionEngine
from xai_widgets.explain.clusters import FEWEST, Cluster, Effect, Transfer
from xai_widgets.samples import Samples

if TYPE_CHECKING:
    from xai_widgets.explain.store import Explained

MOST = 200
"""Instances of a rule that are covered: enough for a standard error of at most 3.5 points."""
BATCH = 64


def measure_effects(engine: AttributionEngine, data: Samples, store: Explained) -> Iterator[dict[str, Any]]:
    """Measure what each rule's region does, covered and put into others, fit for JSON; those measured before are left out.

    Where that fails, as with pictures of several sizes, the rule stays unmeasured, and that is told.
    """
    failed: list[str] = []
    for cluster in store.clusters():
        if cluster.effect is not None:
            continue
        try:
            filling = filling_of(data, store, cluster)
            effect = cover(engine, data, cluster.index, cluster.region, filling, cluster.label)
            found = transfer(engine, data, store, cluster)
        except Exception as error:
            failed.append(f"{store.name_of(cluster.label)}: {type(error).__name__}: {error}")
            continue
        yield {
            "label": cluster.label,
            "region": cluster.region_name,
            "drop": effect.drop,
            "error": effect.error,
            "count": effect.count,
            "transfer": dataclasses.asdict(found),
        }
    if failed:
        warnings.warn(
            f"what the regions of {len(failed)} rules do was not measured, so that their suspicion is that of their place "
            f"alone; for one of {failed[0]}",
            RuntimeWarning,
            stacklevel=4,
        )


def cover(
    engine: AttributionEngine,
    data: Samples,
    index: Any,
    region: npt.NDArray[np.bool_],
    filling: npt.NDArray[np.float32],
    label: int,
) -> Effect:
    """Cover a region in pictures and count how many are still taken for a class.

    Parameters
    ----------
    index
        Instances that the network takes for `label`; of more than `MOST` a spread of them.
    region
        (h, w) of the grid; it is stretched over the picture.
    filling
        What is put there: one input.
    label
        The class.

    Returns
    -------
    Effect
        By how much the share of them that is taken for the class falls, with its standard error.
    """
    names = np.asarray(index)[_spread(len(index))]
    said = [
        engine.attribute(inputs, "saliency", layout=data.layout).prediction
        for _, inputs in covered(data, names, region, filling)
    ]
    return effect_of(np.concatenate(said), label)


def transfer(engine: AttributionEngine, data: Samples, store: Explained, rule: Cluster) -> Transfer:
    """Put the region of a rule's most typical pictures into those of other classes, and count how many are taken for its class.

    Returns
    -------
    Transfer
        Of at most `MOST` pictures, a spread of those that are taken for another class as they are.
    """
    others = store.index[store.prediction != rule.label]
    names = others[_spread(len(others))]
    given = np.array(data.batch(rule.typical.tolist()).inputs, np.float32)
    said = [
        engine.attribute(inputs, "saliency", layout=data.layout).prediction
        for _, inputs in covered(data, names, rule.region, given)
    ]
    taken = np.concatenate(said) == rule.label
    return Transfer(float(taken.mean()), _error(taken), len(taken))


def effect_of(prediction: npt.NDArray[Any], label: int) -> Effect:
    """Return by how much the share of pictures that are taken for a class fell, from what is said of them covered."""
    taken = prediction == label
    return Effect(1 - float(taken.mean()), _error(taken), len(taken))


def _error(taken: npt.NDArray[np.bool_]) -> float:
    """Return the standard error of a share, of one more on either side: all of twelve are no certainty."""
    share = (taken.sum() + 1) / (len(taken) + 2)
    return float(np.sqrt(share * (1 - share) / len(taken)))


def covered(
    data: Samples, names: npt.NDArray[Any], region: npt.NDArray[np.bool_], filling: npt.NDArray[np.float32]
) -> Iterator[tuple[list[Any], npt.NDArray[np.float32]]]:
    """Read pictures with a region covered, `BATCH` at a time: their names, and what the model gets.

    What is put there is one input, or several, which take turns.
    """
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH].tolist()
        inputs = np.array(data.batch(batch).inputs, np.float32)
        where = _stretched(region, inputs.shape[1:], data.layout)
        several = filling if filling.ndim == inputs.ndim else filling[None]
        yield batch, np.where(where, several[(start + np.arange(len(batch))) % len(several)], inputs)


def filling_of(data: Samples, store: Explained, rule: Cluster) -> npt.NDArray[np.float32]:
    """Return what the rule's class looks like on average, blurred; of many pictures a spread.

    Pictures of the rule are left out, as their mean would put back a part of what is covered; where fewer than `FEWEST` others
    are taken for the class, they are not.
    """
    members = store.index[store.prediction == rule.label]
    own = set(rule.index.tolist())
    rest = members[[name not in own for name in members.tolist()]]
    names = rest if len(rest) >= FEWEST else members
    return blurred_mean(data, names[_spread(len(names))])


def blurred_mean(data: Samples, index: Any) -> npt.NDArray[np.float32]:
    """Return the mean input of some instances, blurred over an eighth of its sides."""
    names = list(np.asarray(index).tolist())
    total: Any = 0.0
    for start in range(0, len(names), BATCH):
        total = total + np.asarray(data.batch(names[start : start + BATCH]).inputs, np.float64).sum(0)
    mean = np.asarray(total / len(names))
    for axis in _sides(mean.shape, data.layout):
        mean = _box_blurred(mean, axis, max(1, mean.shape[axis] // 8))
    return mean.astype(np.float32)


def _box_blurred(values: npt.NDArray[np.float64], axis: int, radius: int) -> npt.NDArray[np.float64]:
    """Average over 2 radius + 1 places, twice, which is close to a Gaussian; the picture's edge is repeated."""
    for _ in range(2):
        sides = [(radius, radius) if each == axis else (0, 0) for each in range(values.ndim)]
        sums = np.cumsum(np.insert(np.pad(values, sides, mode="edge"), 0, 0.0, axis), axis)
        ends = np.arange(2 * radius + 1, sums.shape[axis])
        values = (np.take(sums, ends, axis) - np.take(sums, ends - 2 * radius - 1, axis)) / (2 * radius + 1)
    return values


def _stretched(
    region: npt.NDArray[np.bool_], shape: tuple[int, ...], layout: str | None
) -> npt.NDArray[np.bool_]:
    high, wide = (shape[axis] for axis in _sides(shape, layout))
    rows = np.arange(high) * region.shape[0] // high
    columns = np.arange(wide) * region.shape[1] // wide
    large: npt.NDArray[np.bool_] = region[rows][:, columns]
    return large if len(shape) == 2 else large[None] if layout == "NCHW" else large[..., None]


def _sides(shape: tuple[int, ...], layout: str | None) -> tuple[int, int]:
    return (1, 2) if len(shape) == 3 and layout == "NCHW" else (0, 1)


def _spread(count: int) -> npt.NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, min(count, MOST)).astype(np.int64))
