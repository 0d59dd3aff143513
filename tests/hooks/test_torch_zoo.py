"""Right or told: random combinations of torch loops, each compared with an oracle that computes every row by hand.

``python tests/hooks/test_torch_zoo.py 20000`` runs more of them and counts.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

import pytest
import torch
import zoo_torch

COMBINATIONS, PARTS = 480, 4


@pytest.mark.parametrize("part", range(PARTS))
def test_a_zoo_of_loops_is_right_or_told(part: int) -> None:
    torch.set_num_threads(1)
    counts: Counter[str] = Counter()
    for seed in range(part, COMBINATIONS, PARTS):
        loop = zoo_torch.drawn(seed)
        outcome = zoo_torch.run(loop)
        assert outcome in ("right", "told"), f"{loop}: {outcome}"
        counts[outcome] += 1
    # telling is for what is doubtful: most loops are right
    assert counts["right"] > counts["told"]


def main(count: int, first: int = 0) -> None:
    torch.set_num_threads(1)
    counts: Counter[str] = Counter()
    began = time.perf_counter()
    for seed in range(first, first + count):
        loop = zoo_torch.drawn(seed)
        try:
            outcome = zoo_torch.run(loop)
        except Exception as error:
            outcome = f"failed: {type(error).__name__}: {error}"
        counts[outcome.split(":")[0]] += 1
        if outcome not in ("right", "told"):
            print(loop, outcome, "\n")
    print(dict(counts), f"{(time.perf_counter() - began) / count * 1e3:.1f} ms each")


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:]))
