"""Whether explanations may stand in one store: the same weights, method and settings, and to all appearances the same data."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xai_widgets.explain.records import Index
from xai_widgets.explain.store import Explained
from xai_widgets.samples import Samples

LOOKED_AT = 32
"""Instances whose labels are compared; more than a quarter of them differ where a data set is another one."""
WAY_OUT = "give another out=, or delete that folder"


def check_same(store: Explained, about: Mapping[str, Any]) -> None:
    """Refuse to go on with other weights, another method or other settings than a store was begun with."""
    before = store.about
    said = {
        "weights": "of a model with other weights",
        "method": "by another method",
        "settings": "with other settings",
    }
    for name, wanted in json.loads(json.dumps(about)).items():
        if name in said and name in before and before[name] != wanted:
            raise ValueError(
                f"{os.fspath(store.folder)!r} holds explanations {said[name]} ({_short(before[name], wanted)}); {WAY_OUT}"
            )


def _short(before: Any, wanted: Any) -> str:
    if isinstance(before, dict) and isinstance(wanted, dict):
        names = [name for name in {**before, **wanted} if before.get(name) != wanted.get(name)]
        return ", ".join(f"{name}={before.get(name)!r} instead of {wanted.get(name)!r}" for name in names)
    return f"{str(before)[:20]} instead of {str(wanted)[:20]}"


def check_labels(store: Explained, data: Samples, wanted: Sequence[Index]) -> None:
    """Refuse labels whose values are not known, and a data set other than the one that a store was begun with.

    What cannot be read is not compared; it is told when its turn comes.
    """
    before = dict(data.label_names)
    try:
        data.labels(list(wanted[:1]))
    except Exception:
        return
    if data.label_names != before:
        name = next(name for value, name in data.label_names.items() if value not in before)
        raise TypeError(
            f"the labels of this data set are names (such as {name!r}), and which outputs of the model they are is not known: "
            "give as_samples(..., label_names={name: output})"
        )
    there = dict(zip(store.index.tolist(), store.label.tolist(), strict=True))
    again = [name for name in wanted if there.get(name, -1) >= 0]
    if not again:
        return
    some = [again[place] for place in np.unique(np.linspace(0, len(again) - 1, LOOKED_AT).astype(np.int64))]
    try:
        now = data.labels(some).tolist()
    except Exception:
        return
    other = [(name, label) for name, label in zip(some, now, strict=True) if label not in (-1, there[name])]
    if len(other) > len(some) / 4:
        name, label = other[0]
        raise ValueError(
            f"{os.fspath(store.folder)!r} holds explanations of another data set: of {len(some)} of its instances {len(other)} "
            f"have another label here ({name!r}: {data.name_of(label)}, and {store.name_of(there[name])} there); {WAY_OUT}"
        )
