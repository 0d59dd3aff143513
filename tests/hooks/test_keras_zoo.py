"""Right or told: random combinations of Keras fits, each compared with an oracle that computes every row by hand.

``python tests/hooks/test_keras_zoo.py 1000`` runs more of them and counts.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

import pytest
import zoo_keras

COMBINATIONS, PARTS = 32, 2


@pytest.mark.parametrize("part", range(PARTS))
def test_a_zoo_of_fits_is_right_or_told(part: int) -> None:
    counts: Counter[str] = Counter()
    for seed in range(part, COMBINATIONS, PARTS):
        fit = zoo_keras.drawn(seed)
        outcome = zoo_keras.run(fit)
        assert outcome in ("right", "told"), f"{fit}: {outcome}"
        counts[outcome] += 1
    # telling is for what is doubtful: a good part of the fits is right
    assert 2 * counts["right"] > counts["told"]


def main(count: int, first: int = 0) -> None:
    counts: Counter[str] = Counter()
    began = time.perf_counter()
    for seed in range(first, first + count):
        fit = zoo_keras.drawn(seed)
        try:
            outcome = zoo_keras.run(fit)
        except Exception as error:
            outcome = f"failed: {type(error).__name__}: {error}"
        counts[outcome.split(":")[0]] += 1
        if outcome not in ("right", "told"):
            print(fit, outcome, "\n", flush=True)
    print(dict(counts), f"{(time.perf_counter() - began) / count:.2f} s each")


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:]))
