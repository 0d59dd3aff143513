"""Right or told: random combinations in every framework over PyTorch and in custom TensorFlow loops, each against an oracle.

``python tests/hooks/zoo_by_hand.py lightning 500`` runs more of them and counts; those of plain torch and of Keras have tests
of their own.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import keras
import pytest
import torch
import zoo_torch_hooks
from support import add_fastai

COMBINATIONS = {"accelerate": 160, "ignite": 120, "lightning": 30, "fastai": 30}  # a loop costs 0.1 to 0.4 s
TRAINERS = TENSORFLOW_LOOPS = 20  # 0.5 s each

pytestmark = pytest.mark.filterwarnings("ignore")  # small runs are warned of


def counted(number: int, draw: Any, run: Any) -> Counter[str]:
    torch.set_num_threads(1)
    counts: Counter[str] = Counter()
    for seed in range(number):
        one = draw(seed)
        outcome = run(one)
        assert outcome in ("right", "told", "refused"), f"{one}: {outcome}"
        counts[outcome] += 1
    return counts


@pytest.mark.parametrize("framework", COMBINATIONS)
def test_a_zoo_of_loops_is_right_or_told(framework: str) -> None:
    if framework == "fastai":
        add_fastai()
    pytest.importorskip(framework)
    counts = counted(
        COMBINATIONS[framework],
        lambda seed: zoo_torch_hooks.drawn(framework, seed),
        lambda loop: zoo_torch_hooks.run(framework, loop),
    )
    assert counts["right"] > counts["told"] / 2


def test_a_zoo_of_trainers_is_right_or_told() -> None:
    pytest.importorskip("datasets")
    pytest.importorskip("transformers")
    import zoo_trainer

    counts = counted(TRAINERS, zoo_trainer.drawn, zoo_trainer.run)
    assert counts["right"] > counts["told"] / 2


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        # the last step of a pass has fewer batches to accumulate
        ({"head": "tokens", "accumulation": 2, "drop_last": True, "logging": 1}, "right"),
        # labels do not reach the model, so those of the names would be taken for rows in another order
        ({"criterion": "function with per_sample", "collate": "sorted"}, "told"),
        ({"criterion": "function with per_sample", "collate": "labels reversed"}, "told"),
        ({"criterion": "function with per_sample", "collate": "reversed"}, "right"),
        ({"data": "list", "collate": "sorted"}, "told"),
    ],
)
def test_trainers_that_were_found(changes: dict[str, Any], outcome: str) -> None:
    pytest.importorskip("datasets")
    pytest.importorskip("transformers")
    import zoo_trainer

    one = zoo_trainer.Run(3, "classes", "columns", "default", "model's", True, 1, 50, "", False)
    assert zoo_trainer.run(dataclasses.replace(one, **changes)) == outcome


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="needs the TensorFlow backend")
def test_a_zoo_of_tensorflow_loops_is_right_told_or_refused() -> None:
    import zoo_tensorflow

    counts = counted(TENSORFLOW_LOOPS, zoo_tensorflow.drawn, zoo_tensorflow.run)
    assert counts["right"] > TENSORFLOW_LOOPS / 4
