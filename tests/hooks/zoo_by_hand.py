"""Run many random combinations of a zoo, count what came of them, and name every one that is wrong.

::

    python tests/hooks/zoo_by_hand.py torch 20000 --first 1000000
    python tests/hooks/zoo_by_hand.py lightning 500
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent))  # what all tests share
TORCH = ("torch", "accelerate", "ignite", "lightning", "fastai")


def zoo(framework: str) -> tuple[Any, Any]:
    """Return what draws a combination of a framework's zoo by its seed, and what runs one."""
    if framework in TORCH:
        import torch
        import zoo_torch

        torch.set_num_threads(1)
        if framework == "torch":
            return zoo_torch.drawn, zoo_torch.run
        import zoo_torch_hooks

        return partial(zoo_torch_hooks.drawn, framework), partial(zoo_torch_hooks.run, framework)
    if framework == "trainer":
        import torch
        import zoo_trainer

        torch.set_num_threads(1)
        return zoo_trainer.drawn, zoo_trainer.run
    if framework == "keras":
        import zoo_keras

        return zoo_keras.drawn, zoo_keras.run
    if framework == "tensorflow":
        import zoo_tensorflow

        return zoo_tensorflow.drawn, zoo_tensorflow.run
    if framework == "fastestimator":
        import zoo_fastestimator

        return zoo_fastestimator.drawn, zoo_fastestimator.run
    raise SystemExit(f"no zoo of {framework!r}")


def count(framework: str, number: int, first: int = 0) -> Counter[str]:
    """Run combinations and count outcomes; prints those that are wrong."""
    draw, run = zoo(framework)
    counts: Counter[str] = Counter()
    for seed in range(first, first + number):
        one = draw(seed)
        try:
            outcome = run(one)
        except Exception as error:
            outcome = f"failed: {type(error).__name__}: {error}"
        counts[outcome.split(":")[0]] += 1
        if outcome not in ("right", "told", "open", "refused"):
            print(one, outcome, "\n", flush=True)
    return counts


def main() -> None:
    """Read the arguments and count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("framework")
    parser.add_argument("number", type=int)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    given = parser.parse_args()
    began, used = time.perf_counter(), time.process_time()
    counts = count(given.framework, given.number, given.first)
    wall, used = time.perf_counter() - began, time.process_time() - used
    print(
        given.framework,
        dict(sorted(counts.items())),
        f"{used / given.number:.3f} s of a processor each, {wall:.0f} s in all",
    )


if __name__ == "__main__":
    main()
