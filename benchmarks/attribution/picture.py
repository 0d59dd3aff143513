"""Time to the seed's whole picture, as exact as the seed's defaults make it, beside FastEstimator's own and captum's (PyTorch).

    python benchmarks/attribution/picture.py [--quick] [--models lenet resnet20] [--fastestimator-python PATH]

Five pictures; raw, smoothed (25 draws, squared), integrated (100 steps), SmInt (6 draws of 100 steps, squared) and overlay, which
take FastEstimator 628 passes. First the errors of such defaults against the reference, by the same definitions (25 independent
draws; both ends of 100 steps; the literal grid of 6 x 100); then the fewest evaluations with which the engine's columns are as
exact, by trying; then the times of both in turns. Each column is asked for by itself, and all share one engine, new each time.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import reference
from common import SEED_DRAWS, SEED_STEPS, Peer, in_turns, pictures, ratios, relative
from torch_networks import Captum, Pair, device, network, timed

from xai_widgets import AttributionEngine
from xai_widgets.attribution import overlay
from xai_widgets.figures.palette import colormap

STEPS, SMINT_DRAWS = SEED_STEPS
PASSES = 1 + SEED_DRAWS + STEPS + 1 + (SMINT_DRAWS - 1) * STEPS + 1
METHODS = {"smoothed": "smoothgrad_squared", "integrated": "integrated_gradients", "smint": "smint"}
LADDER = (8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 72, 80, 88, 96, 112, 128)


def error(column: str, found: Any, references: dict[str, np.ndarray]) -> float:
    return relative(found, references[column])


def defaults(model: Any, x: np.ndarray, start: np.ndarray, seeds: range) -> dict[str, list[np.ndarray]]:
    """Give columns as the seed's defaults make them, by the definitions that the references have."""
    import torch

    found: dict[str, list[np.ndarray]] = {column: [] for column in METHODS}
    found["integrated"].append(Pair(model, x, 50).integrated(STEPS, start))
    engine = AttributionEngine(model, cache_bytes=0)
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            ones = [Captum(model, x[row : row + 1]).smoothgrad(SEED_DRAWS) for row in range(len(x))]
        found["smoothed"].append(np.concatenate(ones))
        grid = engine.attribute(
            x, "smint", smoothing=SMINT_DRAWS, integrating=STEPS, sampling="product", seed=seed
        )
        found["smint"].append(grid.values)
    return found


def mine(engine: AttributionEngine, x: np.ndarray, column: str, evaluations: int, **options: Any) -> Any:
    numbers = {"smoothing": evaluations, "integrating": evaluations if column != "smoothed" else 1}
    return engine.attribute(x, METHODS[column], **numbers, **options)


def fewest(column: str, wanted: float, judge: Callable[[int], float]) -> tuple[int, float]:
    """Give the first rung of the ladder that is as exact as wanted, and its error."""
    for evaluations in LADDER:
        found = judge(evaluations)
        if found <= wanted:
            return evaluations, found
    raise SystemExit(f"the {column} column is not so exact with {LADDER[-1]} evaluations")


def picture(model: Any, x: np.ndarray, shown: np.ndarray, plan: dict[str, int]) -> list[np.ndarray]:
    """Make the five columns: four masks and the overlay."""
    engine = AttributionEngine(model)
    made = [engine.attribute(x, "saliency"), *(mine(engine, x, column, n) for column, n in plan.items())]
    masks = [one.masks for one in made]
    colours = colormap("inferno")
    laid = np.stack([overlay(one, mask, colours) for one, mask in zip(shown, masks[-1], strict=True)])
    return [*masks, laid]


def by_captum(model: Any, x: np.ndarray, inner: int | None) -> None:
    made = Captum(model, x, inner)
    low, high = float(x.min()), float(x.max())
    made.saliency()
    made.smoothgrad(SEED_DRAWS)
    made.integrated(STEPS)
    made.smint(STEPS, SMINT_DRAWS, low, high)


def measure(name: str, quick: bool, python: str | None) -> None:
    model, x = network(name), pictures(5, 32)
    draws = 256 if quick or name != "lenet" else reference.DRAWS
    start = reference.uniform_baseline(x)
    references = {
        "smoothed": reference.smoothed(name, model, x),
        "integrated": reference.integrated(name, model, x, start, "uniform"),
        "smint": reference.smint(name, model, x, draws),
    }
    seeds = range(2 if quick else 6)
    print(
        f"\n{name} on {device()}: columns as exact as the defaults, {len(seeds)} seeds, SmInt's reference of {draws} draws"
    )
    plan = {}
    for column, trials in defaults(model, x, start, seeds).items():
        wanted = statistics.mean(error(column, one, references) for one in trials)
        places = [{"baseline": start}] if column == "integrated" else [{"seed": seed} for seed in seeds]

        def judge(n: int, column: str = column, places: list[Any] = places) -> float:
            return statistics.mean(
                error(column, mine(AttributionEngine(model), x, column, n, **where).values, references)
                for where in places
            )

        plan[column], reached = fewest(column, wanted, judge)
        print(
            f"   {column:12s} defaults {wanted:.4f}; ours {reached:.4f} with {plan[column]} evaluations",
            flush=True,
        )
    total = 1 + sum(plan.values())
    bound = SMINT_DRAWS * STEPS // 10
    print(f"   SmInt: {plan['smint']} evaluations (at most {bound}); all: {total}, FastEstimator {PASSES}")
    peer = Peer(python, "fastestimator_peer.py", name, "5", "32") if python else None
    shown = ((x - x.min()) / np.ptp(x) * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    calls: dict[str, Callable[[], float]] = {
        "ours": lambda: timed(partial(picture, model, x, shown, plan)),
        "captum, as it comes": lambda: timed(partial(by_captum, model, x, None)),
        "captum in parts of 50": lambda: timed(partial(by_captum, model, x, 50)),
    }
    if peer is not None:
        calls["FastEstimator"] = lambda: float(peer.ask(kind="picture")["seconds"])
    times = in_turns(calls, 3 if quick else 7, seconds=240)
    if peer is not None:
        peer.close()
    for label, ratio in ratios(times, "ours").items():
        wanted_text = {"FastEstimator": "   (at least 6)"}.get(
            label, "   (at least 5)" if "captum" in label else ""
        )
        print(f"   {label:24s} {statistics.median(times[label]):7.2f} s   {ratio:5.2f} x ours{wanted_text}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer seeds and rounds, a smaller reference")
    parser.add_argument("--models", nargs="+", choices=("lenet", "resnet20"), default=["lenet", "resnet20"])
    parser.add_argument(
        "--fastestimator-python", metavar="PATH", help="interpreter that has fastestimator 1.7.0"
    )
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    for name in options.models:
        measure(name, options.quick, options.fastestimator_python)


if __name__ == "__main__":
    main()
